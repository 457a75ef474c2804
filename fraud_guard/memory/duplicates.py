"""Duplicates: has this (source, id) been scored within the window? 10 bytes a slot, exact to 48 bits.

An open-addressing table in NumPy; entries carry the hour of their tag, so that the window
is one of event time. What was added since the last checkpoint is kept apart as segments.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fraud_guard.memory.turns import in_turns

WINDOW_H = 24
NEW, REPEAT, REUSE = 0, 1, 2
_PURGE_H = 48
_FILL = 0.5
_MOVED = 1 << 16
"""Slots that move into a new table at once: what it takes to move all of them would be larger than the table."""
_MIX = np.uint64(0x9E3779B97F4A7C15)
_U16 = np.uint64(16)
_codec = pa.Codec("zstd", compression_level=1)

U64 = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]


class Segment(NamedTuple):
    """Fingerprints added between two checkpoints; droppable when `last_h` is out of the window."""

    last_h: int
    data: bytes


class Duplicates:
    """The fingerprints of one partition."""

    def __init__(self) -> None:
        self._keys = np.zeros(1 << 14, np.uint64)
        self._hours = np.zeros(1 << 14, np.uint16)
        self._used = 0
        self._purged_h = 0
        self._added: list[tuple[U64, Ints]] = []

    def __len__(self) -> int:
        return self._used

    @property
    def table_bytes(self) -> int:
        """RAM of the table."""
        return self._keys.nbytes + self._hours.nbytes

    def check(
        self, fingerprints: U64, shards: npt.NDArray[np.uint16], ts_ms: Ints, watermark_ms: Ints, floor_ms: int
    ) -> npt.NDArray[np.uint8]:
        """NEW, REPEAT or REUSE for each tag, in order; new ones are remembered.

        A name is known while its tag is at most a window (and the hour it began in) behind
        the watermark of the tag that asks. So the answer depends neither on how the tags are
        cut into calls nor, as the shard is part of the key, on how shards are spread over
        partitions and processes. No tag from now on has a watermark below `floor_ms`.
        """
        keys, floor_h = fingerprints ^ (shards.astype(np.uint64) << np.uint64(48)), floor_ms // 3_600_000
        answer = np.empty(len(keys), np.uint8)
        for part in in_turns(keys >> _U16):
            self._make_room(len(part), floor_h)
            answer[part] = self._check(keys[part], ts_ms[part] // 3_600_000, watermark_ms[part] // 3_600_000)
        return answer

    def _check(self, keys: U64, hours: Ints, now_h: Ints) -> npt.NDArray[np.uint8]:
        """The same for tags whose names are distinct."""
        slots, found = self._find(keys >> _U16)
        found &= _age_h(now_h, self._hours[slots]) <= WINDOW_H + 1
        held = np.where(found, self._keys[slots], keys)
        answer = np.where(found, np.where(keys == held, REPEAT, REUSE), NEW).astype(np.uint8)
        last_h = now_h - _age_h(now_h, self._hours[slots])
        put = np.flatnonzero(~found | (answer == REUSE) & (hours > last_h))  # a reused id stays known as long as its last use
        self._insert(held[put], hours[put])
        self._added.append((held[put], hours[put]))
        return answer

    def segment(self) -> Segment | None:
        """What was added since the last call; None if nothing."""
        added, self._added = [a for a in self._added if len(a[0])], []
        if not added:
            return None
        keys, hours = np.concatenate([k for k, _ in added]), np.concatenate([h for _, h in added])
        raw = len(keys).to_bytes(8, "little") + keys.tobytes() + hours.astype(np.uint32).tobytes()
        return Segment(int(hours.max()), len(raw).to_bytes(8, "little") + _codec.compress(raw, asbytes=True))

    def restore(self, data: bytes) -> int:
        """Add a stored segment; returns its newest hour. Restore in the order of storing."""
        raw = _codec.decompress(data[8:], int.from_bytes(data[:8], "little"), asbytes=True)
        n = int.from_bytes(raw[:8], "little")
        keys = np.frombuffer(raw, np.uint64, n, 8)
        hours = np.frombuffer(raw, np.uint32, n, 8 + 8 * n).astype(np.int64)
        if n:
            self._make_room(n, 0)
            self._insert(keys, hours)
        return int(hours.max(initial=0))

    def _find(self, names: U64) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
        """Slot and presence of each name (absent: the empty slot where it belongs)."""
        mask = len(self._keys) - 1
        slots = self._home(names)
        found = np.zeros(len(names), np.bool_)
        todo = np.arange(len(names))
        while len(todo):
            held = self._keys[slots[todo]]
            hit = (held >> _U16) == names[todo]
            hit &= held != 0
            found[todo[hit]] = True
            todo = todo[~hit & (held != 0)]
            slots[todo] = (slots[todo] + 1) & mask
        return slots, found

    def _insert(self, keys: U64, hours: Ints) -> None:
        """Write keys whose names are distinct; a name already there is overwritten."""
        mask = len(self._keys) - 1
        slots, found = self._find(keys >> _U16)
        todo = np.arange(len(keys))
        self._used += int(len(keys) - found.sum())
        while len(todo):
            at = slots[todo]
            free = (self._keys[at] == 0) | ((self._keys[at] >> _U16) == (keys[todo] >> _U16))
            self._keys[at[free]] = keys[todo[free]]
            done = self._keys[at] == keys[todo]
            self._hours[at[done]] = hours[todo[done]] & 0xFFFF
            todo = todo[~done]
            slots[todo] = (slots[todo] + 1) & mask

    def _make_room(self, more: int, floor_h: int) -> None:
        full = self._used + more > len(self._keys) * _FILL
        if not full and floor_h - self._purged_h < _PURGE_H:
            return
        keys, hours, size = self._keys, self._hours, len(self._keys)
        alive = np.concatenate([_alive(keys[at], hours[at], floor_h) for at in _parts(size)])
        while int(alive.sum()) + more > size * _FILL:
            size *= 2
        self._keys, self._hours = np.zeros(size, np.uint64), np.zeros(size, np.uint16)
        self._used, self._purged_h = 0, floor_h
        for at in _parts(len(keys)):
            self._insert(keys[at][alive[at]], hours[at][alive[at]].astype(np.int64))

    def _home(self, names: U64) -> npt.NDArray[np.intp]:
        return ((names * _MIX) >> np.uint64(20) & np.uint64(len(self._keys) - 1)).astype(np.intp)


def _age_h(now_h: Ints | int, hours: npt.NDArray[np.uint16]) -> Ints:
    """How many hours ago these hours (modulo 65,536) were; negative ahead."""
    return (now_h - hours.astype(np.int64) + 0x8000 & 0xFFFF) - 0x8000


def _alive(keys: U64, hours: npt.NDArray[np.uint16], floor_h: int) -> npt.NDArray[np.bool_]:
    """Which slots hold a name that can still be asked for."""
    held: npt.NDArray[np.bool_] = keys != 0
    return held & (_age_h(floor_h, hours) <= WINDOW_H + 1) if floor_h else held


def _parts(n: int) -> list[slice]:
    return [slice(at, at + _MOVED) for at in range(0, n, _MOVED)]
