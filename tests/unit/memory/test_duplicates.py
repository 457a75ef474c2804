"""The duplicate window: exact to (source, id), one of event time, the same however it is asked."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_guard.memory.duplicates import NEW, REPEAT, REUSE, Duplicates

HOUR_MS = 3_600_000
START_MS = 500_000 * HOUR_MS


def ask(
    memory: Duplicates, names: list[int], hours: list[float], marks: list[float] | None = None
) -> list[int]:
    """Check tags named by small numbers at hours after the start; the time is part of the fingerprint."""
    prints = [(n + 1) << 16 | (int(h * 3_600) & 0xFFFF) for n, h in zip(names, hours, strict=True)]
    ts_ms = [START_MS + int(h * HOUR_MS) for h in hours]
    marks_ms = [START_MS + int(h * HOUR_MS) for h in (marks or np.maximum.accumulate(hours).tolist())]
    shards = np.zeros(len(names), np.uint16)
    return memory.check(
        np.array(prints, np.uint64), shards, np.array(ts_ms), np.array(marks_ms), marks_ms[0]
    ).tolist()


def test_a_repeat_is_found_within_a_call_and_across_calls():
    """The second tag of the same name and time is a repeat, wherever the calls are cut."""
    memory = Duplicates()
    assert ask(memory, [1, 2, 1], [0, 0, 0]) == [NEW, NEW, REPEAT]
    assert ask(memory, [2, 3], [0, 0]) == [REPEAT, NEW]


def test_the_same_name_with_another_time_is_a_reuse():
    """An id used again for another time is noticed, and the first use keeps its place."""
    memory = Duplicates()
    assert ask(memory, [1, 1, 1], [0, 1, 0]) == [NEW, REUSE, REPEAT]


def test_the_window_ends():
    """A day and a bit after a tag its name is free again."""
    memory = Duplicates()
    assert ask(memory, [1], [0]) == [NEW]
    assert ask(memory, [1], [24]) == [REUSE]
    assert ask(memory, [1], [51]) == [NEW]


def test_a_name_in_use_stays_known():
    """A reused id stays known for a window after its last use, so a copy of the reuse is refused too."""
    memory = Duplicates()
    assert ask(memory, [1], [0]) == [NEW]
    assert ask(memory, [1], [9]) == [REUSE]
    assert ask(memory, [1], [9], [32]) == [REUSE]


def test_shards_do_not_share_names():
    """The same name in two shards is two tags."""
    memory = Duplicates()
    prints = np.array([7 << 16, 7 << 16], np.uint64)
    times = np.full(2, START_MS)
    assert memory.check(prints, np.array([1, 2], np.uint16), times, times, START_MS).tolist() == [NEW, NEW]


TAGS = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 300), st.integers(0, 23)), min_size=1, max_size=60
)


@given(TAGS, st.integers(1, 60))
def test_answers_do_not_depend_on_the_cut(tags, size):
    """One call or many give the same answers, over spans of days and with late tags."""
    marks = np.maximum.accumulate([hour for _, hour, _ in tags]).tolist()
    hours = [float(max(mark - late, 0)) for mark, (_, _, late) in zip(marks, tags, strict=True)]
    names = [name for name, _, _ in tags]
    once, cut, got = Duplicates(), Duplicates(), []
    for i in range(0, len(tags), size):
        got += ask(cut, names[i : i + size], hours[i : i + size], marks[i : i + size])
    assert got == ask(once, names, hours, marks)


@given(TAGS, st.integers(0, 59))
def test_stored_segments_give_the_same_answers(tags, at):
    """A table built from its segments answers as the old one."""
    names, hours = [n for n, _, _ in tags], sorted(float(h % 20) for _, h, _ in tags)
    old, new = Duplicates(), Duplicates()
    ask(old, names[:at], hours[:at]) if names[:at] else None
    segment = old.segment()
    if segment is not None:
        assert new.restore(segment.data) == segment.last_h
        assert old.segment() is None
    if names[at:]:
        assert ask(new, names[at:], hours[at:]) == ask(old, names[at:], hours[at:])


def test_the_table_forgets_what_is_old():
    """Names of days ago do not stay in RAM, and the table does not grow with time."""
    memory = Duplicates()
    sizes = []
    for day in range(12):
        names = list(range(day * 5_000, day * 5_000 + 5_000))
        assert set(ask(memory, names, [day * 24.0] * 5_000)) == {NEW}
        sizes.append(memory.table_bytes)
    assert len(memory) <= 4 * 5_000
    assert sizes[-1] == sizes[4]


@pytest.mark.parametrize("count", [1, 20_000])
def test_every_name_is_kept(count):
    """No name is lost while the table grows."""
    memory = Duplicates()
    names = list(range(count))
    assert set(ask(memory, names, [0] * count)) == {NEW}
    assert set(ask(memory, names, [0] * count)) == {REPEAT}
    assert len(memory) == count


def test_a_large_table_grows_without_losing_a_name():
    """Names move into a larger table in parts, and each is found there."""
    memory, names = Duplicates(), np.arange(1, 150_001, dtype=np.uint64) << np.uint64(16)
    shards, at_ms = np.zeros(10_000, np.uint16), np.full(10_000, START_MS)
    for status in (NEW, REPEAT):
        answers = [memory.check(some, shards, at_ms, at_ms, START_MS) for some in names.reshape(-1, 10_000)]
        assert (np.concatenate(answers) == status).all()
    assert len(memory) == len(names)
