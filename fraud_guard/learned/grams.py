"""Character n-grams of many texts at once, as bucket numbers.

Texts are joined, folded by a table (code point → letter class; 0 = left out) and hashed in a few
NumPy passes over the whole chunk; no text is looked at in Python. Buckets depend on the text alone,
never on its neighbours in the chunk, so results do not change with the size of chunks.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

NO_GRAM = 0
"""Bucket of the positions where no gram starts; its weight is always 0."""

LINK = 1
"""Code point, and letter class, that stands for a link."""


def _ascii(characters: str) -> NDArray[np.bool_]:
    return np.array([chr(code) in characters for code in range(128)] + [False])


_IS_LETTER = _ascii(string.ascii_letters)
_IS_NAME = _ascii(string.ascii_letters + string.digits)
_IN_LINK = _ascii(string.ascii_letters + string.digits + ".-_:/?&=%#+~@!$*,;'")
_MIX = (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F)
_SPREAD = np.uint32(0x2C1B3C6D)


class Letters(NamedTuple):
    """The folded letters of a chunk of texts.

    `codes`: letter classes of all texts, end to end (uint32). `starts`: where each text begins in
    `codes`, and the end of the last (int64, number of texts + 1).
    """

    codes: NDArray[np.uint32]
    starts: NDArray[np.int64]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Letters of each text."""
        return np.diff(self.starts)


def fold_letters(texts: Sequence[str], table: NDArray[np.uint16]) -> Letters:
    """The letters of `texts` by `table`, whose last entry stands for every code point beyond it.

    A link or host name becomes the one letter `LINK`, whatever it says: that there is a link tells
    something, its characters are the business of the host model.
    """
    points = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
    bounds = np.zeros(len(texts) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)), out=bounds[1:])
    folded = table[np.minimum(_with_links_marked(points, bounds), len(table) - 1)]
    kept = np.flatnonzero(folded)
    return Letters(folded[kept].astype(np.uint32), np.searchsorted(kept, bounds))


def _with_links_marked(points: NDArray[np.uint32], bounds: NDArray[np.int64]) -> NDArray[np.uint32]:
    """`points` with each run of ASCII that holds `letter-or-digit . letter` reduced to `LINK`."""
    dots = np.flatnonzero(points[1:-1] == ord(".")) + 1
    dots = dots[_IS_NAME[np.minimum(points[dots - 1], 128)] & _IS_LETTER[np.minimum(points[dots + 1], 128)]]
    if not len(dots):
        return points
    in_run = _IN_LINK[np.minimum(points, 128)]
    begins = np.ones(len(points), np.bool_)
    np.not_equal(in_run[1:], in_run[:-1], out=begins[1:])
    begins[bounds[bounds < len(points)]] = True
    run = np.cumsum(begins)
    dots = dots[(run[dots - 1] == run[dots]) & (run[dots] == run[dots + 1])]  # all three of one text
    is_link = np.zeros(run[-1] + 1, np.bool_)
    is_link[run[dots]] = True
    linked = is_link[run]
    return np.where(linked, np.where(begins, np.uint32(LINK), np.uint32(0)), points)


def hash_grams(letters: Letters, orders: Sequence[int], bits: int, seed: int = 0) -> list[NDArray[np.uint32]]:
    """Buckets (below 2**bits) of the grams that start at each letter, one array for each of `orders`.

    `orders` are lengths in letters, ascending, at most 4. Where a gram would leave its text the
    bucket is `NO_GRAM`. Arrays are as long as `letters.codes`.
    """
    codes = letters.codes + np.uint32(seed * 0x10001)
    mixed = codes * np.uint32(_MIX[0])
    found = []
    for order in range(1, max(orders) + 1):
        if order > 1:
            mixed = mixed[:-1] * np.uint32(_MIX[order - 1]) + codes[order - 1 :] * np.uint32(_MIX[0])
        if order in orders:
            found.append(_buckets(mixed, letters, order, bits))
    return found


def _buckets(mixed: NDArray[np.uint32], letters: Letters, order: int, bits: int) -> NDArray[np.uint32]:
    buckets = np.zeros(len(letters.codes), np.uint32)
    spread = (mixed ^ (mixed >> np.uint32(15))) * _SPREAD
    np.right_shift(spread, np.uint32(32 - bits), out=buckets[: len(mixed)])
    for back in range(1, order):
        beyond = letters.starts[1:] - back
        buckets[beyond[beyond >= 0]] = NO_GRAM
    return buckets


def sum_by_text(values: NDArray[np.int32], letters: Letters) -> NDArray[np.int64]:
    """The sum of `values` (one for each letter) over each text; exact, so order cannot matter."""
    running = np.concatenate(([0], np.cumsum(values, dtype=np.int64)))
    return running[letters.starts[1:]] - running[letters.starts[:-1]]
