"""Sequences: the fast matching finds exactly what trying all combinations finds."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fraud_guard.rulebook.sequence import chain_through, match_newest

Steps = list[list[bool]]


def chains(times_ms: list[int], steps: Steps, within_ms: int) -> list[tuple[int, ...]]:
    """All chains of distinct events in ring order that match every step within the span."""
    return [
        chain
        for chain in combinations(range(len(times_ms)), len(steps))
        if all(mask[i] for mask, i in zip(steps, chain, strict=True)) and times_ms[chain[-1]] - times_ms[chain[0]] <= within_ms
    ]


@st.composite
def rings(draw: st.DrawFn) -> tuple[list[int], Steps, int]:
    size = draw(st.integers(1, 9))
    times_ms = sorted(draw(st.lists(st.integers(0, 20), min_size=size, max_size=size)))
    steps = draw(st.lists(st.lists(st.booleans(), min_size=size, max_size=size), min_size=2, max_size=4))
    return times_ms, steps, draw(st.integers(0, 20))


def matched(rows: list[tuple[list[int], Steps]], within_ms: int, width: int = 12) -> list[bool]:
    """`match_newest` over several rings, padded as rings are."""
    count = len(rows[0][1])
    times_ms = np.zeros((len(rows), width), np.int64)
    masks = [np.ones((len(rows), width), np.bool_) for _ in range(count)]  # what lies beyond a ring's size must not matter
    for i, (times, steps) in enumerate(rows):
        times_ms[i, : len(times)] = times
        for mask, step in zip(masks, steps, strict=True):
            mask[i, : len(times)] = step
    sizes = np.array([len(times) for times, _ in rows], np.intp)
    found: list[bool] = match_newest(times_ms, masks, sizes, within_ms).tolist()
    return found


@settings(max_examples=400)
@given(rings())
def test_the_newest_event_completes_a_chain_if_any_combination_does(ring: tuple[list[int], Steps, int]) -> None:
    """`match_newest` is True exactly when some chain ends with the last event."""
    times_ms, steps, within_ms = ring
    expected = any(chain[-1] == len(times_ms) - 1 for chain in chains(times_ms, steps, within_ms))
    assert matched([(times_ms, steps)], within_ms) == [expected]


@given(st.lists(rings(), min_size=2, max_size=4))
def test_rings_do_not_disturb_each_other(several: list[tuple[list[int], Steps, int]]) -> None:
    """Many rings matched at once answer as each alone."""
    rows = [(times, steps[:2]) for times, steps, _ in several]
    assert matched(rows, 10) == [matched([row], 10)[0] for row in rows]


@settings(max_examples=400)
@given(rings(), st.data())
def test_the_narrowest_chain_through_an_event_is_found(ring: tuple[list[int], Steps, int], data: st.DataObject) -> None:
    """`chain_through` gives a chain through the event with the smallest span of all, or None if there is none."""
    times_ms, steps, within_ms = ring
    at = data.draw(st.integers(0, len(times_ms) - 1))
    all_chains = [chain for chain in chains(times_ms, steps, within_ms) if at in chain]
    got = chain_through(times_ms, steps, at, within_ms)
    if not all_chains:
        assert got is None
    else:
        assert got is not None
        assert tuple(got) in all_chains
        assert times_ms[got[-1]] - times_ms[got[0]] == min(times_ms[c[-1]] - times_ms[c[0]] for c in all_chains)


def test_an_empty_ring_matches_nothing() -> None:
    """A subject without events completes no sequence."""
    assert matched([([], [[], []])], 10) == [False]


def test_one_event_serves_one_step() -> None:
    """A single event that fulfils both steps is no sequence; two of them are."""
    assert matched([([5], [[True], [True]])], 10) == [False]
    assert matched([([5, 5], [[True, True], [True, True]])], 10) == [True]


def test_the_span_is_inclusive() -> None:
    """A chain that lasts exactly `within` counts."""
    row = ([0, 10], [[True, False], [False, True]])
    assert matched([row], 10) == [True]
    assert matched([row], 9) == [False]
