"""Ordered sequences by brute force: every combination of events is tried."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.reference.language import holds_for_event
from tests.reference.record import Event


def narrowest_chain(
    ring: Sequence[Event], at: int, steps: Sequence[str], within_ms: int
) -> list[Event] | None:
    """The narrowest chain of all steps that uses the event at index `at`, oldest first.

    Of equally narrow ones: the event at the earliest step, then the latest events before it
    and the earliest after it.
    """
    fits = [[holds_for_event(s, e.kind, e.category, e.flags) for e in ring] for s in steps]
    best: tuple[tuple[object, ...], list[int]] | None = None
    for step in range(len(steps)):
        if not fits[step][at]:
            continue
        for chain in _through(ring, fits, at, step, within_ms):
            span = ring[chain[-1]].ts_ms - ring[chain[0]].ts_ms
            rank = (span, step, [-i for i in reversed(chain[:step])], chain[step + 1 :])
            if best is None or rank < best[0]:
                best = (rank, chain)
    return [ring[i] for i in best[1]] if best else None


def _through(
    ring: Sequence[Event], fits: Sequence[Sequence[bool]], at: int, step: int, within_ms: int
) -> Iterator[list[int]]:
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
