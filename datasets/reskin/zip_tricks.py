"""Tricks on an honest archive that Android opens all the same."""

from __future__ import annotations

import struct
from random import Random

_LOCAL, _CENTRAL = b"PK\x03\x04", b"PK\x01\x02"


def play_trick(apk: bytes, chance: Random) -> tuple[bytes, str]:
    """`apk` with one trick, and which."""
    name = chance.choice(sorted(TRICKS))
    return TRICKS[name](apk), name


def _central(apk: bytes) -> list[int]:
    """Where the rows of the directory stand."""
    end = apk.rindex(b"PK\x05\x06")
    count, _, at = struct.unpack_from("<H2I", apk, end + 10)
    rows = []
    for _ in range(count):
        rows.append(at)
        at += 46 + sum(struct.unpack_from("<3H", apk, at + 28))
    return rows


def encryption_flag(apk: bytes) -> bytes:
    """The flag of encryption in every row of the directory."""
    out = bytearray(apk)
    for row in _central(apk):
        out[row + 8] |= 1
    return bytes(out)


def unknown_method(apk: bytes) -> bytes:
    """A method that nobody knows for the entries that are stored."""
    out = bytearray(apk)
    for row in _central(apk):
        if out[row + 10 : row + 12] == b"\0\0":
            struct.pack_into("<H", out, row + 10, 0x2A6B)
    return bytes(out)


def other_local_names(apk: bytes) -> bytes:
    """Other names in the local headers than in the directory."""
    out = bytearray(apk)
    for row in _central(apk):
        (size,) = struct.unpack_from("<H", out, row + 28)
        (at,) = struct.unpack_from("<I", out, row + 42)
        out[at + 30 : at + 30 + size] = b"x" * size
    return bytes(out)


def lost_local_sizes(apk: bytes) -> bytes:
    """Nonsense for sizes and check sums in the local headers."""
    out = bytearray(apk)
    for row in _central(apk):
        (at,) = struct.unpack_from("<I", out, row + 42)
        out[at + 14 : at + 26] = b"\xee" * 12
    return bytes(out)


TRICKS = {
    "encryption flag": encryption_flag, "unknown method": unknown_method, "other local names": other_local_names,
    "lost local sizes": lost_local_sizes,
}  # fmt: skip
