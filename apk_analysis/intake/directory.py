"""The central directory, read leniently; and when there is none, the entries by their own headers."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from apk_analysis.evidence import Ledger
from apk_analysis.intake.end_record import ENTRY_SIGNATURE, Buffer, End
from apk_analysis.intake.entry import Entry, decoded
from apk_analysis.intake.limits import Limits

_RECORD = struct.Struct("<4s6H3I5H2I")
LOCAL = struct.Struct("<4s5H3I2H")
LOCAL_SIGNATURE = b"PK\x03\x04"
_ZIP64_EXTRA = 1
_UNKNOWN_32 = 0xFFFF_FFFF
_DESCRIPTOR_FLAG = 8


def read_directory(data: Buffer, end: End, limits: Limits, ledger: Ledger) -> tuple[list[Entry], bool]:
    """All entries of the directory, and whether there were more than the limit."""
    entries: list[Entry] = []
    for entry in _records(data, end):
        if len(entries) == limits.entries:
            return entries, True
        entries.append(entry)
    if len(entries) != end.count and len(entries) & 0xFFFF != end.count:
        ledger.note("count_differs", f"{end.count} → {len(entries)}")
    return entries, False


def _records(data: Buffer, end: End) -> Iterator[Entry]:
    """Records one after the other, for as long as each begins as a record does."""
    offset, index = end.directory_offset, 0
    while offset + _RECORD.size <= end.offset and data[offset : offset + 4] == ENTRY_SIGNATURE:
        fields = _RECORD.unpack_from(data, offset)
        name_bytes, extra_bytes, comment_bytes = fields[10:13]
        after = offset + _RECORD.size
        raw = bytes(data[after : after + name_bytes])
        sizes = (fields[9], fields[8], fields[16])      # real size, compressed, where
        if _UNKNOWN_32 in sizes:
            extra = bytes(data[after + name_bytes : after + name_bytes + extra_bytes])
            sizes = _from_zip64(extra, sizes)
        yield Entry(decoded(raw), raw, fields[4], fields[3], fields[7], sizes[1], sizes[0], sizes[2] + end.shift, index)
        offset = after + name_bytes + extra_bytes + comment_bytes
        index += 1


def _from_zip64(extra: bytes, sizes: tuple[int, int, int]) -> tuple[int, int, int]:
    """The sizes of the ZIP64 extra field in place of those that do not fit 32 bits."""
    offset = 0
    while offset + 4 <= len(extra):
        tag, length = struct.unpack_from("<2H", extra, offset)
        if tag == _ZIP64_EXTRA:
            body = extra[offset + 4 : offset + 4 + length]
            large = iter(struct.unpack(f"<{len(body) // 8}Q", body[: len(body) // 8 * 8]))
            size, compressed, where = (next(large, old) if old == _UNKNOWN_32 else old for old in sizes)
            return size, compressed, where
        offset += 4 + length
    return sizes


def scan_headers(data: Buffer, limits: Limits) -> tuple[list[Entry], bool]:
    """The entries that announce themselves by a local header, and whether there were more than the limit."""
    entries: list[Entry] = []
    offset = data.find(LOCAL_SIGNATURE)
    while 0 <= offset <= len(data) - LOCAL.size:
        if len(entries) == limits.entries:
            return entries, True
        entry, offset = _announced(data, offset, len(entries))
        entries.append(entry)
    return entries, False


def _announced(data: Buffer, offset: int, index: int) -> tuple[Entry, int]:
    """The entry at a local header, and where the next header is (-1 = nowhere)."""
    _, _, flags, method, _, _, crc32, compressed, size, name_bytes, extra_bytes = LOCAL.unpack_from(data, offset)
    start = offset + LOCAL.size + name_bytes + extra_bytes
    raw = bytes(data[offset + LOCAL.size : offset + LOCAL.size + name_bytes])
    following = data.find(LOCAL_SIGNATURE, start + (0 if flags & _DESCRIPTOR_FLAG else compressed))
    if flags & _DESCRIPTOR_FLAG and not compressed:
        compressed = max((following if following >= 0 else len(data)) - start, 0)
    return Entry(decoded(raw), raw, method, flags, crc32, compressed, size, offset, index), following
