"""Degrading: up at once, down late, and what was noted holds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fraud_guard.adapters.memory_truth import MemoryTruth
from fraud_guard.app.degrading import Degrading, next_mode
from fraud_guard.pipeline import Mode
from fraud_guard.tags.block import POSITIONS_PER_RECORD
from tests.histories import DESK

D_MS = 1_000
PARTITION = "tags-0"
MARK_MS = 9_000_000


def modes_of(*lags_ms: int) -> list[int]:
    """The mode after each lag in turn."""
    mode, found = 0, []
    for lag_ms in lags_ms:
        mode = next_mode(mode, lag_ms, D_MS)
        found.append(int(mode))
    return found


def test_steps_up_and_down():
    """One step at the setting, two at twice that; each goes at half of what led there."""
    assert modes_of(999, 1_000, 1_999, 2_000, 1_000, 999, 500, 499, 0) == [0, 1, 1, 2, 2, 1, 1, 0, 0]


@given(st.sampled_from(Mode), st.integers(0, 5_000))
def test_the_same_lag_again_changes_nothing(mode, lag_ms):
    """The mode does not swing while the lag stands still."""
    once = next_mode(mode, lag_ms, D_MS)
    assert next_mode(once, lag_ms, D_MS) == once


def test_what_was_noted_holds():
    """Another scorer reads the modes of the first, cuts where it switched, and chooses anew only behind that."""
    truth, lag = MemoryTruth(DESK), {"ms": 2 * D_MS}
    one = Degrading(truth, PARTITION, lambda _offset, _mark: lag["ms"], D_MS)
    one.recover(truth.take_epoch(PARTITION))
    assert [one.choose(7, 0, MARK_MS), one.choose(8, 2, MARK_MS)] == [2, 2]
    lag["ms"] = 0
    assert one.choose(9, 2, MARK_MS) == 0
    two = Degrading(truth, PARTITION, lambda _offset, _mark: 5 * D_MS, D_MS)
    two.recover(truth.take_epoch(PARTITION))
    assert [two.at(offset, 1) for offset in (6, 7, 8, 9, 10)] == [1, 2, 2, 0, 0]
    assert [two.next_switch(offset) for offset in (6, 7, 9)] == [7, 9, None]
    assert [two.choose(offset, two.at(offset, 0), MARK_MS) for offset in (7, 8, 9, 10)] == [2, 2, 0, 2]


def test_records_that_were_told_keep_their_mode():
    """Behind a lost memory, whatever was told is decided as it was, without anything noted: as whole."""
    truth = MemoryTruth(DESK)
    truth.apply(PARTITION, truth.take_epoch(PARTITION), 5 * POSITIONS_PER_RECORD + 3, [])
    late = Degrading(truth, PARTITION, lambda _offset, _mark: 9 * D_MS, D_MS)
    late.recover(truth.take_epoch(PARTITION))
    assert [late.choose(offset, 0, MARK_MS) for offset in (4, 5, 6)] == [0, 0, 2]


def test_it_can_be_turned_off():
    """With the setting at 0 no lag leaves anything out."""
    truth = MemoryTruth(DESK)
    never = Degrading(truth, PARTITION, lambda _offset, _mark: 9 * D_MS, 0)
    never.recover(truth.take_epoch(PARTITION))
    assert never.choose(3, 0, MARK_MS) == 0
    assert truth.modes(PARTITION) == []
