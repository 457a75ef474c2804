"""What another threshold or another base rate would give: the curve of recall against load, precision at priors."""

from __future__ import annotations

import numpy as np

from fraud_guard.evaluation.alerts import Alerts
from fraud_guard.evaluation.card import CurvePoint, PriorRow
from fraud_guard.evaluation.intervals import NO_DATA, Estimate, Ints, poisson, share
from fraud_guard.evaluation.joining import FALSE, LEVELS, Joined
from fraud_guard.evaluation.truth import City

PRIORS = (1 / 600, 1e-4, 1e-6)
"""Losses a person-day: as if every attempt were one, the default, loss-bearing cases."""
POINTS = 80


def curve(city: City, alerts: Alerts, joined: Joined) -> tuple[CurvePoint, ...]:
    """Points from the highest threshold to the lowest that was used."""
    best = np.sort(alerts.best_probability)
    places = (
        np.unique(np.geomspace(1, len(best), POINTS).astype(np.int64)) if len(best) else np.zeros(0, np.int64)
    )
    thresholds = np.unique(best[len(best) - places])[::-1]
    return tuple(_point(float(threshold), city, alerts, joined) for threshold in thresholds)


def at_priors(city: City, alerts: Alerts, joined: Joined) -> tuple[PriorRow, ...]:
    """Precision at level <= 1 … 4 for each of PRIORS."""
    best, base = alerts.best_level, int(joined.counted.sum())
    rows = []
    for level in LEVELS:
        detected = int(joined.detected[level - 1, joined.counted].sum())
        false = int((joined.verdict[best <= level] == FALSE).sum())
        rows.append(
            PriorRow(
                level, tuple(_estimate(p, detected, base, false, city.person_days - base) for p in PRIORS)
            )
        )
    return tuple(rows)


def precision_at(prior: float, recall: float, false_rate: float) -> float | None:
    """Bayes: of all alerts the share that is true when `prior` of the person-days hold a loss."""
    true, false = prior * recall, (1 - prior) * false_rate
    return true / (true + false) if true + false > 0 else None


def _point(threshold: float, city: City, alerts: Alerts, joined: Joined) -> CurvePoint:
    verdict: Ints = joined.verdict[alerts.best_probability >= threshold]
    base, false = int(joined.counted.sum()), int((verdict == FALSE).sum())
    before = int((joined.best_before[joined.counted] >= threshold).sum())
    ever = int((joined.best_ever[joined.counted] >= threshold).sum())
    empty = max(city.person_days - base, 1.0)
    return CurvePoint(
        threshold=threshold,
        alerts_per_10k_days=len(verdict) * 1e4 / city.person_days,
        recall=before / base if base else None,
        precision=1 - false / len(verdict) if len(verdict) else None,
        precision_at=tuple(precision_at(p, ever / base, false / empty) if base else None for p in PRIORS),
    )


def _estimate(prior: float, detected: int, base: int, false: int, empty: float) -> Estimate:
    """The interval is careful: low recall goes with many false alerts, high with few."""
    recall = share(detected, base)
    if recall.value is None or recall.low is None or recall.high is None:
        return NO_DATA
    few, many = poisson(false)
    empty = max(empty, 1.0)
    value = precision_at(prior, recall.value, false / empty)
    low, high = precision_at(prior, recall.low, many / empty), precision_at(prior, recall.high, few / empty)
    return Estimate(value, low, high, detected + false) if value is not None else NO_DATA
