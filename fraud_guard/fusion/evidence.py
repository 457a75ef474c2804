"""Evidence: one reason to believe that a person is inside a scam now."""

from __future__ import annotations

from typing import Literal

import msgspec

EvidenceKind = Literal["rule", "sequence", "text", "behaviour", "host", "caller", "indicator", "apk"]


class Evidence(msgspec.Struct, frozen=True, array_like=True):
    """One piece of evidence as the scorer keeps it in an episode.

    `weight` is in log-odds (natural logarithm). `group` names evidence that tells the
    same story: of one group only the strongest counts. `positions` are log positions
    of the tags behind it. Outside an open alert it counts until `until_ms`.
    """

    kind: EvidenceKind
    id: str
    version: int
    weight: float
    group: str
    scam_types: tuple[tuple[str, float], ...]
    ts_ms: int
    until_ms: int
    level_floor: int
    positions: tuple[int, ...]
    summary_zh: str
    summary_en: str
