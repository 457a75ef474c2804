"""Linear models over hashed grams: design matrix, fit, and the integers that ship."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from fraud_guard.learned.grams import Letters
from fraud_guard.learned.text_model import per_length


class Linear(NamedTuple):
    """A fitted model: log-odds = row · `weights` + `bias`."""

    weights: NDArray[np.float64]
    bias: float

    def log_odds(self, rows: sparse.csr_matrix) -> NDArray[np.float64]:
        """Log-odds of `rows`."""
        return np.asarray(rows @ self.weights + self.bias, np.float64)


def gram_rows(letters: Letters, buckets: Sequence[NDArray[np.uint32]], width: int) -> sparse.csr_matrix:
    """One row a text: how often each gram occurs, times 1/√letters; the entry of `NO_GRAM` is 0."""
    row = np.repeat(np.arange(len(letters.lengths)), letters.lengths)
    value = np.repeat(per_length(letters), letters.lengths).astype(np.float32)
    columns = np.concatenate(buckets)
    data = np.tile(value, len(buckets)) * (columns != 0)
    shape = (len(letters.lengths), width)
    rows = sparse.csr_matrix((data, (np.tile(row, len(buckets)), columns)), shape, np.float32)
    rows.eliminate_zeros()
    return rows


def rarity(rows: sparse.csr_matrix) -> NDArray[np.float64]:
    """Inverse document frequency of each column: rare grams may weigh more."""
    seen = np.bincount(rows.indices, minlength=rows.shape[1])
    return np.asarray(np.log((1 + rows.shape[0]) / (1 + seen)) + 0.1, np.float64)


def fit_linear(
    rows: sparse.csr_matrix,
    labels: NDArray[np.int64],
    weights: NDArray[np.float64],
    *,
    scaling: NDArray[np.float64],
    strength: float,
    seed: int,
) -> Linear:
    """Logistic regression of `labels` (0, 1) on `rows`, columns scaled by `scaling`, rows weighed by `weights`."""
    scaled = rows.multiply(scaling).tocsr()
    model = LogisticRegression(C=strength, solver="liblinear", max_iter=200, random_state=seed)
    model.fit(scaled, labels, sample_weight=weights)
    return Linear(model.coef_[0] * scaling, float(model.intercept_[0]))


def quantise(weights: NDArray[np.float64]) -> tuple[NDArray[np.int16], float]:
    """`weights` as 16-bit integers and the scale that gives them back; entry 0 is 0."""
    scale = max(float(np.abs(weights).max()), 1e-9) / 32_000
    whole = np.round(weights / scale).astype("<i2")
    whole[0] = 0
    return whole, scale
