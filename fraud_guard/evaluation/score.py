"""From alerts and truth to the card: one pure function."""

from __future__ import annotations

import numpy as np

from fraud_guard.evaluation.alerts import Alerts
from fraud_guard.evaluation.calibration import calibration_figures
from fraud_guard.evaluation.card import Card, Counts
from fraud_guard.evaluation.curve import PRIORS, at_priors, curve
from fraud_guard.evaluation.detection import by_budget, by_kind, by_level, paces
from fraud_guard.evaluation.groups import fairness
from fraud_guard.evaluation.joining import ABORTED, FALSE, IGNORED, LOSS, NEVER, Joined, join
from fraud_guard.evaluation.lookalikes import by_lookalike
from fraud_guard.evaluation.people import People
from fraud_guard.evaluation.scam_types import type_figures
from fraud_guard.evaluation.truth import Truth

HOUR_MS = 3_600_000
SLACK_H = 24.0
"""How long after its last tag an episode still explains an alert."""


def score(truth: Truth, alerts: Alerts, people: People | None = None, *, slack_h: float = SLACK_H) -> Card:
    """The card of one run; the same input gives the same card. Without `people` no groups."""
    joined = join(truth, alerts, round(slack_h * HOUR_MS))
    every = paces(truth, joined)
    types = [e.main_type for e in truth.episodes]
    return Card(
        truth=truth.fingerprint, slack_h=slack_h, city=truth.city,
        counts=_counts(truth, alerts, joined),
        levels=by_level(truth.city, alerts, joined),
        budget=by_budget(truth.city, alerts, joined),
        alerts_per_episode=every[0].alerts_per_episode,
        typing=type_figures(truth, alerts, joined),
        calibration=calibration_figures(alerts, joined),
        paces=every, types=by_kind(types, joined),
        fairness=fairness(truth, alerts, joined, people or {}),
        lookalikes=by_lookalike(truth, alerts, joined),
        priors=PRIORS, at_priors=at_priors(truth.city, alerts, joined),
        curve=curve(truth.city, alerts, joined),
        reached=_best_reached(truth, joined),
    )  # fmt: skip


def _counts(truth: Truth, alerts: Alerts, joined: Joined) -> Counts:
    outcomes = [e.outcome for e in truth.episodes]
    verdict = np.bincount(joined.verdict, minlength=LOSS + 1)
    return Counts(
        episodes=int(joined.counted.sum()), losses=outcomes.count("loss"),
        aborted=outcomes.count("aborted"), ignored=outcomes.count("ignored"),
        lookalikes=len(truth.lookalikes), alerts=len(alerts), changes=alerts.lines,
        true=int(verdict[LOSS]), contact=int(verdict[IGNORED] + verdict[ABORTED]), false=int(verdict[FALSE]),
        opened_before=joined.opened_before,
    )  # fmt: skip


def _best_reached(truth: Truth, joined: Joined) -> dict[str, int]:
    seen = joined.reached_ms != NEVER
    best = np.where(seen.any(axis=0), seen.argmax(axis=0) + 1, 0).tolist()
    return {e.episode_id: best[i] for i, e in enumerate(truth.episodes) if joined.counted[i]}
