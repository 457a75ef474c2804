"""The verdict on an APK as it comes in on `apk.verdicts` or in a file: what the river reads of it; other fields pass unread."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from fraud_guard.tags.models import MAX_TS_MS, MIN_TS_MS
from fraud_guard.tags.wire import Sha256

MAX_VERDICT_BYTES = 8 << 20


class WireIndicator(msgspec.Struct, frozen=True):
    """A host, URL, package or the like that belongs to the app with this confidence."""

    type: str
    value: str
    confidence: Annotated[float, Meta(ge=0, le=1)] = 1.0


class WireReskin(msgspec.Struct, frozen=True):
    """The family it is a new skin of."""

    family: str | None = None


class WireBrand(msgspec.Struct, frozen=True):
    """Whom it pretends to be."""

    brand: str = ""


class WireManifest(msgspec.Struct, frozen=True):
    """Its name among apps."""

    package: str = ""


class ApkVerdict(msgspec.Struct, frozen=True):
    """One line. `ts_ms` None or 0: it was known before everything. `withdrawn`: it was a mistake, nothing of it holds."""

    sha256: Sha256
    verdict: Literal["benign", "suspicious", "malicious"]
    ts_ms: Annotated[int, Meta(ge=0, lt=MAX_TS_MS)] | None = None
    v: Literal[1] = 1
    reskin: WireReskin | None = None
    impersonates: WireBrand | None = None
    indicators: Annotated[list[WireIndicator], Meta(max_length=100_000)] = []
    manifest: WireManifest | None = None
    withdrawn: bool = False

    @property
    def known_ms(self) -> int | None:
        """When it came; None: before everything."""
        return self.ts_ms if self.ts_ms is not None and self.ts_ms >= MIN_TS_MS else None


decode_verdict = msgspec.json.Decoder(ApkVerdict).decode
"""Raises msgspec.DecodeError or ValidationError."""
