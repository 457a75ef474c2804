"""Ordered sequences over the ring, matched exactly: the chain must hold the newest event.

For every step the latest possible start of a chain is carried along the ring, so the
narrowest span wins without trying all combinations.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_NONE = np.int64(-(1 << 62))

Times = npt.NDArray[np.int64]
Masks = Sequence[npt.NDArray[np.bool_]]


def match_newest(times_ms: Times, steps: Masks, sizes: npt.NDArray[np.intp], within_ms: int) -> npt.NDArray[np.bool_]:
    """Whether the last event of each ring completes a chain of all steps within the span.

    `times_ms` and each mask have shape (n, RING), oldest first; `sizes` (n,) are ring sizes.
    Events take part in the order they lie in the ring; one event serves one step.
    """
    starts = np.where(steps[0], times_ms, _NONE)
    for mask in steps[1:]:
        best = np.maximum.accumulate(starts, axis=1)
        before = np.full_like(best, _NONE)
        before[:, 1:] = best[:, :-1]
        starts = np.where(mask, before, _NONE)
    rows = np.arange(len(sizes))
    last = np.maximum(sizes - 1, 0)
    start = starts[rows, last]
    return (sizes > 0) & (start > _NONE) & (times_ms[rows, last] - start <= within_ms)


def chain_through(times_ms: Sequence[int], steps: Sequence[Sequence[bool]], at: int, within_ms: int) -> list[int] | None:
    """The narrowest chain that uses the event at index `at`, as indexes; None if there is none.

    Plain Python: for late events, and to name the tags behind a hit.
    """
    best: list[int] | None = None
    for position in range(len(steps)):
        if not steps[position][at]:
            continue
        before = _latest(steps[:position], at)
        after = _earliest(steps[position + 1 :], at, len(times_ms))
        if before is None or after is None:
            continue
        chain = [*before, at, *after]
        span = times_ms[chain[-1]] - times_ms[chain[0]]
        if span <= within_ms and (best is None or span < times_ms[best[-1]] - times_ms[best[0]]):
            best = chain
    return best


def _latest(steps: Sequence[Sequence[bool]], end: int) -> list[int] | None:
    """The latest indexes below `end` that match the steps in order."""
    chain: list[int] = []
    for mask in reversed(steps):
        end = next((i for i in range(end - 1, -1, -1) if mask[i]), -1)
        if end < 0:
            return None
        chain.append(end)
    return chain[::-1]


def _earliest(steps: Sequence[Sequence[bool]], start: int, size: int) -> list[int] | None:
    """The earliest indexes above `start` that match the steps in order."""
    chain: list[int] = []
    for mask in steps:
        start = next((i for i in range(start + 1, size) if mask[i]), -1)
        if start < 0:
            return None
        chain.append(start)
    return chain
