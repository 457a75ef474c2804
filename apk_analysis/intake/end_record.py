"""Where an archive ends: the end record among true, fake and several ones, ZIP64, and where its directory starts.

Android takes the record nearest to the end of the file. Analysers that do the same are fooled by
a fake in the comment; the one that is taken here is that which leads to a directory.
"""

from __future__ import annotations

import mmap
import struct

import msgspec

from apk_analysis.evidence import Ledger

_END = struct.Struct("<4s4H2IH")
_LOCATOR = struct.Struct("<4sIQI")
_END64 = struct.Struct("<4sQ2H2I4Q")
END_SIGNATURE = b"PK\x05\x06"
END64_SIGNATURE = b"PK\x06\x06"
LOCATOR_SIGNATURE = b"PK\x06\x07"
ENTRY_SIGNATURE = b"PK\x01\x02"
END_BYTES = 22
LONGEST_COMMENT_BYTES = 0xFFFF
MOST_CANDIDATES = 64

Buffer = bytes | mmap.mmap


class End(msgspec.Struct, frozen=True):
    """The end record and what it leads to; offsets in bytes from the start of the file.

    `shift` is added to every offset that the archive states (data were put before it).
    """

    offset: int
    end_offset: int
    directory_offset: int
    directory_bytes: int
    count: int
    shift: int
    comment: bytes
    leads_somewhere: bool
    zip64: bool = False


def find_end(data: Buffer, ledger: Ledger) -> End | None:
    """The end record to believe, or None when there is none at all; notes what is odd about it."""
    candidates = [_read(data, offset) for offset in _offsets(data)]
    if not candidates:
        return None
    best = max(candidates, key=lambda end: (end.leads_somewhere, end.end_offset == len(data), end.offset))
    _note(data, best, candidates, ledger)
    return best


def _offsets(data: Buffer) -> list[int]:
    """Where end records may start, nearest to the end of the file first."""
    found: list[int] = []
    stop = len(data)
    while len(found) < MOST_CANDIDATES:
        offset = data.rfind(END_SIGNATURE, 0, stop)
        if offset < 0:
            break
        stop = offset + len(END_SIGNATURE) - 1
        if offset + END_BYTES <= len(data):
            found.append(offset)
        if found and offset < len(data) - END_BYTES - LONGEST_COMMENT_BYTES and len(found) > 1:
            break
    return found


def _read(data: Buffer, offset: int) -> End:
    """The end record at `offset`, its ZIP64 twin in its place where it refers to one."""
    _, _, _, _, count, size, start, comment = _END.unpack_from(data, offset)
    directory_end, zip64 = offset, False
    if 0xFFFF_FFFF in {size, start} or count == 0xFFFF:
        twin = _read64(data, offset)
        if twin:
            (directory_end, count, size, start), zip64 = twin, True
    actual = _directory_start(data, start, size, directory_end)
    text = bytes(data[offset + END_BYTES : offset + END_BYTES + comment])
    return End(
        offset, offset + END_BYTES + comment, max(actual, 0), size, count,
        max(actual, 0) - start if actual >= 0 else 0, text, actual >= 0, zip64,
    )  # fmt: skip


def _read64(data: Buffer, offset: int) -> tuple[int, int, int, int] | None:
    """Offset, count, size and start of the ZIP64 end record that belongs to the record at `offset`."""
    where = offset - _LOCATOR.size
    if where < 0 or data[where : where + 4] != LOCATOR_SIGNATURE:
        return None
    stated = _LOCATOR.unpack_from(data, where)[2]
    for place in (stated, where - _END64.size):
        if 0 <= place <= where - _END64.size and data[place : place + 4] == END64_SIGNATURE:
            fields = _END64.unpack_from(data, place)
            return place, fields[7], fields[8], fields[9]
    return None


def _directory_start(data: Buffer, start: int, size: int, directory_end: int) -> int:
    """Where the directory really starts: where it says, or right before the end record; -1 = nowhere."""
    for place in (start, directory_end - size):
        if 0 <= place < directory_end and data[place : place + 4] == ENTRY_SIGNATURE:
            return place
    return -1


def _note(data: Buffer, best: End, candidates: list[End], ledger: Ledger) -> None:
    after = [end for end in candidates if end.offset >= best.directory_offset + best.directory_bytes]
    if len(after) > 1:
        ledger.note("end_records_several", ", ".join(str(end.offset) for end in after))
    if best is not candidates[0]:
        ledger.note("end_record_fake", candidates[0].offset)
    if best.end_offset < len(data):
        ledger.note("data_after_end", f"{best.end_offset} + {len(data) - best.end_offset}")
    if best.comment:
        ledger.note("comment", f"{len(best.comment)} bytes")
    if best.shift:
        ledger.note("directory_moved", f"{best.directory_offset} ({best.shift:+d})")
    if best.zip64:
        ledger.note("zip64", best.offset)
    if any(_END.unpack_from(data, best.offset)[1:3]) and not best.zip64:
        ledger.note("disk_number", best.offset)
