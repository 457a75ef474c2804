"""When people are active: draws of (person, time) by rhythm and hour, block by block.

A block is a whole number of hours of one day. Times are epoch milliseconds, UTC; hours are local
(UTC+8).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datasets.city.calibration import calibration
from datasets.city.chance import Floats, Ints, Rng

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
LOCAL_MS = 8 * HOUR_MS


@dataclass(frozen=True)
class Block:
    """Hours `first` … `last` - 1 of the day that begins at `day_ms`."""

    number: int
    day_ms: int
    first: int
    last: int

    @property
    def start_ms(self) -> int:
        """First millisecond."""
        return self.day_ms + self.first * HOUR_MS

    @property
    def end_ms(self) -> int:
        """First millisecond after the block."""
        return self.day_ms + self.last * HOUR_MS


class Activity:
    """Draws who does something when; `weights` say how much of it each person does, mean 1."""

    def __init__(self, weights: Floats, rhythm: Ints) -> None:
        self._order = np.argsort(rhythm, kind="stable")
        self._edges = np.concatenate([[0.0], np.cumsum(weights[self._order])])
        counts = np.bincount(rhythm, minlength=3)
        self._bounds = np.concatenate([[0], np.cumsum(counts)])
        tables = np.array([calibration().hours[name] for name in ("day", "early", "night")])
        self._tables = tables / tables.sum(axis=1, keepdims=True)

    def draw(self, rng: Rng, block: Block, rate: float) -> tuple[Ints, Ints]:
        """(people, times in ms) of a block, unsorted; `rate` is the mean a person of weight 1 and day."""
        low, high = self._edges[self._bounds[:-1]], self._edges[self._bounds[1:]]
        means = rate * (high - low)[:, None] * self._tables[:, block.first : block.last]
        counts = rng.poisson(means).ravel()
        rhythm, hour = np.divmod(np.repeat(np.arange(counts.size), counts), block.last - block.first)
        place = low[rhythm] + rng.random(len(rhythm)) * (high - low)[rhythm]
        found = np.searchsorted(self._edges, place, "right") - 1
        ts_ms = block.start_ms + hour * HOUR_MS + rng.integers(0, HOUR_MS, len(rhythm))
        return self._order[np.minimum(found, len(self._order) - 1)], ts_ms


def local_hour(ts_ms: Ints | int) -> Ints:
    """Hour of the day in China."""
    return (np.asarray(ts_ms) + LOCAL_MS) // HOUR_MS % 24


def working(ts_ms: Ints | int) -> np.ndarray:
    """Whether it is Monday to Friday, 8 to 18 o'clock: people are then where they work."""
    hour, weekday = local_hour(ts_ms), ((np.asarray(ts_ms) + LOCAL_MS) // DAY_MS + 3) % 7
    return (weekday < 5) & (hour >= 8) & (hour < 18)


def blocks_a_day(people: int) -> int:
    """How many blocks keep one block near 150,000 tags; depends on the number of people alone."""
    wanted = people * 42 / 150_000
    return next((n for n in (1, 2, 3, 4, 6, 8, 12, 24) if n >= wanted), 24)


def blocks(start_ms: int, days: int, people: int) -> list[Block]:
    """All blocks of the run in order of time."""
    parts = blocks_a_day(people)
    hours = 24 // parts
    return [
        Block(day * parts + part, start_ms + day * DAY_MS, part * hours, (part + 1) * hours)
        for day in range(days)
        for part in range(parts)
    ]
