"""Within the window the order is that of (time, source, id), however tags arrive."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fraud_guard.door.reorder import Reorder
from fraud_guard.tags.block import EMPTY, ROW, Block, join

WINDOW_MS = 1_000


def draft(ts_ms: int, name: str = "", source: str = "a") -> Block:
    rows = np.zeros(1, ROW)
    rows["ts_ms"] = ts_ms
    return Block(rows, [name], [source], [None])


def times(block: Block) -> list[int]:
    return block.rows["ts_ms"].tolist()


def test_without_a_window_nothing_waits():
    """`reorder_ms` 0 passes everything at once, in the order of arrival."""
    drafts = join([draft(5), draft(3), draft(4)])
    reorder = Reorder(0)
    assert reorder.pass_on(drafts) is drafts
    assert len(reorder.flush()) == 0


def test_ties_are_ordered_by_source_and_id():
    """Tags of the same millisecond have one order, whichever came first."""
    tags = [draft(9, "2", "b"), draft(9, "1", "b"), draft(9, "3", "a")]
    for order in (tags, tags[::-1]):
        reorder = Reorder(WINDOW_MS)
        assert (reorder.pass_on(join(order)) + reorder.flush()).ids == ["3", "1", "2"]


def test_a_tag_leaves_when_nothing_can_precede_it():
    """A tag waits for its window of event time and not longer; flush gives the rest."""
    reorder = Reorder(WINDOW_MS)
    assert len(reorder.pass_on(join([draft(0), draft(WINDOW_MS)]))) == 0
    assert times(reorder.pass_on(draft(WINDOW_MS + 1))) == [0]
    assert times(reorder.flush()) == [WINDOW_MS, WINDOW_MS + 1]
    assert len(reorder.flush()) == 0


@given(st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, WINDOW_MS)), min_size=1, max_size=60), st.integers(1, 9))
def test_shuffles_within_the_window_come_out_sorted(tags, size):
    """Tags delayed by at most the window come out in order of time, in any chunks."""
    drafts = [(ts_ms, f"{i:03d}") for i, (ts_ms, _) in enumerate(tags)]
    late = sorted(((t + late, d) for (t, late), d in zip(tags, drafts, strict=True)), key=lambda a: a[0])
    arrived = join([draft(*d) for _, d in late])
    reorder, out = Reorder(WINDOW_MS), EMPTY
    for some in arrived.cut(size):
        out += reorder.pass_on(some)
    out += reorder.flush()
    assert list(zip(times(out), out.ids, strict=True)) == sorted(drafts)


@given(st.lists(st.integers(0, 50_000), min_size=1, max_size=60))
def test_nothing_is_lost_beyond_the_window(times_ms):
    """Tags that are later than the window pass too; each exactly once, with its host and time."""
    reorder, drafts = Reorder(WINDOW_MS), join([draft(t, str(i)) for i, t in enumerate(times_ms)])
    drafts.hosts[0] = "odd.example"
    out = reorder.pass_on(drafts) + reorder.flush()
    assert sorted(zip(times(out), out.ids, out.hosts, strict=True)) == sorted(zip(times_ms, drafts.ids, drafts.hosts, strict=True))
