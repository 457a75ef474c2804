"""The ring of significant events: insert in time order, read out oldest first."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fraud_guard.memory.layout import EVENT, EVENTS, RING

Ints = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]
YOUNG_MS = 86_400_000
"""An event younger than this that is pushed out counts as overflow."""
_TIME, _KIND, _CATEGORY = np.uint64(22), np.uint64(18), np.uint64(12)
_HIGH, _LOW, _NONE = np.uint64(0xFFF), np.uint64(0xFFFF_FFFF), np.uint64((1 << 44) - 1)


def pack(ts_ms: np.ndarray, kind: np.ndarray, category: np.ndarray, position: np.ndarray) -> np.ndarray:
    """The `when` of packed events: 42 bits of time, 4 of kind, 6 of category, the upper 12 of 44 of the position."""
    when: np.ndarray = (
        ts_ms.astype(np.uint64) << _TIME
        | kind.astype(np.uint64) << _KIND
        | category.astype(np.uint64) << _CATEGORY
        | position.astype(np.uint64) >> np.uint64(32) & _HIGH
    )
    return when


def insert(rings: np.ndarray, head: np.ndarray, slots: Ints, rows: np.ndarray) -> Bools:
    """Put `rows[i]` as an event into the ring of `slots[i]` (slots distinct); `head` (hot parts) is changed in place.

    An event goes behind all events of the same or an earlier time. A full ring loses its
    oldest event. Returns which events are now the last of their rings.
    """
    size, first = head["ring_size"].astype(np.intp), head["ring_head"].astype(np.intp)
    newest = rings["when"][slots, (first + size - 1) % RING]
    event = _events_of(rows)
    appends: Bools = (size == 0) | (event["when"] >> _TIME >= newest >> _TIME)
    _append(rings, head, slots, event, np.flatnonzero(appends))
    for i in np.flatnonzero(~appends).tolist():
        _insert_late(rings, head, int(slots[i]), i, {name: column[i] for name, column in event.items()})
    return appends


def unroll(rings: np.ndarray, head: np.ndarray) -> np.ndarray:
    """Events of `rings` (n,) as dtype EVENT, oldest first, shape (n, size of the fullest); beyond a ring's size `when` is 0."""
    size, first = head["ring_size"].astype(np.intp), head["ring_head"].astype(np.intp)
    width = int(size.max(initial=1))
    columns = {name: rings[name][:, :width] for name in ("when", "flags", "position", "peer")}
    if first.any():
        at = (first[:, None] + np.arange(width)) % RING
        columns = {name: np.take_along_axis(rings[name], at, 1) for name in columns}
    events = np.empty((len(rings), width), EVENT)
    when = np.where(np.arange(width) < size[:, None], columns["when"], np.uint64(0))
    events["when"] = (when >> _TIME) << np.uint64(16) | (when >> np.uint64(10)) & np.uint64(0xF00) | (when >> _CATEGORY) & np.uint64(0x3F)
    position = (when & _HIGH) << np.uint64(32) | columns["position"]
    events["position"] = np.where(position == _NONE, ~np.uint64(0), position)
    events["flags"], events["peer"] = columns["flags"], columns["peer"]
    return events


def newest_position(rings: np.ndarray, head: np.ndarray, kinds: tuple[int, ...], peer: int) -> int:
    """The highest log position of an event of these kinds with this peer in one ring (shape (1,)); -1 if there is none."""
    events = unroll(rings, head)[0]
    own = (events["peer"] == peer & 0xFFFF) & np.isin(events["when"] >> np.uint64(8) & np.uint64(0xFF), kinds)
    return int(events["position"][own & (events["when"] > 0)].astype(np.int64).max(initial=-1))


def has_peer(rings: np.ndarray, slots: Ints, peer: np.ndarray, flags: int, since_ms: np.ndarray) -> Bools:
    """Which rings (`rings` of the whole memory, at `slots`) hold an event with the row's peer and one of `flags` at or after `since_ms`."""
    same = rings["peer"][slots] == (peer & np.uint64(0xFFFF)).astype(np.uint16)[:, None]
    found: Bools = np.zeros(len(slots), np.bool_)
    at = np.flatnonzero(same.any(axis=1))
    young = rings["when"][slots[at]] >> _TIME >= since_ms[at, None].astype(np.uint64)
    found[at] = (same[at] & young & ((rings["flags"][slots[at]] & np.uint32(flags)) != 0)).any(axis=1)
    return found


def _events_of(rows: np.ndarray) -> dict[str, np.ndarray]:
    position = rows["position"]
    return {
        "when": pack(rows["ts_ms"], rows["kind"], rows["category"], position),
        "flags": rows["flags"],
        "position": (position.astype(np.uint64) & _LOW).astype(np.uint32),
        "peer": (rows["peer"] & np.uint64(0xFFFF)).astype(np.uint16),
    }


def _append(rings: np.ndarray, head: np.ndarray, slots: Ints, event: dict[str, np.ndarray], which: Ints) -> None:
    size, first = head["ring_size"][which].astype(np.intp), head["ring_head"][which].astype(np.intp)
    full = size == RING
    if full.any():
        lost = rings["when"][slots[which[full]], first[full]] >> _TIME
        young = lost.astype(np.int64) > (event["when"][which[full]] >> _TIME).astype(np.int64) - YOUNG_MS
        count = head["overflow"][which[full]].astype(np.int64) + young
        head["overflow"][which[full]] = np.minimum(count, 255)
    at = (first + size) % RING
    for name, column in event.items():
        rings[name][slots[which], at] = column[which]
    head["ring_head"][which] = np.where(full, (first + 1) % RING, first)
    head["ring_size"][which] = np.minimum(size + 1, RING)


def _insert_late(rings: np.ndarray, head: np.ndarray, slot: int, i: int, event: dict[str, np.generic]) -> None:
    order = (int(head["ring_head"][i]) + np.arange(int(head["ring_size"][i]))) % RING
    times, time = rings["when"][slot, order] >> _TIME, int(event["when"]) >> int(_TIME)
    at = int(np.searchsorted(times, np.uint64(time), side="right"))
    times = np.insert(times, at, time)
    overflows = len(times) > RING
    if overflows:
        head["overflow"][i] = min(int(head["overflow"][i]) + (int(times[0]) > int(times[-1]) - YOUNG_MS), 255)
    for name, value in event.items():
        column = np.insert(rings[name][slot, order], at, value)[overflows:]
        rings[name][slot, : len(column)] = column
    head["ring_head"][i], head["ring_size"][i] = 0, len(times) - overflows


def empty(n: int) -> np.ndarray:
    """`n` empty rings."""
    return np.zeros(n, EVENTS)
