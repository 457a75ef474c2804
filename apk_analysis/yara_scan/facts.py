"""What scanning with YARA gives, as frozen types, and what a scan may cost."""

from __future__ import annotations

from typing import Literal

import msgspec

from apk_analysis.evidence import Evidence

Kind = Literal["family", "capability", "evasion"]
Value = bool | int | str
MIB = 1 << 20


class RuleFacts(msgspec.Struct, frozen=True):
    """What a rule says about itself. `weight` in log-odds, `confidence` 0–1, `room` the folder: what it is tried on."""

    id: str
    version: int
    kind: Kind
    room: str
    file: str
    zh: str
    en: str
    weight: float
    confidence: float
    reference: str
    scam_type: str = ""


class Hit(msgspec.Struct, frozen=True):
    """A rule that is true of a member. `offsets` (bytes in the unpacked member, first of each string) go with `strings`."""

    rule: str
    version: int
    kind: Kind
    member: str
    zh: str
    en: str
    weight: float
    confidence: float
    scam_type: str = ""
    offsets: tuple[int, ...] = ()
    strings: tuple[str, ...] = ()


class YaraScan(msgspec.Struct, frozen=True):
    """All hits of an archive, by member in its order; `scanned` counts views that rules were tried on, `scanned_bytes` their size."""

    hits: tuple[Hit, ...] = ()
    limits_hit: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    scanned: int = 0
    scanned_bytes: int = 0


class ScanLimits(msgspec.Struct, frozen=True):
    """What a scan may cost. A member is given `member_s` seconds; after `timeouts` of them no more are tried.

    `hits_per_rule`: of how many members a hit of one rule is told.
    """

    member_bytes: int = 64 * MIB
    total_bytes: int = 320 * MIB
    member_s: int = 5
    timeouts: int = 3
    hits_per_rule: int = 5
