"""Is it the same for everyone? Recall, alerts and false alerts by age band and area, with the gate on their ratio."""

from __future__ import annotations

from collections import Counter

import numpy as np

from fraud_guard.evaluation.alerts import Alerts
from fraud_guard.evaluation.card import Fairness, GroupRow, Verdict
from fraud_guard.evaluation.detection import episode_row
from fraud_guard.evaluation.intervals import CONFIDENCE, NO_DATA, Estimate, rate, ratio
from fraud_guard.evaluation.joining import FALSE, Joined
from fraud_guard.evaluation.people import NOT_KNOWN, People, Person
from fraud_guard.evaluation.truth import Truth

GATE = 1.5
"""The highest allowed ratio of false alerts between two groups (docs/limits.md)."""
ACTED_LEVEL = 3
"""The mildest level at which somebody acts."""
LEAST_EXPECTED = 5.0
"""A group in which fewer false alerts are expected says nothing about a ratio."""


def fairness(truth: Truth, alerts: Alerts, joined: Joined, people: People) -> tuple[Fairness, ...]:
    """By age band and by area; empty when nobody is known."""
    if not people:
        return ()
    return tuple(_by(field, truth, alerts, joined, people) for field in Person._fields)


def _by(field: str, truth: Truth, alerts: Alerts, joined: Joined, people: People) -> Fairness:
    size = Counter(getattr(person, field) for person in people.values())
    nobody = Person(NOT_KNOWN, NOT_KNOWN)
    of_episode = np.array([getattr(people.get(e.subject, nobody), field) for e in truth.episodes], np.str_)
    of_alert = np.array([getattr(people.get(s, nobody), field) for s in alerts.subjects], np.str_)
    acted = alerts.best_level <= ACTED_LEVEL
    false = Counter(of_alert[acted & (joined.verdict == FALSE)].tolist())
    alerted = Counter(of_alert[acted].tolist())
    rows = tuple(
        GroupRow(
            key, size[key], episode_row(key, joined, of_episode == key),
            rate(alerted[key], size[key] * truth.city.days / 1e4),
            rate(false[key], size[key] * truth.city.days / 1e4),
        )
        for key in sorted(size)
    )  # fmt: skip
    return _judged(field, rows, truth.city.days)


def _judged(field: str, rows: tuple[GroupRow, ...], days: float) -> Fairness:
    """Highest against lowest rate; the interval allows for the choice of the two (Bonferroni)."""
    overall = sum(row.false_per_10k_days.n for row in rows) / sum(row.people for row in rows)
    large = [row for row in rows if row.key != NOT_KNOWN and overall * row.people >= LEAST_EXPECTED]
    left_out = tuple(row.key for row in rows if row not in large)
    if len(large) < 2:
        return Fairness(field, GATE, NO_DATA, "too few", "", "", left_out, rows)
    large.sort(key=lambda row: (row.false_per_10k_days.n / row.people, row.key))
    low, high = large[0], large[-1]
    confidence = 1 - (1 - CONFIDENCE) / (len(large) * (len(large) - 1) / 2)
    found = ratio(
        high.false_per_10k_days.n, high.people * days, low.false_per_10k_days.n, low.people * days, confidence
    )
    return Fairness(field, GATE, found, _verdict(found), high.key, low.key, left_out, rows)


def _verdict(found: Estimate) -> Verdict:
    if found.value is None or found.value <= GATE:
        return "pass"
    return "fail" if found.low is not None and found.low > GATE else "undecided"
