"""Chunks of binary XML and resource tables: type, header size and size, one after the other."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import msgspec

from apk_analysis.errors import LimitExceeded
from apk_analysis.evidence import Ledger

HEADER = struct.Struct("<2HI")
MOST_CHUNKS = 500_000


class Chunk(msgspec.Struct, frozen=True):
    """A chunk; `body` is where its header ends, `stop` where the next chunk begins (both from the start of the data)."""

    kind: int
    offset: int
    body: int
    stop: int


def chunks(data: bytes, offset: int, stop: int, ledger: Ledger) -> Iterator[Chunk]:
    """The chunks between `offset` and `stop`; ends where one cannot be one. Raises LimitExceeded."""
    for _ in range(MOST_CHUNKS):
        if offset + HEADER.size > stop:
            return
        kind, header_bytes, size = HEADER.unpack_from(data, offset)
        if size < HEADER.size or offset + size > stop:
            ledger.note("chunk_cut", f"0x{kind:04x} at {offset}: {size}")
            if size < HEADER.size:
                return
        end = min(offset + size, stop)
        yield Chunk(kind, offset, min(offset + header_bytes, end), end)
        offset = end
    raise LimitExceeded("chunks", f"more than {MOST_CHUNKS}")
