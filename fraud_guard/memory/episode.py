"""An episode: the evidence about one subject, before and while an alert is open."""

from __future__ import annotations

import msgspec

from fraud_guard.fusion.evidence import Evidence


class Episode(msgspec.Struct, array_like=True):
    """Evidence gathered so far. `n` is the number of the open alert, 0 while there is none.

    `level` is the most serious level the scorer has given the open alert (level_score).
    """

    n: int = 0
    level: int = 0
    opened_ms: int = 0
    ts_ms: int = 0
    expire_ms: int = 0
    area: str = ""
    evidence: list[Evidence] = msgspec.field(default_factory=list)
