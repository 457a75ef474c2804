"""String pools of binary XML and resource tables; strings are decoded when asked for, within a budget."""

from __future__ import annotations

import struct

from apk_analysis.errors import LimitExceeded
from apk_analysis.evidence import Ledger

POOL_TYPE = 0x0001
_HEADER = struct.Struct("<2HI5I")
_UTF8_FLAG = 0x100
LONGEST_CHARACTERS = 0x7FFF
DECODED_BYTES = 32 << 20
_NOTHING = 0xFFFF_FFFF


class StringPool:
    """The pool at `offset` of `data`; never reads beyond `stop`. What a string cannot be is empty, and noted."""

    def __init__(self, data: bytes, offset: int, stop: int, ledger: Ledger) -> None:
        self._data, self._stop, self._ledger = data, stop, ledger
        _, header_bytes, _, count, styles, flags, start, _ = _HEADER.unpack_from(data, offset)
        self._utf8 = bool(flags & _UTF8_FLAG)
        self._offsets = offset + max(header_bytes, 0)
        self._strings = offset + start
        room = max(min(stop, len(data)) - self._offsets, 0) // 4
        if header_bytes != _HEADER.size:
            ledger.note("chunk_header", f"string pool: {header_bytes}")
        if count > room:
            ledger.note("pool_count", f"{count} > {room}")
        if styles > room:
            ledger.note("pool_styles", styles)
        self.count = min(count, room)
        self._decoded: dict[int, str] = {}
        self._left_bytes = DECODED_BYTES

    def get(self, index: int) -> str:
        """The string of this number; empty when there is none. Raises LimitExceeded when all grow too long."""
        if index == _NOTHING:
            return ""
        if index not in self._decoded:
            self._decoded[index] = self._read(index)
        return self._decoded[index]

    def _read(self, index: int) -> str:
        if not 0 <= index < self.count:
            self._ledger.note("pool_string", index)
            return ""
        offset = self._strings + int.from_bytes(self._data[self._offsets + 4 * index : self._offsets + 4 * index + 4], "little")
        if not 0 <= offset < self._stop:
            self._ledger.note("pool_string", index)
            return ""
        raw = self._utf8_bytes(offset) if self._utf8 else self._utf16_bytes(offset)
        self._left_bytes -= len(raw)
        if self._left_bytes < 0:
            raise LimitExceeded("pool_bytes", f"strings longer than {DECODED_BYTES} bytes in all")
        text = raw.decode("utf-8" if self._utf8 else "utf-16-le", "replace")
        if "\ufffd" in text:
            self._ledger.note("pool_string", index)
        return text

    def _utf8_bytes(self, offset: int) -> bytes:
        _, offset = self._length8(offset)
        length, offset = self._length8(offset)
        return self._data[offset : min(offset + min(length, LONGEST_CHARACTERS), self._stop)]

    def _length8(self, offset: int) -> tuple[int, int]:
        first, second = (*self._data[offset : offset + 2], 0, 0)[:2]
        return ((first & 0x7F) << 8 | second, offset + 2) if first & 0x80 else (first, offset + 1)

    def _utf16_bytes(self, offset: int) -> bytes:
        length = int.from_bytes(self._data[offset : offset + 2], "little")
        offset += 2
        if length & 0x8000:
            length = (length & 0x7FFF) << 16 | int.from_bytes(self._data[offset : offset + 2], "little")
            offset += 2
        return self._data[offset : min(offset + 2 * min(length, LONGEST_CHARACTERS), self._stop)]
