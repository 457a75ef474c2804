"""Rounds: how the tags of a block reach the records, vectorised and yet one at a time for each subject.

In round k the k-th tag of every subject is applied at once. What the rules must look at is
noted on the way, with the features and sequences of that very moment.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import numpy as np
import numpy.typing as npt

from fraud_guard.features.update import RISKY, call_key, has, is_significant
from fraud_guard.features.update import apply as bring_up_to_date
from fraud_guard.features.vector import View, compute
from fraud_guard.memory import ring
from fraud_guard.memory.layout import Seen
from fraud_guard.memory.memory import Memory
from fraud_guard.memory.turns import in_turns
from fraud_guard.rulebook.book import Book
from fraud_guard.tags.block import ROW
from fraud_guard.tags.kinds import LONG_CALL_S, Flag, Kind

Ints = npt.NDArray[np.intp]
NO_TAG = -1
"""Position of a timer's event when the ring has lost the tags of its call."""


_ARRAYS = ("rows", "positions", "now_ms", "watermark_ms", "area")


class Looked(msgspec.Struct):
    """Rows that the rules look at, with what they need to know; one element a row.

    `positions` say where in the log it happened, `rows["position"]` which tag is the evidence.
    `sequences` are the positions of a completed sequence by (rule number, row).
    """

    rows: np.ndarray
    positions: np.ndarray
    now_ms: np.ndarray
    watermark_ms: np.ndarray
    area: np.ndarray
    features: dict[str, np.ndarray]
    sequences: dict[tuple[int, int], tuple[int, ...]]


class Rounds:
    """The records' side of one decision. `watermarks_ms` and `positions` are those of the record of the log."""

    def __init__(self, memory: Memory, book: Book, watermarks_ms: np.ndarray, positions: np.ndarray) -> None:
        self.memory, self.book = memory, book
        self.watermarks_ms, self.positions = watermarks_ms, positions
        self.last_position: dict[bytes, int] = {}
        self._noted: list[Looked] = []

    def take(self) -> Looked | None:
        """What was noted since the last call, as one; None if nothing."""
        noted, self._noted = self._noted, []
        if not noted:
            return None
        joined = {n: np.concatenate([getattr(one, n) for one in noted]) for n in _ARRAYS}
        features = {n: np.concatenate([one.features[n] for one in noted]) for n in self.book.features}
        return Looked(**joined, features=features, sequences=_renumbered(noted))

    def in_rounds(self, rows: np.ndarray, kept: Ints) -> Iterable[tuple[Ints, Ints]]:
        """Indexes of rows and their slots, round by round; slots are distinct within a round."""
        if not len(kept):
            return
        slots = self.memory.slots_of(tokens_of(rows[kept]), rows["shard"][kept].tolist())
        for which in in_turns(slots):
            yield kept[which], slots[which]

    def apply(self, rows: np.ndarray, index: Ints, slots: Ints) -> None:
        """Apply the rows at `index`, one a subject; timers that are due before a row strike first."""
        memory, now = self.memory, rows[index]
        watermark_ms = self.watermarks_ms[index]
        due_ms = memory.head["call_due_ms"][slots]
        late = (due_ms > 0) & (due_ms <= watermark_ms)
        if late.any():
            for slot, mark in zip(slots[late].tolist(), watermark_ms[late].tolist(), strict=True):
                self.fire([slot], mark)
        h = memory.head[slots]
        bring_up_to_date(h, now)
        self._set_timers(h, now)
        self._record(h, now, slots, watermark_ms, now["position"])
        for token, position in zip(tokens_of(h), now["position"].tolist(), strict=True):
            self.last_position[token] = position

    def _record(
        self, h: np.ndarray, now: np.ndarray, slots: Ints, watermark_ms: np.ndarray, positions: np.ndarray
    ) -> None:
        """Write heads back, put significant events into rings, and note what the rules must look at.

        `positions` say where in the log it happens; `now["position"]` which tag is the evidence.
        """
        memory, at = self.memory, np.flatnonzero(is_significant(now))
        looked, rows, where = h[at], now[at], slots[at]
        if len(at):
            ring.insert(memory.ring, looked, where, ring.events_of(rows))
            h[at] = looked
        memory.head[slots] = h
        memory.touch(slots)
        if len(at):
            now_ms = np.maximum(rows["ts_ms"], looked["last_ms"])
            self._noted.append(
                Looked(rows, positions[at], now_ms, watermark_ms[at], looked["area"], compute(View(looked, now_ms), self.book.features),
                       self._sequences(rows, looked, where))
            )  # fmt: skip

    def _sequences(self, rows: np.ndarray, h: np.ndarray, slots: Ints) -> dict[tuple[int, int], tuple[int, ...]]:
        events = ring.read(self.memory.ring, h, slots)
        last, own = events[np.arange(len(rows)), np.maximum(h["ring_size"].astype(np.intp) - 1, 0)], ring.events_of(rows)
        newest_last = (last["position"] == own["position"]) & (last["when"] == own["when"])
        found = self.book.sequences(rows, events, h["ring_size"], newest_last)
        return {(hit.rule, hit.row): hit.positions for hit in found}

    def _set_timers(self, h: np.ndarray, now: np.ndarray) -> None:
        answered = np.flatnonzero((now["kind"] == Kind.CALL_ANSWER) & (h["call"] == call_key(now)))
        if not len(answered):
            return
        some = h[answered]
        due_ms = self.book.next_due_ms(some["call_flags"], some["call_answer_ms"], np.zeros(len(answered)))
        h["call_due_ms"][answered] = due_ms
        for token, due in zip(tokens_of(some), due_ms.tolist(), strict=True):
            if due:
                self.memory.add_timer(due, token)

    def fire(self, slots: list[int], up_to_ms: int) -> None:
        """Strike the call timers of subjects that are due, each as a round of its own."""
        head = self.memory.head
        for slot in slots:
            while 0 < (due_ms := int(head["call_due_ms"][slot])) <= up_to_ms:
                self._strike(slot, due_ms)

    def _strike(self, slot: int, due_ms: int) -> None:
        where = np.array([slot])
        h = self.memory.head[where]
        rows = np.zeros(1, ROW)
        elapsed_s = (due_ms - int(h["call_answer_ms"][0])) // 1000
        rows["token"], rows["kind"], rows["ts_ms"], rows["value"] = h["token"], Kind.TIMER, due_ms, elapsed_s
        rows["flags"] = h["call_flags"] | np.uint32(Flag.LONG if elapsed_s >= LONG_CALL_S else 0)
        rows["peer"], rows["position"] = h["call_peer"], self._call_tag(h, where)
        if elapsed_s >= LONG_CALL_S and has(rows, int(RISKY))[0] and not has(rows, Flag.OUTGOING)[0]:
            seconds = np.uint32(due_ms // 1000)
            h["seen_s"][0, Seen.LONG_RISKY_CALL] = max(h["seen_s"][0, Seen.LONG_RISKY_CALL], seconds)
        h["call_due_ms"] = self.book.next_due_ms(h["call_flags"], h["call_answer_ms"], np.array([elapsed_s]))
        if h["call_due_ms"][0]:
            self.memory.add_timer(int(h["call_due_ms"][0]), h["token"][0].tobytes())
        at = self.position_of(due_ms, self.last_position.get(h["token"][0].tobytes(), -1))
        self._record(h, rows, where, np.array([due_ms]), np.array([at]))

    def _call_tag(self, h: np.ndarray, where: Ints) -> int:
        """The log position of the newest tag in the ring that belongs to the call in progress."""
        events = ring.read(self.memory.ring, h, where)[0]
        kinds = events["when"] >> np.uint64(8) & np.uint64(0xFF)
        own = (events["peer"] == h["call_peer"].astype(np.uint32)) & np.isin(kinds, (Kind.CALL_START, Kind.CALL_ANSWER))
        return int(events["position"][own].astype(np.int64).max(initial=NO_TAG))

    def position_of(self, due_ms: int, cause: int) -> int:
        """Where in the log a due time strikes: at the first row whose watermark has reached it, or at its cause if later."""
        i = min(int(np.searchsorted(self.watermarks_ms, due_ms)), len(self.positions) - 1)
        return max(int(self.positions[i]), cause)


def tokens_of(h: np.ndarray) -> list[bytes]:
    """The 16-byte tokens of rows or heads."""
    raw = np.ascontiguousarray(h["token"]).tobytes()
    return [raw[i : i + 16] for i in range(0, len(raw), 16)]


def _renumbered(noted: list[Looked]) -> dict[tuple[int, int], tuple[int, ...]]:
    chains: dict[tuple[int, int], tuple[int, ...]] = {}
    first = 0
    for one in noted:
        for (rule, row), positions in one.sequences.items():
            chains[rule, first + row] = positions
        first += len(one.rows)
    return chains
