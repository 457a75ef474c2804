"""A notice: what the river keeps of an APK's verdict. Its hosts and packages are keyed hashes, as in rows of the log."""

from __future__ import annotations

from typing import Literal

import msgspec

Thing = Literal["app", "file", "host"]
Finding = Literal["benign", "suspicious", "malicious"]
VALID_MS = 90 * 86_400_000
"""A host changes hands: a notice says nothing about touches that are later than this after it."""


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """One thing by which an APK is met again: `key` is the `peer` of rows, of a file their `call`. `confidence` 0 to 1."""

    key: int
    thing: Thing
    confidence: float


class Notice(msgspec.Struct, frozen=True, omit_defaults=True):
    """One APK. `benign` takes everything back that was said of it before. `brand`: whom it pretends to be."""

    sha256: str
    ts_ms: int
    finding: Finding
    marks: tuple[Mark, ...] = ()
    family: str = ""
    brand: str = ""

    @property
    def id(self) -> str:
        """The id of its evidence."""
        return f"apk/{self.sha256[:16]}"

    @property
    def weight(self) -> float:
        """How much of a mark's confidence counts: 1 = all."""
        return {"malicious": 1.0, "suspicious": 0.5, "benign": 0.0}[self.finding]
