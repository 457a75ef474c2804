"""Chance of the city: one independent, named stream of draws a purpose, all from one seed.

A stream depends on the seed, its name and its keys alone, so what one part draws never moves
another, and a day is the same however many days are asked for.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Rng = np.random.Generator


def stream(seed: int, name: str, *keys: int) -> Rng:
    """The draws of purpose `name` (and keys such as the day) in the city `seed`."""
    return np.random.Generator(np.random.PCG64([seed, zlib.crc32(name.encode()), *keys]))


def mixed(*parts: Ints | int) -> NDArray[np.uint64]:
    """A hash of whole numbers, column by column (splitmix64): the same parts, the same 64 bits."""
    state: NDArray[np.uint64] = np.asarray(0x9E3779B97F4A7C15, np.uint64)
    with np.errstate(over="ignore"):
        for part in parts:
            state = np.asarray(part, np.int64).astype(np.uint64) + state * np.uint64(0xD1B54A32D192ED03)
            state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            state = state ^ (state >> np.uint64(31))
    return state


def below(hashes: NDArray[np.uint64], limit: int | Ints) -> Ints:
    """Hashes reduced to 0 … limit - 1."""
    return np.asarray(hashes % np.asarray(limit).astype(np.uint64), np.int64)


def picks(rng: Rng, shares: Sequence[float] | Floats, size: int) -> Ints:
    """`size` indices drawn by shares, which need not add up to 1."""
    edges = np.cumsum(shares)
    return np.searchsorted(edges[:-1], rng.random(size) * edges[-1], "right").astype(np.int64)


def pick(rng: Rng, shares: Mapping[str, float]) -> str:
    """One name drawn by its share."""
    names = list(shares)
    return names[int(picks(rng, list(shares.values()), 1)[0])]


def rounded(rng: Rng, mean: float) -> int:
    """A whole number with this mean: `mean` rounded up or down by chance."""
    return int(mean + rng.random())
