"""Small cities made by hand: lines of truth and of alerts with few words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from fraud_guard.evaluation.alerts import Alerts, read_alerts
from fraud_guard.evaluation.card import Card
from fraud_guard.evaluation.people import People
from fraud_guard.evaluation.score import score
from fraud_guard.evaluation.truth import Truth, read_truth

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
T0 = 1_773_590_400_000
CITY = {
    "kind": "city",
    "v": 1,
    "people": 10_000,
    "days": 1,
    "seed": 1,
    "tags": 1_000_000,
    "prior": "enriched",
}
PROBABILITY = {1: 0.95, 2: 0.7, 3: 0.3, 4: 0.05}


def line(**fields: object) -> bytes:
    return json.dumps(fields).encode() + b"\n"


def loss(episode_id: str, subject: str, point_min: int | None = 60, **other: object) -> bytes:
    """A scam that begins at T0 and takes money after `point_min` minutes; its last tag 10 min later."""
    point = None if point_min is None else T0 + point_min * MINUTE
    last = T0 + ((60 if point_min is None else point_min) + 10) * MINUTE
    fields = {
        "scam_type": "fake_police",
        "t_first_ms": T0,
        "t_last_ms": last,
        "outcome": "loss",
        "loss_cny": 100,
    } | other
    return line(
        kind="episode", episode_id=episode_id, subject=subject, t_point_of_no_return_ms=point, **fields
    )


def attempt(episode_id: str, subject: str, outcome: str = "ignored", **other: object) -> bytes:
    """An attempt without a loss."""
    return loss(episode_id, subject, None, outcome=outcome, **other)


def lookalike(what: str, subject: str, first_min: int = 0, last_min: int = 60) -> bytes:
    return line(
        kind="lookalike", what=what, subject=subject,
        t_first_ms=T0 + first_min * MINUTE, t_last_ms=T0 + last_min * MINUTE,
    )  # fmt: skip


def alert(
    alert_id: str, subject: str, *steps: tuple[int, int], scam_type: str = "fake_police", **other: object
) -> list[bytes]:
    """Changes at (minute, level); the first raises it, later ones bring evidence."""
    return [
        line(**{
            "v": 1, "alert_id": alert_id, "seq": n, "change": "evidence" if n else "raised", "ts_ms": T0 + minute * MINUTE,
            "subject": subject, "level": level, "probability": PROBABILITY[level], "scam_type": scam_type, "cause": "score",
        } | other)
        for n, (minute, level) in enumerate(steps)
    ]  # fmt: skip


def truth_of(*lines: bytes, **city: object) -> Truth:
    return read_truth([line(**(CITY | city)), *lines], "truth.ndjson")


def alerts_of(*alerts: Iterable[bytes]) -> Alerts:
    return read_alerts([line for changes in alerts for line in changes], "alerts.ndjson")


def card_of(
    truth: Sequence[bytes], alerts: Sequence[Iterable[bytes]], protected: People | None = None, **city: object
) -> Card:
    return score(truth_of(*truth, **city), alerts_of(*alerts), protected)
