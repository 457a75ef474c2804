"""Ordered sequences over the ring, matched exactly: which rings complete one, and the best chain of events.

A chain takes every mandatory step and any of the optional ones, in order, each with an event of its own.
Optional steps never make a chain possible or impossible, so matching asks for the mandatory ones alone;
the few rings that match are then searched for the chain that has most to tell.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import combinations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Fits = Sequence[Sequence[int]]
"""For every step the indexes of the events that match it, ascending."""
_FAR = np.int64(1 << 62)


class Shape(NamedTuple):
    """A sequence without its conditions.

    `within_ms[k]` is how long step k may come after the mandatory step before it; the span where it has no limit.
    """

    span_ms: int
    optional: tuple[bool, ...]
    within_ms: tuple[int, ...]

    @property
    def mandatory(self) -> tuple[int, ...]:
        """Numbers of the mandatory steps, in order."""
        return tuple(k for k, optional in enumerate(self.optional) if not optional)


class Found(NamedTuple):
    """A chain: indexes of its events, oldest first, and how many of them are optional steps."""

    events: tuple[int, ...]
    seen: int


def match_newest(
    times_ms: Times,
    steps: Sequence[Bools],
    within_ms: Sequence[Times],
    span_ms: Times,
    last: npt.NDArray[np.intp],
) -> Bools:
    """Whether the event at index `last` of each ring completes a chain of the steps.

    `times_ms` and each mask have shape (n, width), oldest first. `steps` are the mandatory ones before the
    last step, which the event at `last` matches; `within_ms` (of every step but the first) and `span_ms`
    have shape (n,). Events count in the order in which they lie in the ring.
    """
    end_ms = times_ms[np.arange(len(last)), last][:, None]
    usable: Bools = (np.arange(times_ms.shape[1]) < last[:, None]) & (times_ms >= end_ms - span_ms[:, None])
    next_ms, reached = np.broadcast_to(end_ms, times_ms.shape), usable
    for k in reversed(range(len(steps))):
        reached = np.asarray(usable & steps[k] & (next_ms - times_ms <= within_ms[k][:, None]))
        if k:
            next_ms = _next_ms(times_ms, reached)
    found: Bools = np.logical_or.reduce(reached, axis=1)
    return found


def _next_ms(times_ms: Times, reached: Bools) -> Times:
    """The time of the first reached event behind each event."""
    earliest = np.minimum.accumulate(np.where(reached, times_ms, _FAR)[:, ::-1], axis=1)[:, ::-1]
    behind = np.full_like(earliest, _FAR)
    behind[:, :-1] = earliest[:, 1:]
    return behind


def best_chain(times_ms: Sequence[int], fits: Fits, at: int, shape: Shape) -> Found | None:
    """The best chain that uses the event at index `at`; None if there is none.

    Best is: most optional steps, then the smallest span, then the latest events, compared from the end.
    """
    chains = (_Search(times_ms, fits, shape, last, at, step).best()
              for last in fits[-1] if last >= at
              for step in range(len(fits)) if at in fits[step] and (last == at) == (step == len(fits) - 1))  # fmt: skip
    return max((c for c in chains if c is not None),
               key=lambda c: (c.seen, times_ms[c.events[0]] - times_ms[c.events[-1]], c.events[::-1]), default=None)  # fmt: skip


class _Search:
    """The best chain that ends with the event `last` and uses the event `at` for `step`."""

    def __init__(
        self, times_ms: Sequence[int], fits: Fits, shape: Shape, last: int, at: int, step: int
    ) -> None:
        self.times_ms, self.shape, self.last, self.step = times_ms, shape, last, step
        first = bisect_left(times_ms, times_ms[last] - shape.span_ms)
        self.fits = [
            [i for i in ([at] if k == step else some) if first <= i < last] for k, some in enumerate(fits)
        ]
        self.mandatory = shape.mandatory
        self.prefix = cache(self._prefix)

    def best(self) -> Found | None:
        if any(not self.fits[k] for k in (*self.mandatory[:-1], self.step) if k != self.mandatory[-1]):
            return None
        return self.prefix(len(self.mandatory) - 1, self.last)

    def _prefix(self, q: int, i: int) -> Found | None:
        """The best chain up to the mandatory step number `q`, taken by event `i`."""
        step, chains = self.mandatory[q], []
        if q == 0:
            fill = self._fill(range(step), -1, i)
            return None if fill is None else Found((*fill, i), len(fill))
        before = self.mandatory[q - 1]
        for j in self._candidates(q, i):
            head, fill = self.prefix(q - 1, j), self._fill(range(before + 1, step), j, i)
            if head is not None and fill is not None:
                chains.append(Found((*head.events, *fill, i), head.seen + len(fill)))
        return max(chains, key=self._rank, default=None)

    def _candidates(self, q: int, i: int) -> list[int]:
        """Events for the mandatory step before number `q`, if that is taken by event `i`; only the latest where it must be best."""
        step, before = self.mandatory[q], self.mandatory[q - 1]
        oldest_ms = self.times_ms[i] - self.shape.within_ms[step]
        some = [j for j in self.fits[before] if j < i and self.times_ms[j] >= oldest_ms]
        free = before + 1 == step and self.shape.within_ms[before] >= self.shape.span_ms
        return some[-1:] if free else some

    def _rank(self, chain: Found) -> tuple[int, int, tuple[int, ...]]:
        return chain.seen, self.times_ms[chain.events[0]], chain.events[::-1]

    def _fill(self, steps: range, low: int, high: int) -> tuple[int, ...] | None:
        """The most optional events between two events; None if the one that must be used does not fit."""
        if not steps:
            return ()
        needed = {self.step} & set(steps)
        for count in range(len(steps), -1, -1):
            found = [chain for some in combinations(steps, count) if needed <= set(some)
                     if (chain := self._latest(some, low, high)) is not None]  # fmt: skip
            if found:
                return max(found, key=lambda c: (self.times_ms[c[0]] if c else 0, c[::-1]))
        return None

    def _latest(self, steps: Sequence[int], low: int, high: int) -> tuple[int, ...] | None:
        """The latest events between two indexes that match the steps in order."""
        chain = []
        for step in reversed(steps):
            high = next(self._below(step, low, high), -1)
            if high < 0:
                return None
            chain.append(high)
        return tuple(reversed(chain))

    def _below(self, step: int, low: int, high: int) -> Iterator[int]:
        limit_ms = self.times_ms[low] + self.shape.within_ms[step] if low >= 0 else self.times_ms[high]
        return (i for i in reversed(self.fits[step]) if low < i < high and self.times_ms[i] <= limit_ms)
