"""False alerts explained: what innocent life was going on when they were raised."""

from __future__ import annotations

import numpy as np

from fraud_guard.evaluation.alerts import Alerts
from fraud_guard.evaluation.card import LookalikeRow
from fraud_guard.evaluation.intervals import NO_DATA, Ints, share
from fraud_guard.evaluation.joining import FALSE, LEVELS, Joined
from fraud_guard.evaluation.truth import Truth

NONE = ""
"""The key of false alerts that no look-alike explains."""


def by_lookalike(truth: Truth, alerts: Alerts, joined: Joined) -> tuple[LookalikeRow, ...]:
    """One row for each kind, most false alerts first; the last row has those without any."""
    false = joined.verdict == FALSE
    best, span = alerts.best_level[false], joined.lookalike[false]
    what = np.array([*(s.what for s in truth.lookalikes), NONE], np.str_)
    alerted = np.unique(span[span >= 0])
    rows = []
    for key, spans in zip(*np.unique(what[:-1], return_counts=True), strict=True):
        seen = share(int((what[alerted] == key).sum()), int(spans))
        rows.append(LookalikeRow(str(key), int(spans), seen, _counts(best[what[span] == key])))
    rows.sort(key=lambda row: (-row.false[-1], row.key))
    return (*rows, LookalikeRow(NONE, 0, NO_DATA, _counts(best[span < 0])))


def _counts(best: Ints) -> tuple[int, ...]:
    return tuple(int((best <= level).sum()) for level in LEVELS)
