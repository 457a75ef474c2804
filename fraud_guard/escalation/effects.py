"""Effects: what `decide` asks the world to do. Values only, nothing is done here."""

from __future__ import annotations

from typing import Literal

import msgspec

from fraud_guard.fusion.evidence import Evidence

Change = Literal["raised", "escalated", "evidence", "lowered", "closed", "expired"]
Cause = Literal["score", "clock", "person"]


class AlertEffect(msgspec.Struct, frozen=True):
    """A change of an alert as the scorer sees it; truth gives the `seq` and the effective level.

    `position` is the log position that caused it: truth skips what it has seen.
    `level` is `level_score`. `weights` go with `evidence`, in its order.
    """

    position: int
    ts_ms: int
    token: bytes
    n: int
    change: Change
    level: int
    probability: float
    types: dict[str, float]
    evidence: tuple[Evidence, ...]
    weights: tuple[float, ...]
    area: str
    closure: str = ""


class DeadRow(msgspec.Struct, frozen=True):
    """A tag that the scorer refuses (id_reuse, too_late); `row` is its index in the block."""

    row: int
    reason: str


class Hit(msgspec.Struct, frozen=True, array_like=True):
    """Evidence that was found, whether it changed an alert or not: `id` of the rule or model, whose, and when."""

    id: str
    token: bytes
    ts_ms: int


class Tally(msgspec.Struct, frozen=True):
    """Conservation: `read` = `scored` + `duplicate` + `dead`; ticks and controls are apart."""

    read: int = 0
    scored: int = 0
    duplicate: int = 0
    dead: int = 0
    late: int = 0
    clamped: int = 0
    controls: int = 0


class Effects(msgspec.Struct, frozen=True):
    """Everything one call of `decide` asks for, in order of position."""

    alerts: tuple[AlertEffect, ...] = ()
    dead: tuple[DeadRow, ...] = ()
    tally: Tally = Tally()
    hits: tuple[Hit, ...] = ()
