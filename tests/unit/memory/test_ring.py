"""The ring: significant events in time order, the oldest lost first."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fraud_guard.memory import ring
from fraud_guard.memory.layout import EVENT, HEAD, RING

DAY_MS = 86_400_000


def event(ts_ms: int, position: int) -> np.ndarray:
    events = np.zeros(1, EVENT)
    events["when"] = ring.pack_when(np.array([ts_ms]), np.array([4], np.uint8), np.array([2], np.uint8))
    events["position"] = position
    return events


def fill(times_ms: list[int]) -> tuple[list[tuple[int, int]], int]:
    """Insert one after the other; (time, position) oldest first, and the overflow."""
    rings, head = ring.empty(3), np.zeros(1, HEAD)
    for position, ts_ms in enumerate(times_ms):
        ring.insert(rings, head, np.array([1]), event(ts_ms, position))
    read = ring.read(rings, head, np.array([1]))[0][: int(head["ring_size"][0])]
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


def test_time_kind_and_category_are_packed_apart():
    """`when` holds time, kind and category without loss."""
    when = ring.pack_when(np.array([4_102_444_800_000]), np.array([255], np.uint8), np.array([254], np.uint8))
    assert int(when[0]) >> 16 == 4_102_444_800_000
    assert int(when[0]) >> 8 & 255 == 255
    assert int(when[0]) & 255 == 254


def test_rows_of_one_call_do_not_mix():
    """Several subjects at once get their own events, appended or late."""
    rings, heads = ring.empty(2), np.zeros(2, HEAD)
    for times in ((10, 20), (30, 5), (30, 7)):
        events = np.concatenate([event(t, t) for t in times])
        ring.insert(rings, heads, np.array([1, 0]), events)
    read = ring.read(rings, heads, np.array([1, 0]))
    assert (read["when"] >> np.uint64(16))[:, :3].tolist() == [[10, 30, 30], [5, 7, 20]]
    assert not read["when"][:, 3:].any()
