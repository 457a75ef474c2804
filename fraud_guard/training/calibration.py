"""Calibration under a change of source: scores of sources that the fit never saw, made honest.

A model knows its own sources too well, so slope and offset are fitted on scores that other models
(each trained without the source of the row) gave. They are stated for a fixed share of scam.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

STEEPEST = 1.0
"""Scores of unseen sources never deserve more trust than those of known ones."""


class Platt(NamedTuple):
    """Calibrated log-odds = `slope` · raw + `offset`, at the share of scam `prior`."""

    slope: float
    offset: float
    prior: float

    def log_odds(self, raw: NDArray[np.float64]) -> NDArray[np.float64]:
        """Calibrated log-odds of raw ones."""
        return self.slope * raw + self.offset


def fit_platt(
    raw: NDArray[np.float64], labels: NDArray[np.int64], weights: NDArray[np.float64], prior: float
) -> Platt:
    """Slope (above 0, at most `STEEPEST`) and offset that fit `labels`, classes weighed to `prior`."""
    share = np.where(labels == 1, prior, 1 - prior)
    total = np.where(labels == 1, weights[labels == 1].sum(), weights[labels == 0].sum())
    model = LogisticRegression(C=1e4, solver="lbfgs")
    model.fit(raw[:, None], labels, sample_weight=weights * share / total * len(labels))
    slope = min(max(float(model.coef_[0, 0]), 0.05), STEEPEST)
    return Platt(slope, float(model.intercept_[0]), prior)
