"""Ordered sequences by brute force: every choice of optional steps and every combination of events is tried."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

from fraud_guard.rulebook.rule import SequenceSpec, StepSpec
from tests.reference.language import holds_for_event
from tests.reference.record import Event


class Chain(NamedTuple):
    """Events of a completed sequence, oldest first, and how many of them are optional steps."""

    events: tuple[Event, ...]
    seen: int


def best_chain(ring: Sequence[Event], at: int, spec: SequenceSpec) -> Chain | None:
    """The best chain that uses the event at index `at`.

    Most optional steps; of these the smallest span; of equals the one whose events are the latest, compared from the end.
    """
    fits = {
        s.where: [holds_for_event(s.where, e.kind, e.category, e.flags) for e in ring] for s in spec.steps
    }
    best: tuple[tuple[int, int, list[int]], list[int]] | None = None
    for steps in choices(spec.steps):
        seen = sum(step.optional for step in steps)
        for chain in _chains(ring, [fits[s.where] for s in steps], at, spec.within * 1000):
            if not in_time(steps, [ring[i].ts_ms for i in chain]):
                continue
            rank = (seen, ring[chain[0]].ts_ms - ring[chain[-1]].ts_ms, chain[::-1])
            if best is None or rank > best[0]:
                best = (rank, chain)
    return Chain(tuple(ring[i] for i in best[1]), best[0][0]) if best else None


def choices(steps: Sequence[StepSpec]) -> Iterator[tuple[StepSpec, ...]]:
    """The mandatory steps with every choice of optional ones, in order."""
    for count in range(len(steps), 0, -1):
        for some in combinations(range(len(steps)), count):
            if all(i in some or steps[i].optional for i in range(len(steps))):
                yield tuple(steps[i] for i in some)


def in_time(steps: Sequence[StepSpec], times_ms: Sequence[int]) -> bool:
    """Whether each step comes within its own limit after the mandatory step before it."""
    before_ms: int | None = None
    for step, ts_ms in zip(steps, times_ms, strict=True):
        if step.within and before_ms is not None and ts_ms - before_ms > step.within * 1000:
            return False
        if not step.optional:
            before_ms = ts_ms
    return True


def _chains(
    ring: Sequence[Event], fits: Sequence[Sequence[bool]], at: int, within_ms: int
) -> Iterator[list[int]]:
    for step in (k for k in range(len(fits)) if fits[k][at]):
        for before in _before(ring, fits[:step], at, ring[at].ts_ms - within_ms):
            first_ms = ring[before[0]].ts_ms if before else ring[at].ts_ms
            for after in _after(ring, fits[step + 1 :], at, first_ms + within_ms):
                yield [*before, at, *after]


def _before(
    ring: Sequence[Event], fits: Sequence[Sequence[bool]], end: int, oldest_ms: int
) -> Iterator[list[int]]:
    if not fits:
        yield []
        return
    for i in range(end):
        if fits[-1][i] and ring[i].ts_ms >= oldest_ms:
            for rest in _before(ring, fits[:-1], i, oldest_ms):
                yield [*rest, i]


def _after(
    ring: Sequence[Event], fits: Sequence[Sequence[bool]], start: int, newest_ms: int
) -> Iterator[list[int]]:
    if not fits:
        yield []
        return
    for i in range(start + 1, len(ring)):
        if fits[0][i] and ring[i].ts_ms <= newest_ms:
            for rest in _after(ring, fits[1:], i, newest_ms):
                yield [i, *rest]
