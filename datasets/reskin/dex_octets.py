"""The small pieces of a DEX: numbers, strings, and the check sums of its header."""

from __future__ import annotations

import hashlib
import struct
import zlib


def uleb(value: int) -> bytes:
    """A number as ULEB128."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def mutf8(text: str) -> bytes:
    """A string as a DEX holds it: its length in UTF-16 units, modified UTF-8, NUL."""
    units = text.encode("utf-16-le", "surrogatepass")
    raw = b"".join(
        chr(unit).encode("utf-8", "surrogatepass") if unit else b"\xc0\x80"
        for unit in struct.unpack(f"<{len(units) // 2}H", units)
    )
    return uleb(len(units) // 2) + raw + b"\0"


def sort_key(text: str) -> bytes:
    """By what strings of a DEX are sorted: UTF-16 units."""
    return text.encode("utf-16-be", "surrogatepass")


def seal(data: bytes | bytearray) -> bytes:
    """`data` with size, SHA-1 and Adler-32 of the header put right."""
    sealed = bytearray(data)
    struct.pack_into("<I", sealed, 0x20, len(sealed))
    sealed[12:32] = hashlib.sha1(sealed[32:], usedforsecurity=False).digest()
    struct.pack_into("<I", sealed, 8, zlib.adler32(sealed[12:]))
    return bytes(sealed)
