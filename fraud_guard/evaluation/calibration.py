"""Does a probability mean what it says? Expected against observed, by level and by bin of probability."""

from __future__ import annotations

import numpy as np

from fraud_guard.evaluation.alerts import Alerts
from fraud_guard.evaluation.card import Calibration, CalibrationRow
from fraud_guard.evaluation.intervals import Bools, Estimate, Floats, Ints, calibration_error, rate
from fraud_guard.evaluation.joining import ABORTED, FALSE, LEVELS, Joined

BINS = 10


def calibration_figures(alerts: Alerts, joined: Joined) -> Calibration:
    """Of the last state of every alert; true is contact too, and apart losses and aborted attempts alone."""
    probability, level = alerts.probability[alerts.last], alerts.level[alerts.last]
    true, inside = joined.verdict > FALSE, joined.verdict >= ABORTED
    place = np.minimum((probability * BINS).astype(np.int64), BINS - 1)
    levels = {str(n): level == n for n in LEVELS}
    bins = {f"{b / BINS:.1f}–{(b + 1) / BINS:.1f}": place == b for b in range(BINS)}
    return Calibration(
        levels=tuple(_row(key, probability[of], true[of], inside[of]) for key, of in levels.items()),
        bins=tuple(_row(key, probability[of], true[of], inside[of]) for key, of in bins.items() if of.any()),
        ece=_ece(probability, place, true), ece_inside=_ece(probability, place, inside),
        brier=float(((probability - inside) ** 2).mean()) if len(alerts) else None,
    )  # fmt: skip


def _row(key: str, probability: Floats, true: Bools, inside: Bools) -> CalibrationRow:
    expected, observed, lost = float(probability.sum()), int(true.sum()), int(inside.sum())
    return CalibrationRow(
        key, len(probability), expected, observed, lost, rate(observed, expected), rate(lost, expected)
    )


def _ece(probability: Floats, place: Ints, true: Bools) -> Estimate:
    """Mean distance of a bin's share of true alerts from its mean probability."""
    cell = place * 2 + true
    count = np.bincount(cell, minlength=2 * BINS)
    total: Floats = np.bincount(cell, weights=probability, minlength=2 * BINS).astype(np.float64)
    return calibration_error(count.reshape(BINS, 2), total.reshape(BINS, 2))
