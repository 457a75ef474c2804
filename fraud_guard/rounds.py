"""Rounds: how the tags of a block reach the records, vectorised and yet one at a time for each subject.

In round k the k-th tag of every subject is applied at once. What the rules must look at is
noted on the way, with the record as it was at that very moment; features and sequences are
worked out once, when the rules ask for what was noted.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from fraud_guard.features.calls import call_key, is_risky
from fraud_guard.features.update import apply as bring_up_to_date
from fraud_guard.features.vector import Vector
from fraud_guard.features.view import View
from fraud_guard.memory import packed, ring
from fraud_guard.memory.layout import Seen, hot
from fraud_guard.memory.memory import Memory
from fraud_guard.memory.turns import in_turns
from fraud_guard.rulebook.book import Book
from fraud_guard.rulebook.chains import SequenceHit
from fraud_guard.rulebook.normal_form import Columns
from fraud_guard.tags.block import ROW
from fraud_guard.tags.kinds import LONG_CALL_S, Flag, Kind

Ints = npt.NDArray[np.intp]
NO_TAG = -1
"""Position of a timer's event when the ring has lost the tags of its call."""
_ANSWER = int(Kind.CALL_ANSWER)  # NumPy is slow to understand an IntEnum


class Looked(msgspec.Struct):
    """Rows that the rules look at, with what they need to know; one element a row.

    `positions` say where in the log it happened, `rows["position"]` which tag is the evidence.
    `sequences` are completed sequences by (rule number, row).
    """

    rows: np.ndarray
    positions: np.ndarray
    now_ms: np.ndarray
    watermark_ms: np.ndarray
    area: np.ndarray
    features: Columns
    sequences: dict[tuple[int, int], SequenceHit]


class _Noted(NamedTuple):
    """Significant rows of a round, with heads and rings as they were right after them."""

    rows: np.ndarray
    positions: np.ndarray
    watermark_ms: np.ndarray
    heads: np.ndarray
    rings: np.ndarray
    newest_last: npt.NDArray[np.bool_]


class Rounds:
    """The records' side of one decision. `watermarks_ms` and `positions` are those of the record of the log."""

    def __init__(self, memory: Memory, book: Book, watermarks_ms: np.ndarray, positions: np.ndarray) -> None:
        self.memory, self.book = memory, book
        self.watermarks_ms, self.positions = watermarks_ms, positions
        self.last_position: dict[bytes, int] = {}
        self._applied: list[tuple[Ints, np.ndarray]] = []
        self._noted: list[_Noted] = []

    @property
    def noted(self) -> int:
        """Rows noted since the last `take`."""
        return sum(len(one.rows) for one in self._noted)

    def take(self) -> Looked | None:
        """What was noted since the last call, as one; None if nothing."""
        noted, self._noted = self._noted, []
        if not noted:
            return None
        rows, positions, watermark_ms, heads, rings, newest_last = (
            columns[0] if len(noted) == 1 else np.concatenate(columns) for columns in zip(*noted, strict=True)
        )
        now_ms = np.maximum(rows["ts_ms"], heads["last_ms"])
        events = ring.unroll(rings, heads)
        found = self.book.sequences(rows, events, heads["ring_size"], newest_last)
        sequences = {(hit.rule, hit.row): hit for hit in found}
        features = Vector(View(heads, now_ms, events))
        return Looked(rows, positions, now_ms, watermark_ms, heads["area"], features, sequences)

    def in_rounds(self, rows: np.ndarray, kept: Ints) -> Iterable[tuple[Ints, Ints]]:
        """Indexes of rows and their slots, round by round; slots are distinct within a round."""
        if not len(kept):
            return
        slots = self.memory.slots_of(tokens_of(packed.gather(rows, kept)), rows["shard"][kept].tolist())
        for which in in_turns(slots):
            yield kept[which], slots[which]

    def apply(self, rows: np.ndarray, index: Ints, slots: Ints) -> None:
        """Apply the rows at `index`, one a subject; timers that are due before a row strike first."""
        memory, now = self.memory, packed.gather(rows, index)
        watermark_ms = np.maximum(self.watermarks_ms[index], now["watermark_ms"] + now["ahead_ms"])  # of its own inlet
        due_ms = memory.head["call_due_ms"][slots]
        late = (due_ms > 0) & (due_ms <= watermark_ms)
        if late.any():
            for slot, mark, at in zip(slots[late].tolist(), watermark_ms[late].tolist(), now["position"][late].tolist(), strict=True):
                self.fire([slot], mark, at)
        h, significant = bring_up_to_date(memory.head, memory.ring, slots, now)
        self._set_timers(h, now)
        self._record(h, now, slots, watermark_ms, now["position"], np.flatnonzero(significant))
        self._applied.append((slots, now["position"]))

    def _record(
        self, h: np.ndarray, now: np.ndarray, slots: Ints, watermark_ms: np.ndarray, positions: np.ndarray, at: Ints
    ) -> None:
        """Write heads back, put the events `at` into rings, and note them for the rules.

        `positions` say where in the log it happens; `now["position"]` which tag is the evidence.
        """
        memory = self.memory
        rows, where, newest_last = packed.gather(now, at), slots[at], np.zeros(0, np.bool_)
        if len(at):
            some = packed.gather(h, at)
            newest_last = ring.insert(memory.ring, some, where, rows)
            packed.scatter(h, at, some)
        packed.scatter(hot(memory.head), slots, h)
        memory.touch(slots)
        if len(at):
            heads, rings = packed.gather(memory.head, where), packed.gather(memory.ring, where)
            self._noted.append(_Noted(rows, positions[at], watermark_ms[at], heads, rings, newest_last))

    def _set_timers(self, h: np.ndarray, now: np.ndarray) -> None:
        answered = np.flatnonzero((now["kind"] == _ANSWER) & (h["call"] == call_key(now)))
        if not len(answered):
            return
        some = packed.gather(h, answered)
        due_ms = self.book.next_due_ms(some["call_flags"], some["call_answer_ms"], np.zeros(len(answered)))
        h["call_due_ms"][answered] = due_ms
        set_for = np.flatnonzero(due_ms)
        for token, due in zip(tokens_of(packed.gather(some, set_for)), due_ms[set_for].tolist(), strict=True):
            self.memory.add_timer(due, token)

    def fire(self, slots: list[int], up_to_ms: int, before: int | None = None) -> None:
        """Strike the call timers of subjects that are due, each as a round of its own; `before` the row at this position."""
        due = self.memory.head["call_due_ms"]
        for slot in slots:
            while 0 < (due_ms := int(due[slot])) <= up_to_ms:
                self._strike(slot, due_ms, before)

    def _strike(self, slot: int, due_ms: int, before: int | None) -> None:
        memory, where = self.memory, np.array([slot])
        h = packed.gather(hot(memory.head), where)
        token = h["token"][0].tobytes()
        rows = np.zeros(1, ROW)
        elapsed_s = (due_ms - int(h["call_answer_ms"][0])) // 1000
        rows["token"], rows["kind"], rows["ts_ms"], rows["value"] = h["token"], Kind.TIMER, due_ms, elapsed_s
        rows["flags"] = h["call_flags"] | np.uint32(Flag.LONG if elapsed_s >= LONG_CALL_S else 0)
        rows["peer"], rows["position"] = h["call_peer"], self._call_tag(h, where)
        if elapsed_s >= LONG_CALL_S:
            self._see_long_call(slot, rows["flags"], due_ms)
        h["call_due_ms"] = self.book.next_due_ms(h["call_flags"], h["call_answer_ms"], np.array([elapsed_s]))
        if h["call_due_ms"][0]:
            memory.add_timer(int(h["call_due_ms"][0]), token)
        at = self.position_of(due_ms, self._last_position(slot, token), before)
        self._record(h, rows, where, np.array([due_ms]), np.array([at]), np.zeros(1, np.intp))

    def _see_long_call(self, slot: int, flags: np.ndarray, due_ms: int) -> None:
        """A call that goes on for long is seen before it ends."""
        seen_s = self.memory.head["seen_s"][slot]
        if not flags[0] & np.uint32(Flag.OUTGOING):
            seen_s[Seen.LONG_CALL] = max(seen_s[Seen.LONG_CALL], np.uint32(due_ms // 1000))
        if is_risky(flags)[0]:
            seen_s[Seen.LONG_RISKY_CALL] = max(seen_s[Seen.LONG_RISKY_CALL], np.uint32(due_ms // 1000))

    def _call_tag(self, h: np.ndarray, where: Ints) -> int:
        """The log position of the newest tag in the ring that belongs to the call in progress."""
        kinds = (int(Kind.CALL_START), int(Kind.CALL_ANSWER))
        return ring.newest_position(self.memory.ring[where], h, kinds, int(h["call_peer"][0]))

    def _last_position(self, slot: int, token: bytes) -> int:
        """Position of the subject's last tag in this record of the log; -1 if there is none."""
        for slots, positions in reversed(self._applied):
            at = np.flatnonzero(slots == slot)
            if len(at):
                return int(positions[at[-1]])
        return self.last_position.get(token, -1)

    def position_of(self, due_ms: int, cause: int, before: int | None = None) -> int:
        """Where in the log a due time strikes: at the first row whose watermark has reached it, at the row `before` which it
        must, or at its cause if later.
        """
        i = min(int(np.searchsorted(self.watermarks_ms, due_ms)), len(self.positions) - 1)
        at = int(self.positions[i])
        return max(at if before is None else min(at, before), cause)


def tokens_of(h: np.ndarray) -> list[bytes]:
    """The 16-byte tokens of rows or heads."""
    raw = np.ascontiguousarray(h["token"]).tobytes()
    return [raw[i : i + 16] for i in range(0, len(raw), 16)]
