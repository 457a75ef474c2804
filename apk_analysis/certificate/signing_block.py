"""The APK Signing Block between entries and directory, and the length-prefixed fields inside."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import msgspec

from apk_analysis.errors import UnreadableMember
from apk_analysis.intake.archive import Archive

MAGIC = b"APK Sig Block 42"
_FOOTER_BYTES = 8 + len(MAGIC)
MOST_PAIRS = 1_000


class SigningBlock(msgspec.Struct, frozen=True):
    """The block's place in bytes from the start of the file, and its values; of several with one id the first."""

    start: int
    end: int
    values: dict[int, bytes]


def find_signing_block(archive: Archive) -> SigningBlock | None:
    """The block right before the directory, or None; raises UnreadableMember when it contradicts itself.

    Android finds a block only in an archive whose directory ends where its end record starts.
    """
    record = archive.end
    if not record or not record.leads_somewhere:
        return None
    end = record.directory_offset
    if end < _FOOTER_BYTES + 8 or archive.data[end - len(MAGIC) : end] != MAGIC:
        return None
    (size,) = struct.unpack_from("<Q", archive.data, end - _FOOTER_BYTES)
    if end + record.directory_bytes != record.offset or len(archive.entries) != record.count:
        raise UnreadableMember("signing block: the archive's directory is damaged")
    start = end - size - 8
    if size < _FOOTER_BYTES or start < 0 or struct.unpack_from("<Q", archive.data, start)[0] != size:
        raise UnreadableMember("signing block: its two sizes differ")
    return SigningBlock(start, end, _pairs(bytes(archive.data[start + 8 : end - _FOOTER_BYTES])))


def _pairs(body: bytes) -> dict[int, bytes]:
    values: dict[int, bytes] = {}
    offset = 0
    while offset + 12 <= len(body) and len(values) < MOST_PAIRS:
        length, number = struct.unpack_from("<QI", body, offset)
        if length < 4 or offset + 8 + length > len(body):
            raise UnreadableMember("signing block: a pair is cut short")
        values.setdefault(number, body[offset + 12 : offset + 8 + length])
        offset += 8 + length
    return values


class Fields:
    """Reads little-endian numbers and length-prefixed fields; raises UnreadableMember beyond the end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._offset = 0

    @property
    def left_bytes(self) -> int:
        """How many bytes are not read yet."""
        return len(self._data) - self._offset

    def number(self) -> int:
        """The next 32-bit number."""
        return int.from_bytes(self._take(4), "little")

    def field(self) -> bytes:
        """The next field, without its length."""
        return self._take(self.number())

    def rest(self) -> bytes:
        """All that is left."""
        return self._take(self.left_bytes)

    def fields(self) -> Iterator[bytes]:
        """All fields up to the end."""
        while self.left_bytes:
            yield self.field()

    def _take(self, length: int) -> bytes:
        if length > self.left_bytes:
            raise UnreadableMember("signing block: a field is cut short")
        self._offset += length
        return self._data[self._offset - length : self._offset]


def numbered(data: bytes) -> list[tuple[int, bytes]]:
    """The fields of `data` that are a number and a length-prefixed value each."""
    found = []
    for field in Fields(data).fields():
        inner = Fields(field)
        found.append((inner.number(), inner.field()))
    return found
