"""Fitting the text model: scam or not over all sources, and the type of a scam.

Each source has weights of its own beside those that all share, so that what tells one source from
another is not taken for what tells scam from honest text; only the shared part and that of the
domains nearest to the field decide at run time (H. Daumé III, Frustratingly Easy Domain Adaptation,
ACL 2007).
"""

from __future__ import annotations

import warnings
from collections.abc import Collection
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from fraud_guard.learned.text_model import TextSpec
from fraud_guard.training.linear import Linear, rarity
from fraud_guard.training.messages import OWN, PHRASES
from fraud_guard.training.text_design import DECIDING_DOMAINS, DOMAINS, Design, text_rows

STRENGTH = 0.6
TYPE_STRENGTH = 2.0
_TYPE_MASS = {OWN: 6.0, PHRASES: 6.0, "taf": 4.0, "fbs": 0.2}
_DISGUISED_WEIGHT = 0.4


class Types(NamedTuple):
    """A fitted softmax: `weights` (columns, classes), `bias` (classes)."""

    classes: tuple[str, ...]
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]

    def best(self, rows: sparse.csr_matrix, among: Collection[str] = ()) -> NDArray[np.str_]:
        """The most likely class of each row; only `among` these where any are given."""
        scores = rows @ self.weights + self.bias
        if among:
            scores[:, [name not in among for name in self.classes]] = -np.inf
        return np.asarray(np.array(self.classes)[np.argmax(scores, axis=1)], np.str_)


def fit_scam(
    design: Design, chosen: NDArray[np.bool_], seed: int, *, seen: NDArray[np.bool_] | None = None
) -> Linear:
    """Scam or not, from the rows `chosen`, as they are and disguised.

    How rare a gram is comes from `seen`, more rows that may be looked at (default: `chosen`).
    """
    at = np.flatnonzero(chosen)
    scaling = rarity(design.rows[at if seen is None else np.flatnonzero(seen)])
    both = sparse.vstack([design.rows[at], design.disguised[at]]).multiply(scaling).tocsr()
    domain = np.tile(design.domain[at], 2)
    weights = np.concatenate(
        [design.weight[at] * (1 - _DISGUISED_WEIGHT), design.weight[at] * _DISGUISED_WEIGHT]
    )
    model = LogisticRegression(C=STRENGTH, solver="liblinear", max_iter=200, random_state=seed)
    model.fit(_with_domains(both, domain), np.tile(design.label[at], 2), sample_weight=weights)
    return _deciding(model.coef_[0], scaling, float(model.intercept_[0]))


def _with_domains(rows: sparse.csr_matrix, domain: NDArray[np.int64]) -> sparse.csr_matrix:
    """`rows`, a copy of their columns for each domain (0 elsewhere), and one column a domain."""
    marks = np.eye(DOMAINS, dtype=np.float32)[domain]
    copies = [(sparse.diags(marks[:, d]) @ rows).tocsr() for d in range(DOMAINS)]
    return sparse.hstack([rows, *copies, sparse.csr_matrix(marks)]).tocsr()


def _deciding(weights: NDArray[np.float64], scaling: NDArray[np.float64], bias: float) -> Linear:
    blocks = weights[: (1 + DOMAINS) * len(scaling)].reshape(1 + DOMAINS, -1)
    chosen = blocks[0] + sum(blocks[1 + domain] for domain in DECIDING_DOMAINS)
    return Linear(np.asarray(chosen * scaling, np.float64), bias)


def typed(design: Design) -> NDArray[np.bool_]:
    """The rows whose scam type is known."""
    return np.array([bool(message.scam_type) for message in design.messages], np.bool_)


def fit_types(design: Design, chosen: NDArray[np.bool_], spec: TextSpec, seed: int) -> Types:
    """The type of the scam texts `chosen`; within a source every type counts the same."""
    at = np.flatnonzero(chosen & typed(design))
    names = np.array([design.messages[i].scam_type for i in at])
    classes, number = np.unique(names, return_inverse=True)
    rows = text_rows([design.messages[i].text for i in at], spec, spec.type_bits)
    weights = _type_weights(design.source[at], number)
    scaling = rarity(rows)
    model = LogisticRegression(C=TYPE_STRENGTH, solver="lbfgs", max_iter=80, tol=1e-3, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # stopped early on purpose
        model.fit(rows.multiply(scaling).tocsr(), number, sample_weight=weights)
    return Types(tuple(classes.tolist()), (model.coef_ * scaling).T, np.asarray(model.intercept_, np.float64))


def _type_weights(source: NDArray[np.str_], number: NDArray[np.int64]) -> NDArray[np.float64]:
    """Each source counts by `_TYPE_MASS`, shared evenly among its types and then among the rows of a type."""
    weights = np.zeros(len(number))
    for name in np.unique(source).tolist():
        here = source == name
        sizes = np.bincount(number[here])
        weights[here] = _TYPE_MASS.get(name, 1.0) / np.count_nonzero(sizes) / sizes[number[here]]
    return np.asarray(weights * len(weights) / weights.sum(), np.float64)
