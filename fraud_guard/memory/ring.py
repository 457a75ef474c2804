"""The ring of significant events: insert in time order, read out oldest first."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fraud_guard.memory.layout import EVENT, RING

Ints = npt.NDArray[np.intp]
YOUNG_MS = 86_400_000
"""An event younger than this that is pushed out counts as overflow."""


def pack_when(ts_ms: npt.NDArray[np.int64], kind: npt.NDArray[np.uint8], category: npt.NDArray[np.uint8]) -> np.ndarray:
    """The `when` of events: sorts by time, then kind, then category."""
    return ts_ms.astype(np.uint64) << np.uint64(16) | kind.astype(np.uint64) << np.uint64(8) | category


def events_of(rows: np.ndarray) -> np.ndarray:
    """Rows of a block as events; a position below 0 (none) is kept as it wraps."""
    events = np.zeros(len(rows), EVENT)
    events["when"] = pack_when(rows["ts_ms"], rows["kind"], rows["category"])
    events["flags"], events["position"] = rows["flags"], rows["position"].astype(np.uint64)
    events["peer"] = rows["peer"].astype(np.uint32)
    return events


def insert(ring: np.ndarray, head: np.ndarray, slots: Ints, events: np.ndarray) -> None:
    """Put `events[i]` into the ring of `slots[i]` (slots distinct); `head` holds the gathered heads, changed here.

    An event goes behind all events of the same or an earlier time. A full ring loses its oldest event.
    """
    size, first = head["ring_size"].astype(np.intp), head["ring_head"].astype(np.intp)
    newest = ring["when"][slots, (first + size - 1) % RING]
    appends = (size == 0) | (events["when"] >> np.uint64(16) >= newest >> np.uint64(16))
    _append(ring, head, slots, events, np.flatnonzero(appends))
    for i in np.flatnonzero(~appends):
        _insert_late(ring, head, int(slots[i]), int(i), events[i])


def read(ring: np.ndarray, head: np.ndarray, slots: Ints) -> np.ndarray:
    """Events of `slots`, shape (n, RING), oldest first; beyond a ring's size `when` is 0."""
    at = (head["ring_head"].astype(np.intp)[:, None] + np.arange(RING)) % RING
    events: np.ndarray = ring[slots[:, None], at]
    events["when"][np.arange(RING) >= head["ring_size"][:, None]] = 0
    return events


def _append(ring: np.ndarray, head: np.ndarray, slots: Ints, events: np.ndarray, which: Ints) -> None:
    size, first = head["ring_size"][which].astype(np.intp), head["ring_head"][which].astype(np.intp)
    full = size == RING
    if full.any():
        lost = ring["when"][slots[which[full]], first[full]] >> np.uint64(16)
        young = lost.astype(np.int64) > (events["when"][which[full]] >> np.uint64(16)).astype(np.int64) - YOUNG_MS
        count = head["overflow"][which[full]].astype(np.int64) + young
        head["overflow"][which[full]] = np.minimum(count, 255)
    ring[slots[which], (first + size) % RING] = events[which]
    head["ring_head"][which] = np.where(full, (first + 1) % RING, first)
    head["ring_size"][which] = np.minimum(size + 1, RING)


def _insert_late(ring: np.ndarray, head: np.ndarray, slot: int, i: int, event: np.void) -> None:
    order = (int(head["ring_head"][i]) + np.arange(int(head["ring_size"][i]))) % RING
    events = ring[slot, order]
    at = int(np.searchsorted(events["when"] >> np.uint64(16), event["when"] >> np.uint64(16), side="right"))
    events = np.insert(events, at, event)
    if len(events) > RING:
        oldest_ms, newest_ms = (int(events["when"][k]) >> 16 for k in (0, -1))
        head["overflow"][i] = min(int(head["overflow"][i]) + (oldest_ms > newest_ms - YOUNG_MS), 255)
        events = events[1:]
    ring[slot, : len(events)] = events
    head["ring_head"][i], head["ring_size"][i] = 0, len(events)


def empty(n: int) -> np.ndarray:
    """`n` empty rings."""
    return np.zeros((n, RING), EVENT)
