"""What is known of the people of a history: episodes of a labelled city, or closures of a site."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Protocol

import msgspec
import numpy as np

from fraud_guard.app.replay.run import in_sample
from fraud_guard.dispatch.order import Order
from fraud_guard.door.tokens import shard_of
from fraud_guard.escalation.alert import Alert, AlertChange
from fraud_guard.evaluation.alerts import read_alerts
from fraud_guard.evaluation.detection import by_level
from fraud_guard.evaluation.intervals import Estimate
from fraud_guard.evaluation.joining import FALSE, join
from fraud_guard.evaluation.score import HOUR_MS, SLACK_H
from fraud_guard.evaluation.truth import Truth
from fraud_guard.feedback.closure import TRUE, Closure
from fraud_guard.feedback.closure import Truth as Answer

NO_ANSWER = Answer.CANNOT_TELL


class Judged(msgspec.Struct, frozen=True):
    """Which alerts were right, by alert id; those of which nothing is known are left out.

    `recall`: share of losses seen before the point of no return at level <= 1 … 4; empty when not all losses are known.
    """

    right: dict[str, bool] = msgspec.field(default_factory=dict)
    recall: tuple[Estimate, ...] = ()


class Labels(Protocol):
    """Judges the alerts of a backtest."""

    def judge(self, changes: list[AlertChange]) -> Judged: ...  # noqa: D102


class NoLabels:
    """Nothing is known."""

    def judge(self, changes: list[AlertChange]) -> Judged:  # noqa: ARG002
        """No alert is judged."""
        return Judged()


class CityLabels:
    """The truth of a labelled city, subjects as tokens: everything is known. As `evaluate` counts, contact is true.

    Recall is that of the people in a sample of one in `one_in`.
    """

    def __init__(self, truth: Truth, from_ms: int, to_ms: int, one_in: int = 1) -> None:
        shards = np.array([shard_of(bytes.fromhex(e.subject)) for e in truth.episodes], np.uint16)
        days = [from_ms <= e.t_first_ms and e.t_last_ms < to_ms for e in truth.episodes]
        chosen = in_sample(shards, one_in) & np.array(days, np.bool_)
        inside = tuple(e for e, mine in zip(truth.episodes, chosen, strict=True) if mine)
        self._whole, self._inside = truth, msgspec.structs.replace(truth, episodes=inside)

    def judge(self, changes: list[AlertChange]) -> Judged:
        """Every alert is right or wrong; recall is that of the episodes inside the days that count."""
        alerts = read_alerts((c.model_dump_json().encode() for c in changes), "backtest")
        slack_ms = round(SLACK_H * HOUR_MS)
        verdict = join(self._whole, alerts, slack_ms).verdict
        levels = by_level(self._inside.city, alerts, join(self._inside, alerts, slack_ms))
        return Judged({i: bool(v > FALSE) for i, v in zip(alerts.ids, verdict, strict=True)}, tuple(row.recall for row in levels))


class ClosureLabels:
    """What officers reported: an alert is judged by the closure of an alert of the same person at the same time."""

    def __init__(self, closures: Iterable[tuple[Closure, Order, Alert]]) -> None:
        self._known: dict[str, list[tuple[int, int, bool]]] = defaultdict(list)
        for closure, _, alert in closures:
            if closure.truth is not NO_ANSWER:
                self._known[alert.token].append((alert.opened_ms, max(closure.ts_ms, alert.ts_ms), closure.truth in TRUE))

    def judge(self, changes: list[AlertChange]) -> Judged:
        """Alerts that no closure speaks of are left out; of two answers `true` counts."""
        right: dict[str, bool] = {}
        for change in changes:
            for opened_ms, closed_ms, answer in self._known.get(change.subject, ()):
                if opened_ms <= change.ts_ms <= closed_ms and change.change != "expired":
                    right[change.alert_id] = answer or right.get(change.alert_id, False)
        return Judged(right)


