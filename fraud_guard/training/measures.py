"""Figures that say how good a score is, with the intervals that honest small samples need."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fraud_guard.evaluation import intervals

RATES = {"recall_at_fpr_1_percent": 0.01, "recall_at_fpr_0.1_percent": 0.001}


def wilson(hits: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share, `hits` of `n`; (0, 1) when n is 0."""
    found = intervals.share(hits, n)
    return (0.0, 1.0) if found.low is None or found.high is None else (found.low, found.high)


def share(flags: ArrayLike) -> dict[str, Any]:
    """The share of true `flags`, with n and its 95 % interval."""
    marks = np.asarray(flags, np.bool_)
    low, high = wilson(int(marks.sum()), marks.size)
    value = round(float(marks.mean()), 4) if marks.size else None
    return {"value": value, "n": int(marks.size), "interval95": [round(low, 4), round(high, 4)]}


def threshold_at(negatives: NDArray[np.float64], rate: float) -> float:
    """The score that at most the share `rate` of `negatives` exceeds."""
    ordered = np.sort(negatives)[::-1]
    return float(ordered[min(int(len(ordered) * rate), len(ordered) - 1)])


def recall_at(positives: NDArray[np.float64], negatives: NDArray[np.float64], rate: float) -> dict[str, Any]:
    """Recall at the false-positive rate `rate`, with n and interval; n of the negatives beside it."""
    found = share(positives > threshold_at(negatives, rate))
    return {**found, "negatives": len(negatives)}


def recalls(positives: NDArray[np.float64], negatives: NDArray[np.float64]) -> dict[str, Any]:
    """`recall_at` for each of RATES."""
    return {name: recall_at(positives, negatives, rate) for name, rate in RATES.items()}


def calibration_error(probability: NDArray[np.float64], label: NDArray[np.int64], bins: int = 10) -> float:
    """Expected calibration error: mean gap between stated and found share, over bins of equal size."""
    order = np.argsort(probability, kind="stable")
    gaps = [abs(float(probability[part].sum() - label[part].sum())) for part in np.array_split(order, bins)]
    return sum(gaps) / max(len(label), 1)
