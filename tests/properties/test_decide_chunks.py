"""However the log is cut, `decide` gives what the plain reference gives one tag at a time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reference.books import Book, shipped_book, synthetic_book
from tests.reference.harness import by_decide, by_reference, rows_of
from tests.strategies import FEW, Tag, cuts_of, days, long_day

SLACKS_MS = st.sampled_from((0, 0, 5_000))


def assert_equal_in_all_cuts(book: Book, tags: list[Tag], slack_ms: int, more: list[int]) -> int:
    """Compare every cut with the reference; returns how many changes there were."""
    rows = rows_of(tags, slack_ms=slack_ms)
    expected = by_reference(book, rows)
    for cuts in (range(len(rows)), range(0, len(rows), 7), (), more):
        got = by_decide(book, rows, list(cuts))
        assert got.changes == expected.changes
        assert got.dead == expected.dead
        assert {n: got.tally[n] for n in expected.tally} == expected.tally
    return sum(map(len, expected.changes.values()))


@FEW
@given(days(), SLACKS_MS, st.data())
def test_any_cut_equals_the_reference(tags, slack_ms, data):
    """Blocks of 1, 7, 1,000 and any other size give the changes of the reference, places included."""
    assert_equal_in_all_cuts(synthetic_book(), tags, slack_ms, data.draw(cuts_of(len(tags))))


@FEW
@given(days(subjects=2), st.data())
def test_shipped_rules_equal_the_reference(tags, data):
    """The same holds for the rules that ship."""
    assert_equal_in_all_cuts(shipped_book(), tags, 0, data.draw(cuts_of(len(tags))))


@pytest.mark.parametrize("seed", range(6))
def test_long_days_equal_the_reference(synthetic, seed):
    """Days of some hundred tags, with full rings and many alerts, equal the reference in any cut."""
    changes = assert_equal_in_all_cuts(synthetic, long_day(seed, 60, subjects=1 + seed % 3), 0, [5, 6, 31])
    assert changes > 0


def test_a_full_ring_equals_the_reference(synthetic):
    """A subject whose ring overflows many times is scored as the reference does."""
    assert_equal_in_all_cuts(synthetic, long_day(77, 130, subjects=1), 0, [100])


def test_a_crowd_equals_the_reference(synthetic):
    """Forty subjects interleaved in one block are scored as each alone."""
    assert assert_equal_in_all_cuts(synthetic, long_day(5, 120, subjects=40), 0, [150, 151]) > 20


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1_000, 2_000))
def test_many_long_days_equal_the_reference(synthetic, seed):
    """The same over a thousand longer days."""
    assert_equal_in_all_cuts(
        synthetic, long_day(seed, 90, subjects=1 + seed % 4), seed % 3 * 2_000, [seed % 97]
    )
