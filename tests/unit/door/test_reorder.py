"""Within the window the order is that of (time, source, id), however tags arrive."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fraud_guard.door.reorder import Reorder
from fraud_guard.door.rows import Draft

WINDOW_MS = 1_000


def draft(ts_ms: int, name: str = "", source: str = "a") -> Draft:
    return Draft(
        **dict.fromkeys(Draft._fields, 0) | {"ts_ms": ts_ms, "source": source, "id": name, "host": None}
    )


def test_without_a_window_nothing_waits():
    """`reorder_ms` 0 passes everything at once, in the order of arrival."""
    drafts = [draft(5), draft(3), draft(4)]
    reorder = Reorder(0)
    assert reorder.pass_on(drafts) == drafts
    assert reorder.flush() == []


def test_ties_are_ordered_by_source_and_id():
    """Tags of the same millisecond have one order, whichever came first."""
    tags = [draft(9, "2", "b"), draft(9, "1", "b"), draft(9, "3", "a")]
    for order in (tags, tags[::-1]):
        reorder = Reorder(WINDOW_MS)
        assert [d.id for d in reorder.pass_on(order) + reorder.flush()] == ["3", "1", "2"]


def test_a_tag_leaves_when_nothing_can_precede_it():
    """A tag waits for its window of event time and not longer; flush gives the rest."""
    reorder = Reorder(WINDOW_MS)
    assert reorder.pass_on([draft(0), draft(WINDOW_MS)]) == []
    assert [d.ts_ms for d in reorder.pass_on([draft(WINDOW_MS + 1)])] == [0]
    assert [d.ts_ms for d in reorder.flush()] == [WINDOW_MS, WINDOW_MS + 1]
    assert reorder.flush() == []


@given(st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, WINDOW_MS)), max_size=60), st.integers(1, 9))
def test_shuffles_within_the_window_come_out_sorted(tags, size):
    """Tags delayed by at most the window come out in order of time, in any chunks."""
    drafts = [draft(ts_ms, f"{i:03d}") for i, (ts_ms, _) in enumerate(tags)]
    arrived = [
        d
        for _, d in sorted(
            ((t + late, d) for (t, late), d in zip(tags, drafts, strict=True)), key=lambda a: a[0]
        )
    ]
    reorder, out = Reorder(WINDOW_MS), []
    for i in range(0, len(arrived), size):
        out += reorder.pass_on(arrived[i : i + size])
    assert out + reorder.flush() == sorted(drafts)


@given(st.lists(st.integers(0, 50_000), max_size=60))
def test_nothing_is_lost_beyond_the_window(times):
    """Tags that are later than the window pass too; each exactly once."""
    reorder, drafts = Reorder(WINDOW_MS), [draft(t, str(i)) for i, t in enumerate(times)]
    assert sorted(reorder.pass_on(drafts) + reorder.flush()) == sorted(drafts)
