"""The core: `decide(record, memory, generation) -> effects`, one call for a record of the log.

Live workers, replay, demo and tests all come through here. It reads no clock and does no
I/O; it changes `memory` in place. The result for each subject is that of one tag at a
time, whatever the block sizes and however subjects are spread over partitions: in round k
the k-th tag of every subject of the block is applied, and a subject's own timers strike
just before its first tag whose watermark has reached them.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import numpy as np
import numpy.typing as npt

from fraud_guard.escalation.effects import AlertEffect, DeadRow, Effects, Tally
from fraud_guard.escalation.escalate import Sighting, end, observe
from fraud_guard.features.update import RISKY, apply, call_key, has, is_significant
from fraud_guard.features.vector import View, compute
from fraud_guard.fusion.evidence import Evidence
from fraud_guard.generation import Generation
from fraud_guard.memory import ring
from fraud_guard.memory.duplicates import NEW, REUSE
from fraud_guard.memory.episode import Episode
from fraud_guard.memory.layout import EVENT, Seen
from fraud_guard.memory.memory import Memory
from fraud_guard.tags.block import ROW, Block, Controls, unpack_area
from fraud_guard.tags.control import Control
from fraud_guard.tags.kinds import LONG_CALL_S, Flag, Kind
from fraud_guard.tags.reasons import Reason

Ints = npt.NDArray[np.intp]
_NO_TAG = -1
"""Position of a timer's event when the ring has lost the tags of its call."""


class _Round(msgspec.Struct):
    """Rows of one round that the rules look at, with what they need to know."""

    rows: np.ndarray
    positions: np.ndarray
    now_ms: np.ndarray
    watermark_ms: np.ndarray
    area: np.ndarray
    features: dict[str, np.ndarray]
    sequences: dict[tuple[int, int], tuple[int, ...]]


def decide(record: Block | Controls, memory: Memory, generation: Generation, *, whole: bool = True) -> Effects:
    """Apply one record of the log. Raises nothing of its own; the caller owns `memory` afterwards.

    `whole=False` is for a part of a block: the partition's watermark stays where it is and
    nobody's timers strike but those of the subjects in it; a last call with a tick settles the rest.
    """
    if isinstance(record, Controls):
        return _Decision(memory, generation, np.array([record.watermark_ms]), whole=whole).controls(record)
    return _Decision(memory, generation, record.rows["watermark_ms"], whole=whole).block(record)


def settle(token: bytes, up_to_ms: int, memory: Memory, generation: Generation) -> Effects:
    """Let one subject's own due times up to `up_to_ms` strike; nothing else moves."""
    return _Decision(memory, generation, np.array([memory.watermark_ms]), whole=False).settle(token, up_to_ms)


class _Decision:
    """The working state of one call."""

    def __init__(self, memory: Memory, generation: Generation, watermarks_ms: np.ndarray, *, whole: bool) -> None:
        self.whole = whole
        self.memory, self.book, self.policies = memory, generation.book, generation.policies
        self.watermarks_ms = np.maximum.accumulate(np.maximum(watermarks_ms, memory.watermark_ms))
        self.positions = np.zeros(len(watermarks_ms), np.int64)
        self.last_position: dict[bytes, int] = {}
        self.observed: dict[bytes, int] = {}
        self.rounds: list[_Round] = []
        self.alerts: list[AlertEffect] = []

    def block(self, block: Block) -> Effects:
        self.positions = block.rows["position"]
        kept, dead, tally = self._without_duplicates(block)
        for index, slots in self._in_rounds(block.rows, kept):
            self._round(block.rows, index, slots)
        return self._finish(dead, tally)

    def controls(self, record: Controls) -> Effects:
        self.positions = np.array(record.positions[:1] or [self.memory.position])
        for control, position in zip(record.items, record.positions, strict=True):
            self._settle(control.token, control.ts_ms, position)
            self._control(control, position)
        if record.positions:
            self.memory.position = record.positions[-1]
        return self._finish([], Tally(controls=len(record.items)))

    def settle(self, token: bytes, up_to_ms: int) -> Effects:
        self.positions = np.array([self.memory.position])
        self._settle(token, up_to_ms, self.memory.position)
        return self._finish([], Tally())

    def _finish(self, dead: list[DeadRow], tally: Tally) -> Effects:
        memory = self.memory
        if not self.whole:
            self._judge()
            return self._effects(dead, tally)
        if len(self.watermarks_ms):
            memory.watermark_ms = int(self.watermarks_ms[-1])
            memory.position = max(memory.position, int(self.positions[-1]))
        self._judge()
        while struck := list(dict.fromkeys(t.token for t in memory.due(memory.watermark_ms))):
            self._fire([memory.slots[t] for t in struck if t in memory.slots], memory.watermark_ms)
            self._judge()
            for token in struck:
                self._expire_or_wait(token)
        return self._effects(dead, tally)

    def _effects(self, dead: list[DeadRow], tally: Tally) -> Effects:
        return Effects(tuple(sorted(self.alerts, key=lambda a: a.position)), tuple(dead), tally)

    def _without_duplicates(self, block: Block) -> tuple[Ints, list[DeadRow], Tally]:
        rows = block.rows
        tags = np.flatnonzero(rows["kind"] != Kind.TICK)
        status = self.memory.duplicates.check(
            rows["fingerprint"][tags], rows["shard"][tags], rows["ts_ms"][tags], self.watermarks_ms[tags],
            self.memory.watermark_ms,
        )  # fmt: skip
        kept = tags[status == NEW]
        dead = [DeadRow(int(i), Reason.ID_REUSE) for i in tags[status == REUSE]]
        flags = rows["flags"][kept]
        tally = Tally(
            read=len(tags), scored=len(kept), dead=len(dead), duplicate=len(tags) - len(kept) - len(dead),
            late=int(((flags & np.uint32(Flag.LATE)) != 0).sum()), clamped=int(((flags & np.uint32(Flag.CLAMPED)) != 0).sum()),
        )  # fmt: skip
        return kept, dead, tally

    def _in_rounds(self, rows: np.ndarray, kept: Ints) -> Iterable[tuple[Ints, Ints]]:
        """Indexes of rows and their slots, round by round; slots are distinct within a round."""
        if not len(kept):
            return
        raw = np.ascontiguousarray(rows["token"][kept]).tobytes()
        tokens = [raw[i : i + 16] for i in range(0, len(raw), 16)]
        slots = self.memory.slots_of(tokens, rows["shard"][kept].tolist())
        order = np.argsort(slots, kind="stable")
        starts = np.flatnonzero(np.append(True, np.diff(slots[order]) != 0))
        turn = np.empty(len(kept), np.intp)
        turn[order] = np.arange(len(kept)) - np.repeat(starts, np.diff(np.append(starts, len(kept))))
        for k in range(int(turn.max()) + 1):
            which = np.flatnonzero(turn == k)
            yield kept[which], slots[which]

    def _round(self, rows: np.ndarray, index: Ints, slots: Ints) -> None:
        memory, now = self.memory, rows[index]
        watermark_ms = self.watermarks_ms[index]
        due_ms = memory.head["call_due_ms"][slots]
        late = (due_ms > 0) & (due_ms <= watermark_ms)
        if late.any():
            for slot, mark in zip(slots[late].tolist(), watermark_ms[late].tolist(), strict=True):
                self._fire([slot], mark)
        h = memory.head[slots]
        apply(h, now)
        self._set_timers(h, now)
        self._record(h, now, slots, watermark_ms, now["position"])
        for token, position in zip(_tokens(h), now["position"].tolist(), strict=True):
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
            self.rounds.append(
                _Round(rows, positions[at], now_ms, watermark_ms[at], looked["area"], compute(View(looked, now_ms), self.book.features),
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
        for token, due in zip(_tokens(some), due_ms.tolist(), strict=True):
            if due:
                self.memory.add_timer(due, token)

    def _fire(self, slots: list[int], up_to_ms: int) -> None:
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
        at = self._position(due_ms, self.last_position.get(h["token"][0].tobytes(), -1))
        self._record(h, rows, where, np.array([due_ms]), np.array([at]))

    def _call_tag(self, h: np.ndarray, where: Ints) -> int:
        """The log position of the newest tag in the ring that belongs to the call in progress."""
        events = ring.read(self.memory.ring, h, where)[0]
        kinds = events["when"] >> np.uint64(8) & np.uint64(0xFF)
        own = (events["peer"] == h["call_peer"].astype(np.uint32)) & np.isin(kinds, (Kind.CALL_START, Kind.CALL_ANSWER))
        return int(events["position"][own].astype(np.int64).max(initial=_NO_TAG))

    def _position(self, due_ms: int, cause: int) -> int:
        """Where in the log a due time strikes: at the first row whose watermark has reached it, or at its cause if later."""
        i = min(int(np.searchsorted(self.watermarks_ms, due_ms)), len(self.positions) - 1)
        return max(int(self.positions[i]), cause)

    def _judge(self) -> None:
        """Run the rules once over all rows noted so far, and take what hits to the episodes in order."""
        rounds, self.rounds = self.rounds, []
        if not rounds:
            return
        rows = np.concatenate([r.rows for r in rounds])
        features = {n: np.concatenate([r.features[n] for r in rounds]) for n in self.book.features}
        chains, masks = _spread(rounds, len(rows))
        found = self.book.match(rows, features, masks)
        if not found:
            return
        at_position = np.concatenate([r.positions for r in rounds])
        now_ms, marks = np.concatenate([r.now_ms for r in rounds]), np.concatenate([r.watermark_ms for r in rounds])
        area = np.concatenate([r.area for r in rounds])
        for i in np.flatnonzero(np.logical_or.reduce(list(found.values()))).tolist():
            ts_ms, position, tag = int(now_ms[i]), int(at_position[i]), int(rows["position"][i])
            own = (tag,) if tag != _NO_TAG else ()
            evidence = [self.book.evidence(k, ts_ms, chains.get((k, i), own)) for k, m in found.items() if m[i]]
            token = rows["token"][i].tobytes()
            self._expire(token, int(marks[i]))
            self._observe(Sighting(token, self._alerts_of(token), ts_ms, position, unpack_area(int(area[i]))), evidence)

    def _observe(self, at: Sighting, found: list[Evidence]) -> None:
        memory = self.memory
        episode = memory.episodes.setdefault(at.token, Episode())
        memory.episodes_dirty.add(at.token)
        self.observed[at.token] = at.position
        change = observe(episode, found, at, self.policies)
        if change is None:
            return
        if change.change == "raised":
            slot = memory.slots[at.token]
            memory.head["alerts"][slot] = episode.n
            memory.touch(np.array([slot]))
            memory.add_timer(episode.expire_ms, at.token)
        self.alerts.append(change)

    def _expire(self, token: bytes, watermark_ms: int) -> None:
        episode = self.memory.episodes.get(token)
        if episode is None or not episode.n or episode.expire_ms > watermark_ms:
            return
        position = self._position(episode.expire_ms, self.observed.get(token, -1))
        at = Sighting(token, episode.n, episode.expire_ms, position, episode.area)
        self.alerts.append(end(episode, at, "expired", self.policies))
        self._drop_episode(token)

    def _expire_or_wait(self, token: bytes) -> None:
        self._expire(token, self.memory.watermark_ms)
        episode = self.memory.episodes.get(token)
        if episode is not None and episode.n:
            self.memory.add_timer(episode.expire_ms, token)

    def _settle(self, token: bytes, up_to_ms: int, position: int) -> None:
        """Let the subject's own due times strike before something that came later."""
        self.last_position[token] = position
        slot = self.memory.slots.get(token)
        if slot is not None:
            self._fire([slot], up_to_ms)
            self._judge()
            self._expire(token, up_to_ms)

    def _control(self, control: Control, position: int) -> None:
        """A release ends and forgets everything; a closure only its own alert, if that is still open."""
        memory, slot = self.memory, self.memory.slots.get(control.token)
        if slot is None:
            return
        episode = memory.episodes.get(control.token)
        is_closure, n = control.kind == "closure", episode.n if episode is not None else 0
        if episode is not None and n and (n == control.n or not is_closure):
            at = Sighting(control.token, n, control.ts_ms, position, episode.area)
            self.alerts.append(end(episode, at, "closed", self.policies, control.body))
        if not is_closure or (n and n == control.n):
            self._drop_episode(control.token)
            memory.forget(slot, keep_history=is_closure)
            memory.ring[slot] = np.zeros((), EVENT)
        if is_closure and 0 < control.n <= memory.head["alerts"][slot] and control.truth.startswith("true_"):
            memory.head["victim"][slot] = 1  # also when the alert had ended before the officer reported
            memory.touch(np.array([slot]))

    def _drop_episode(self, token: bytes) -> None:
        if self.memory.episodes.pop(token, None) is not None:
            self.memory.episodes_dirty.add(token)

    def _alerts_of(self, token: bytes) -> int:
        return int(self.memory.head["alerts"][self.memory.slots[token]])


def _spread(rounds: list[_Round], n: int) -> tuple[dict[tuple[int, int], tuple[int, ...]], dict[int, np.ndarray]]:
    """Sequence hits of all rounds, renumbered to the rows of the chunk, and as masks by rule."""
    chains: dict[tuple[int, int], tuple[int, ...]] = {}
    masks: dict[int, np.ndarray] = {}
    first = 0
    for one in rounds:
        for (rule, row), positions in one.sequences.items():
            chains[rule, first + row] = positions
            masks.setdefault(rule, np.zeros(n, np.bool_))[first + row] = True
        first += len(one.rows)
    return chains, masks


def _tokens(h: np.ndarray) -> list[bytes]:
    raw = np.ascontiguousarray(h["token"]).tobytes()
    return [raw[i : i + 16] for i in range(0, len(raw), 16)]
