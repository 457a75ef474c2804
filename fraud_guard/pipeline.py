"""The core: `decide(record, memory, generation) -> effects`, one call for a record of the log.

Live workers, replay, demo and tests all come through here. It reads no clock and does no
I/O; it changes `memory` in place. The result for each subject is that of one tag at a
time, whatever the block sizes and however subjects are spread over partitions: in round k
the k-th tag of every subject of the block is applied, and a subject's own timers strike
just before its first tag whose watermark has reached them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from fraud_guard.behaviour import in_brief, is_heavier
from fraud_guard.escalation.effects import AlertEffect, DeadRow, Effects, Hit, Tally
from fraud_guard.escalation.escalate import Sighting, changes_level, end, observe, standing
from fraud_guard.fusion.evidence import Evidence
from fraud_guard.generation import Generation
from fraud_guard.memory.duplicates import NEW, REUSE
from fraud_guard.memory.episode import Episode
from fraud_guard.memory.layout import EVENTS
from fraud_guard.memory.memory import Memory
from fraud_guard.rounds import NO_TAG, Looked, Rounds, tokens_of
from fraud_guard.rulebook.chains import SequenceHit
from fraud_guard.tags.block import Block, Controls, unpack_area
from fraud_guard.tags.control import OF_NOBODY, Control
from fraud_guard.tags.kinds import Flag, Kind
from fraud_guard.tags.reasons import Reason
from fraud_guard.touches.evidence import evidence_of
from fraud_guard.touches.known import Bad, Found
from fraud_guard.touches.notice import Notice

Ints = npt.NDArray[np.intp]


class Mode(IntEnum):
    """How much is left out while a scorer is behind (`memory.journal.mode`); rules never are.

    BRIEF: the model's reasons and types are worked out only where they change the level of an alert; levels and times stay.
    FEW: besides, the model is not asked about people of whom no rule has said anything that still counts.
    """

    WHOLE = 0
    BRIEF = 1
    FEW = 2


def decide(record: Block | Controls, memory: Memory, generation: Generation, *, whole: bool = True) -> Effects:
    """Apply one record of the log. Raises nothing of its own; the caller owns `memory` afterwards.

    `whole=False` is for a part of a block: the partition's watermark stays where it is and
    nobody's timers strike but those of the subjects in it; a last call with a tick settles the rest.
    """
    if isinstance(record, Controls):
        first = np.array(record.positions[:1] or [memory.position])
        return _Decision(memory, generation, np.array([record.watermark_ms]), first, whole=whole).controls(record)
    return _Decision(memory, generation, record.rows["watermark_ms"], record.rows["position"], whole=whole).block(record)


def settle(token: bytes, up_to_ms: int, memory: Memory, generation: Generation) -> Effects:
    """Let one subject's own due times up to `up_to_ms` strike; nothing else moves."""
    here = np.array([memory.position])
    return _Decision(memory, generation, np.array([memory.watermark_ms]), here, whole=False).settle(token, up_to_ms)


class _Touch(NamedTuple):
    """A tag that touched something bad, with what was known right after it; `after` rows had been noted by then."""

    after: int
    token: bytes
    bad: Bad
    tag: int
    now_ms: int
    watermark_ms: int
    area: int


class _Decision:
    """The working state of one call."""

    def __init__(
        self, memory: Memory, generation: Generation, watermarks_ms: np.ndarray, positions: np.ndarray, *, whole: bool
    ) -> None:
        self.memory, self.book, self.policies, self.whole = memory, generation.book, generation.policies, whole
        self.behaviour, self.mode = generation.behaviour, memory.journal.mode
        self.watermarks_ms = np.maximum.accumulate(np.maximum(watermarks_ms, memory.watermark_ms))
        self.positions = positions
        self.rounds = Rounds(memory, self.book, self.watermarks_ms, positions)
        self.observed: dict[bytes, int] = {}
        self.touched: list[_Touch] = []
        self.alerts: list[AlertEffect] = []
        self.hits: list[Hit] = []

    def block(self, block: Block) -> Effects:
        kept, dead, tally = self._without_duplicates(block)
        touching = self.memory.known.touching(block.rows)
        for index, slots in self.rounds.in_rounds(block.rows, kept):
            self.rounds.apply(block.rows, index, slots)
            if touching is not None and (some := touching[index]).any():
                self._note_touches(block.rows, index[some], slots[some])
        return self._finish(dead, tally)

    def controls(self, record: Controls) -> Effects:
        for control, position in zip(record.items, record.positions, strict=True):
            if control.kind in OF_NOBODY:
                self._control_of_nobody(control, position)
                continue
            self._settle(control.token, control.ts_ms, position)
            if control.kind == "indicator":
                self._find(control, position)
            else:
                self._control(control, position)
        if record.positions:
            self.memory.position = record.positions[-1]
        return self._finish([], Tally(controls=len(record.items)))

    def settle(self, token: bytes, up_to_ms: int) -> Effects:
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
            self.rounds.fire([memory.slots[t] for t in struck if t in memory.slots], memory.watermark_ms)
            self._judge()
            for token in struck:
                self._expire_or_wait(token)
        return self._effects(dead, tally)

    def _effects(self, dead: list[DeadRow], tally: Tally) -> Effects:
        return Effects(tuple(sorted(self.alerts, key=lambda a: a.position)), tuple(dead), tally, tuple(self.hits))

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

    def _judge(self) -> None:
        """Run the rules and the model once over all rows noted so far, and take what hits to the episodes in order."""
        looked = self.rounds.take()
        touched, self.touched = self.touched, []
        if looked is not None:
            touched = self._judge_noted(looked, touched)
        self._observe_touches(touched)

    def _judge_noted(self, looked: Looked, touched: list[_Touch]) -> list[_Touch]:
        """Take what hits to the episodes, and touches in between in their turn; returns those that come behind all."""
        masks: dict[int, np.ndarray] = {}
        for rule, row in looked.sequences:
            masks.setdefault(rule, np.zeros(len(looked.rows), np.bool_))[row] = True
        found = self.book.match(looked.rows, looked.features, masks)
        hit = np.logical_or.reduce([np.zeros(len(looked.rows), np.bool_), *found.values()])
        weights = self._weights(looked, hit, touched)
        for i in np.flatnonzero(hit | (weights > 0)).tolist():
            if touched and touched[0].after <= i:
                earlier = bisect_right(touched, i, key=lambda t: t.after)
                self._observe_touches(touched[:earlier])
                touched = touched[earlier:]
            token = looked.rows["token"][i].tobytes()
            if self.mode >= Mode.FEW and not hit[i] and self._is_quiet(looked, i, token):
                continue
            self._expire(token, int(looked.watermark_ms[i]), int(looked.positions[i]))
            evidence, at = self._evidence(looked, i, found), self._sighting(looked, i, token)
            evidence += self._second_voice(looked, i, at, float(weights[i]), evidence)
            self.hits += [Hit(e.id, token, e.ts_ms) for e in evidence]
            self._observe(at, evidence)
        return touched

    def _weights(self, looked: Looked, hit: np.ndarray, touched: Sequence[_Touch]) -> np.ndarray:
        """The model's weight of each row; in mode FEW it is asked only where it may be heard (see `_is_quiet`)."""
        if self.behaviour is None:
            return np.zeros(len(looked.rows))
        if self.mode < Mode.FEW:
            return self.behaviour.weights(looked)
        tokens, episodes = tokens_of(looked.rows), self.memory.episodes
        loud = {token for token, one in zip(tokens, hit.tolist(), strict=True) if one} | {one.token for one in touched}
        asked = np.flatnonzero([token in loud or token in episodes for token in tokens])
        weights = np.zeros(len(tokens))
        if len(asked):
            weights[asked] = self.behaviour.weights(looked, asked)
        return weights

    def _is_quiet(self, looked: Looked, i: int, token: bytes) -> bool:
        """Whether nothing that was said of the subject counts any more; the same however the log is cut."""
        episode = self.memory.episodes.get(token)
        if episode is None or (episode.n and episode.expire_ms <= looked.watermark_ms[i]):
            return True
        return not standing(episode, max(int(looked.now_ms[i]), episode.ts_ms))

    def _note_touches(self, rows: np.ndarray, index: Ints, slots: Ints) -> None:
        """Keep in mind which of the rows just applied touched something bad."""
        heads, after = self.memory.head[slots], self.rounds.noted
        for i, head in zip(index.tolist(), heads, strict=True):
            now_ms = max(int(rows["ts_ms"][i]), int(head["last_ms"]))
            bad = self.memory.known.met(rows[i], now_ms)
            if bad is not None:
                watermark_ms = max(int(self.watermarks_ms[i]), int(rows["watermark_ms"][i]) + int(rows["ahead_ms"][i]))
                tag = int(rows["position"][i])
                self.touched.append(_Touch(after, head["token"].tobytes(), bad, tag, now_ms, watermark_ms, int(head["area"])))

    def _observe_touches(self, touched: Sequence[_Touch]) -> None:
        for one in touched:
            self._expire(one.token, one.watermark_ms, one.tag)
            alerts = int(self.memory.head["alerts"][self.memory.slots[one.token]])
            at = Sighting(one.token, alerts, one.now_ms, one.tag, unpack_area(one.area))
            self._observe(at, [evidence_of(one.bad, (one.tag,), one.now_ms, self.policies.touches)])

    def _sighting(self, looked: Looked, i: int, token: bytes) -> Sighting:
        alerts = int(self.memory.head["alerts"][self.memory.slots[token]])
        return Sighting(token, alerts, int(looked.now_ms[i]), int(looked.positions[i]), unpack_area(int(looked.area[i])))

    def _evidence(self, looked: Looked, i: int, found: dict[int, np.ndarray]) -> list[Evidence]:
        tag = int(looked.rows["position"][i])
        own = (tag,) if tag != NO_TAG else ()
        ts_ms = int(looked.now_ms[i])
        hits = [looked.sequences.get((k, i)) or SequenceHit(k, i, own) for k, mask in found.items() if mask[i]]
        return [self.book.evidence(hit.rule, ts_ms, hit.positions, hit.seen) for hit in hits]

    def _second_voice(
        self, looked: Looked, i: int, at: Sighting, weight: float, rules: list[Evidence]
    ) -> list[Evidence]:
        if self.behaviour is None or not weight:
            return []
        episode = self.memory.episodes.get(at.token, Episode())
        known = standing(episode, max(at.now_ms, episode.ts_ms))
        told = is_heavier(weight, known)
        if told and self.mode >= Mode.BRIEF:
            untold = self.behaviour.evidence(looked, i, weight, told=False)
            if not changes_level(episode, [*rules, untold], at, self.policies):
                return [in_brief(untold, known)]
        return [self.behaviour.evidence(looked, i, weight, told=told)]

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

    def _expire(self, token: bytes, watermark_ms: int, before: int | None = None) -> None:
        episode = self.memory.episodes.get(token)
        if episode is None or not episode.n or episode.expire_ms > watermark_ms:
            return
        position = self.rounds.position_of(episode.expire_ms, self.observed.get(token, -1), before)
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
        self.rounds.last_position[token] = position
        slot = self.memory.slots.get(token)
        if slot is not None:
            self.rounds.fire([slot], up_to_ms)
            self._judge()
            self._expire(token, up_to_ms)

    def _control_of_nobody(self, control: Control, position: int) -> None:
        """A verdict holds from here on; a hunt has told of everybody."""
        known = self.memory.known
        if control.kind == "verdict":
            if void := known.hear(msgspec.json.decode(control.body, type=Notice), position):
                self._take_back(void)
        elif control.kind == "hunted":
            known.close(Found.read(control.body))

    def _take_back(self, evidence_id: str) -> None:
        """A verdict no longer holds: its evidence goes. The level of an open alert is for people to lower."""
        for token, episode in self.memory.episodes.items():
            kept = [e for e in episode.evidence if e.id != evidence_id]
            if len(kept) < len(episode.evidence):
                episode.evidence = kept
                self.memory.episodes_dirty.add(token)

    def _find(self, control: Control, position: int) -> None:
        """A hunt found an earlier touch of the subject: it counts from the verdict on, once."""
        memory, found, slot = self.memory, Found.read(control.body), self.memory.slots.get(control.token)
        if slot is None or not memory.known.meet(found, control.token):
            return
        head = memory.head[slot]
        now_ms = max(control.ts_ms, int(head["last_ms"]))
        bad = memory.known.bad(found.key, now_ms)
        if bad is not None:
            at = Sighting(control.token, int(head["alerts"]), now_ms, position, unpack_area(int(head["area"])))
            self._observe(at, [evidence_of(bad, (control.n,), now_ms, self.policies.touches)])

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
            memory.ring[slot] = np.zeros((), EVENTS)
        if is_closure and 0 < control.n <= memory.head["alerts"][slot] and control.truth.startswith("true_"):
            memory.head["victim"][slot] = 1  # also when the alert had ended before the officer reported
            memory.touch(np.array([slot]))

    def _drop_episode(self, token: bytes) -> None:
        if self.memory.episodes.pop(token, None) is not None:
            self.memory.episodes_dirty.add(token)
