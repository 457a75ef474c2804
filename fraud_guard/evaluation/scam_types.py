"""Scam types: does the alert name the right one while it still helps?"""

from __future__ import annotations

import numpy as np

from fraud_guard.evaluation.alerts import Alerts
from fraud_guard.evaluation.card import TypeRow, Typing
from fraud_guard.evaluation.intervals import Estimate, Ints, f1_by_type, macro_f1, share
from fraud_guard.evaluation.joining import ABORTED, FALSE, Joined
from fraud_guard.evaluation.truth import Truth


def type_figures(truth: Truth, alerts: Alerts, joined: Joined) -> Typing:
    """Accuracy and macro-F1 of the last type named before the point of no return, of true alerts."""
    true_types = [e.main_type for e in truth.episodes]
    types = sorted({*true_types, *alerts.types})
    place = {scam_type: i for i, scam_type in enumerate(types)}
    of_episode = np.array([place[t] for t in true_types], np.int64)
    of_said = np.array([place[t] for t in alerts.types], np.int64)
    confusion = _confusion(len(types), of_episode, of_said, alerts, joined, FALSE + 1)
    inside = _confusion(len(types), of_episode, of_said, alerts, joined, ABORTED)
    return Typing(
        *_accuracy_and_f1(confusion), *_accuracy_and_f1(inside),
        rows=tuple(_rows(types, confusion)),
    )  # fmt: skip


def _confusion(n: int, of_episode: Ints, of_said: Ints, alerts: Alerts, joined: Joined, least: int) -> Ints:
    told = joined.verdict >= least
    true, said = of_episode[joined.episode[told]], of_said[alerts.said[joined.said[told]]]
    return np.bincount(true * n + said, minlength=n * n).reshape(n, n)


def _accuracy_and_f1(confusion: Ints) -> tuple[Estimate, Estimate]:
    return share(int(np.trace(confusion)), int(confusion.sum())), macro_f1(confusion)


def _rows(types: list[str], confusion: Ints) -> list[TypeRow]:
    true, said, right, f1 = (
        confusion.sum(axis=1),
        confusion.sum(axis=0),
        np.diag(confusion),
        f1_by_type(confusion),
    )
    rows = [
        TypeRow(t, int(true[i]), int(said[i]), int(right[i]), float(f1[i]) if true[i] else None)
        for i, t in enumerate(types)
        if true[i] or said[i]
    ]
    return sorted(rows, key=lambda row: (-row.true, row.key))
