"""Dalvik's operations as tables by opcode: how wide they are, what they are called alike, which are dropped."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from apk_analysis.code.mixing import Hashes, mix

INVOKES = (*range(0x6E, 0x73), *range(0x74, 0x79), 0xFA, 0xFB)
GOTO, GOTO_16, GOTO_32 = 0x28, 0x29, 0x2A
ENDS = (0x0E, 0x0F, 0x10, 0x11, 0x27)       # return* and throw
# What a re-assembler or a writer of junk adds: nop, move*, goto*; and const*, arithmetic and conversions, which
# need no more than a spare register. What is left says what a method does: calls, fields, branches, strings.
DROPPED = (*range(0x0E), *range(0x12, 0x1A), GOTO, GOTO_16, GOTO_32, *range(0x7B, 0x90), *range(0x90, 0xE3))


def _ranges(*pairs: tuple[range, int]) -> dict[int, int]:
    return {code: value for codes, value in pairs for code in codes}


_WIDTHS = {
    **_ranges(
        (range(0x100), 1), (range(0x2D, 0x3E), 2), (range(0x44, 0x6E), 2), (range(0x6E, 0x73), 3), (range(0x74, 0x79), 3),
        (range(0x90, 0xB0), 2), (range(0xD0, 0xE3), 2), (range(0xFA, 0xFC), 4), (range(0xFC, 0xFE), 3), (range(0xFE, 0x100), 2),
    ),
    **dict.fromkeys((0x02, 0x05, 0x08, 0x13, 0x15, 0x16, 0x19, 0x1A, 0x1C, 0x1F, 0x20, 0x22, 0x23, GOTO_16), 2),
    **dict.fromkeys((0x03, 0x06, 0x09, 0x14, 0x17, 0x1B, 0x24, 0x25, 0x26, GOTO_32, 0x2B, 0x2C), 3),
    0x18: 5,
}  # fmt: skip


def _alike() -> list[int]:
    """For each opcode the one that stands for all that do the same: consts, 2addr, literals, ranges, inverse branches."""
    alike = list(range(0x100))
    for code in range(0x12, 0x1A):
        alike[code] = 0x12
    alike[0x1B], alike[0x25], alike[0x2C], alike[0xFB], alike[0xFD] = 0x1A, 0x24, 0x2B, 0xFA, 0xFC
    for code in range(0x32, 0x3E):
        alike[code] = code & ~1         # if-eq and if-ne, if-lt and if-ge …: inverted by some obfuscators
    for code in range(0x74, 0x79):
        alike[code] = code - 6
    for code in range(0xB0, 0xD0):
        alike[code] = code - 0x20
    for first in (0xD0, 0xD8):
        for code in range(first, min(first + 11, 0xE3) if first == 0xD8 else 0xD8):
            alike[code] = 0x90 + code - first
    return alike


def _mask(codes: tuple[int, ...]) -> NDArray[np.bool_]:
    mask = np.zeros(0x100, np.bool_)
    mask[list(codes)] = True
    return mask


WIDTHS: NDArray[np.int32] = np.array([_WIDTHS[code] for code in range(0x100)], np.int32)
KEYS: Hashes = mix(np.array(_alike(), np.uint64) + np.uint64(1))
IS_INVOKE, IS_END, IS_DROPPED = _mask(INVOKES), _mask(ENDS), _mask(DROPPED)
