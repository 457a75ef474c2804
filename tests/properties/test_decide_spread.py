"""Partitions, restarts, sweeps and replay's parts of blocks change nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reference.books import synthetic_book
from tests.reference.harness import by_decide, by_reference, rows_of, without_places
from tests.strategies import FEW, controls_of, days, long_day

STRIDES = st.sampled_from((1, 7, 1_000))


@FEW
@given(days(), STRIDES, st.data())
def test_spreading_subjects_over_partitions_changes_nothing(tags, stride, data):
    """1, 2 and 8 partitions, each with a memory of its own, give every subject the same alerts."""
    book, rows = synthetic_book(), rows_of(tags)
    controls = data.draw(controls_of(rows))
    one = by_decide(book, rows, [], controls=controls)
    for partitions in (2, 8):
        many = by_decide(book, rows, range(0, len(rows), stride), controls=controls, partitions=partitions)
        assert without_places(many) == without_places(one)
        assert many.tally == one.tally


@FEW
@given(days(), STRIDES, st.integers(1, 4), st.data())
def test_a_restart_at_any_block_changes_nothing(tags, stride, every, data):
    """A memory built from its checkpoints, after any blocks, goes on as the old one would have."""
    book, rows = synthetic_book(), rows_of(tags)
    controls = data.draw(controls_of(rows))
    edges = range(0, len(rows), stride)
    restarted = by_decide(book, rows, edges, controls=controls, restart_at=frozenset(edges[::every]))
    assert restarted == by_decide(book, rows, edges, controls=controls)


@FEW
@given(days(), st.data())
def test_control_records_equal_the_reference(tags, data):
    """Closures and releases end alerts and forget exactly as in the reference, in any cut."""
    book, rows = synthetic_book(), rows_of(tags)
    controls = data.draw(controls_of(rows))
    expected = by_reference(book, rows, controls)
    for cuts in ((), range(len(rows))):
        got = by_decide(book, rows, cuts, controls=controls)
        assert got.changes == expected.changes
        assert got.tally["controls"] == len(controls)


@FEW
@given(days(), st.sampled_from((1, 7)))
def test_sweeping_old_records_changes_nothing(tags, stride):
    """Freeing the records of subjects untouched for 90 days changes no alert and no number of an alert."""
    book, rows = synthetic_book(), rows_of(tags)
    cuts = range(0, len(rows), stride)
    assert by_decide(book, rows, cuts, sweep=True) == by_decide(book, rows, cuts)


@FEW
@given(days(), STRIDES)
def test_parts_of_a_block_and_a_tick_equal_the_block(tags, stride):
    """A block fed in parts without settling, then a tick, gives the alerts of the whole block."""
    book, rows = synthetic_book(), rows_of(tags)
    cuts = range(0, len(rows), stride)
    assert without_places(by_decide(book, rows, cuts, in_parts=True)) == without_places(
        by_decide(book, rows, cuts)
    )


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(500))
def test_long_days_survive_everything_at_once(synthetic, seed):
    """Restarts, sweeps and partitions together over long days."""
    rows = rows_of(long_day(seed, 120))
    edges = range(0, len(rows), 11)
    one = by_decide(synthetic, rows, [])
    rough = by_decide(
        synthetic, rows, edges, restart_at=frozenset(edges), sweep=True, partitions=1 + seed % 8
    )
    assert without_places(rough) == without_places(one)
