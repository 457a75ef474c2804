"""What the sandbox sends to the outside: one part a stage, as MessagePack, decoded into these types and nothing else."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import msgspec

from apk_analysis.evidence import Evidence
from apk_analysis.report.facts import CodeFact, DeepFact, IndicatorFact, ManifestFact, SignatureFact, Stage
from apk_analysis.yara_scan.facts import Hit

LENGTH = struct.Struct("<I")


class Part(msgspec.Struct, frozen=True):
    """The outcome of one stage; only what this stage tells is set. `fingerprint`: encoded, from the last stage of all."""

    stage: Stage
    evidence: tuple[Evidence, ...] = ()
    limits_hit: tuple[str, ...] = ()
    manifest: ManifestFact | None = None
    signatures: SignatureFact | None = None
    code: CodeFact | None = None
    indicators: tuple[IndicatorFact, ...] = ()
    hits: tuple[Hit, ...] = ()
    icon: bytes = b""
    fingerprint: bytes = b""
    deep: DeepFact | None = None


def framed(part: Part) -> bytes:
    """A part as it goes through the pipe."""
    return frame(msgspec.msgpack.encode(part))


def frame(body: bytes) -> bytes:
    """Its length before it, for a reader who has only a stream of bytes."""
    return LENGTH.pack(len(body)) + body


def parts_of(data: bytes) -> Iterator[Part]:
    """The whole parts in what came through the pipe; a torn or foreign one ends them."""
    place = 0
    while place + LENGTH.size <= len(data):
        (size,) = LENGTH.unpack_from(data, place)
        place += LENGTH.size
        if place + size > len(data):
            return
        try:
            yield msgspec.msgpack.decode(data[place : place + size], type=Part)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return
        place += size
