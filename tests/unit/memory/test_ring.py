"""The ring: significant events in time order, the oldest lost first."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fraud_guard.memory import ring
from fraud_guard.memory.layout import HEAD, RING
from fraud_guard.tags.block import ROW
from fraud_guard.tags.kinds import Category, Kind, Lure

DAY_MS = 86_400_000


def rows_at(ts_ms: int, position: int) -> np.ndarray:
    rows = np.zeros(1, ROW)
    rows["ts_ms"], rows["kind"], rows["category"], rows["position"] = ts_ms, 4, 2, position
    return rows


def fill(times_ms: list[int]) -> tuple[list[tuple[int, int]], int]:
    """Insert one after the other; (time, position) oldest first, and the overflow."""
    rings, head = ring.empty(3), np.zeros(1, HEAD)
    for position, ts_ms in enumerate(times_ms):
        before = [int(e["when"]) >> 16 for e in ring.unroll(rings[[1]], head)[0]]
        last = ring.insert(rings, head, np.array([1]), rows_at(ts_ms, position))
        assert last[0] == (ts_ms >= max(before))
    read = ring.unroll(rings[[1]], head)[0][: int(head["ring_size"][0])]
    assert not rings["when"][[0, 2]].any()
    return [(int(e["when"]) >> 16, int(e["position"])) for e in read], int(head["overflow"][0])


@given(st.lists(st.integers(0, 90), max_size=150))
def test_events_lie_in_order_of_time_then_arrival(times):
    """Whatever order they come in, the youngest RING events lie sorted; ties keep the order of arrival."""
    plain: list[tuple[int, int]] = []
    for position, ts_ms in enumerate(times):
        plain.append((ts_ms + 1, position))
        plain = sorted(plain)[-RING:]
    assert fill([t + 1 for t in times])[0] == plain


@given(st.lists(st.integers(0, 5), min_size=60, max_size=120))
def test_overflow_counts_young_losses_alike_for_late_events(days):
    """An event that is lost within a day of the newest counts, appended or inserted late."""
    plain, overflow = [], 0
    times_ms = [(d * DAY_MS) // 2 + 1 for d in days]
    for position, ts_ms in enumerate(times_ms):
        plain = sorted([*plain, (ts_ms, position)])
        if len(plain) > RING:
            overflow += plain[0][0] > plain[-1][0] - ring.YOUNG_MS
            plain = plain[1:]
    assert fill(times_ms)[1] == overflow


@given(
    st.integers(1, (1 << 42) - 1), st.sampled_from(Kind), st.sampled_from([0, 1, 11, 23, 63]),
    st.one_of(st.just(-1), st.integers(0, (1 << 44) - 2)), st.integers(0, (1 << 64) - 1),
)  # fmt: skip
def test_an_event_is_packed_without_loss(ts_ms, kind, category, position, peer):
    """Time, kind, category, flags and position are read as they were put in; of the peer 16 bits; no position stays none."""
    rows = rows_at(ts_ms, position)
    rows["kind"], rows["category"], rows["flags"], rows["peer"] = kind, category, 0xFFFF_FFFE, peer
    rings, head = ring.empty(1), np.zeros(1, HEAD)
    ring.insert(rings, head, np.array([0]), rows)
    event = ring.unroll(rings, head)[0, 0]
    assert int(event["when"]) == ts_ms << 16 | kind << 8 | category
    assert (event["flags"], event["peer"]) == (0xFFFF_FFFE, peer & 0xFFFF)
    assert event["position"].astype(np.int64) == position


def test_every_kind_and_category_has_room():
    """Kinds fit in four bits, app categories and lures in six."""
    assert max(Kind) < 16
    assert max(*Category, max(Lure).bit_length()) < 64


def test_rows_of_one_call_do_not_mix():
    """Several subjects at once get their own events, appended or late."""
    rings, heads = ring.empty(2), np.zeros(2, HEAD)
    for times in ((10, 20), (30, 5), (30, 7)):
        ring.insert(rings, heads, np.array([1, 0]), np.concatenate([rows_at(t, t) for t in times]))
    read = ring.unroll(rings[[1, 0]], heads)
    assert (read["when"] >> np.uint64(16)).tolist() == [[10, 30, 30], [5, 7, 20]]


def test_the_newest_event_of_a_call_is_found():
    """The position of the newest event of some kinds with a peer; -1 where there is none."""
    rings, head = ring.empty(1), np.zeros(1, HEAD)
    for position, (kind, peer) in enumerate([(1, 77), (2, 77), (4, 77), (2, 78)]):
        rows = rows_at(10 + position, position)
        rows["kind"], rows["peer"] = kind, peer
        ring.insert(rings, head, np.array([0]), rows)
    assert ring.newest_position(rings, head, (1, 2), 77) == 1
    assert ring.newest_position(rings, head, (1, 2), 79) == -1
