"""A lane: the scorer and the desk for a share of the subjects. Everything in it is per subject.

With nobody answering (`none`) effects go straight to the desk. With answers, what people
and clocks do at a time is done before the subject's first tag whose watermark has reached
that time, so the result does not depend on how tags are cut into blocks or lanes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec
import numpy as np

from fraud_guard.adapters.memory_truth import MemoryTruth
from fraud_guard.adapters.messages import Message
from fraud_guard.app.hunting import closing_control, finding_controls
from fraud_guard.app.replay.responder import Doing, Responder
from fraud_guard.app.replay.verdicts import KeptTouches, one_control, verdict_control
from fraud_guard.dispatch.desk import Desk, Outcome
from fraud_guard.dispatch.order import Order
from fraud_guard.escalation.alert import AlertChange, EvidenceView
from fraud_guard.escalation.effects import AlertEffect, Effects, Hit, Tally
from fraud_guard.generation import Generation
from fraud_guard.memory.memory import Memory
from fraud_guard.pipeline import decide, settle
from fraud_guard.ports import SeenEffect
from fraud_guard.tags.block import Block, Controls
from fraud_guard.tags.control import Control
from fraud_guard.touches.notice import Notice

LANE = "replay"


class Yield(msgspec.Struct):
    """What a lane gives back: changes and orders with tag ids still as `#position`, dead rows, counts, evidence found.

    `applied` counts closures of the file that ended an alert.
    """

    changes: list[AlertChange] = msgspec.field(default_factory=list)
    orders: list[Order] = msgspec.field(default_factory=list)
    dead: list[tuple[int, str]] = msgspec.field(default_factory=list)
    tallies: list[Tally] = msgspec.field(default_factory=list)
    applied: int = 0
    hits: list[Hit] = msgspec.field(default_factory=list)


class Lane:
    """One lane."""

    def __init__(self, generation: Generation, desk: Desk, responder: Responder, hunted_keys: Sequence[int] = ()) -> None:
        self.memory = Memory()
        self._generation, self._responder = generation, responder
        self._truth = _QuietTruth(desk)
        self._epoch = self._truth.take_epoch(LANE)
        self._given = Yield()
        self._touches = KeptTouches(hunted_keys)
        self._step = 0

    def feed(self, block: Block) -> Yield:
        """Score a block of this lane's subjects."""
        if not len(block):
            return self._give()
        self._touches.note(block)
        if self._responder.silent:
            self._take(decide(block, self.memory, self._generation), block)
        else:
            for part in parts(block):
                self._act_before(part)
                self._take(decide(part, self.memory, self._generation, whole=False), part)
            self._tick(int(block.rows["watermark_ms"][-1]))
        return self._give()

    def hear(self, notice: Notice) -> Yield:
        """A verdict comes in: it holds from here on, and everybody is told of who touched its app's hosts before."""
        self._control(verdict_control(notice))
        known = self.memory.known
        for sha256, hunt in list(known.hunts.items()):
            for control in list(finding_controls(known, sha256, hunt, self._touches.find(hunt))):
                if not self._responder.silent:
                    self._catch_up(control.token, control.ts_ms)
                self._control(control)
            self._control(closing_control(sha256, hunt))
        return self._give()

    def finish(self, watermark_ms: int) -> Yield:
        """Time has passed up to `watermark_ms`: strike what is due."""
        self._tick(watermark_ms)
        return self._give()

    def _tick(self, watermark_ms: int) -> None:
        if not self._responder.silent:
            for timer in self.memory.due(watermark_ms):
                self._catch_up(timer.token, watermark_ms)
                self._wait_again(timer.token)
            for token in self._responder.due_tokens(watermark_ms):
                self._catch_up(token, watermark_ms)
        self._take(decide(Controls((), (), watermark_ms), self.memory, self._generation), None)

    def _act_before(self, part: Block) -> None:
        raw = np.ascontiguousarray(part.rows["token"]).tobytes()
        waiting, episodes, slots, due_ms = self._responder.waiting, self.memory.episodes, self.memory.slots, self.memory.head["call_due_ms"]
        for i, mark in enumerate(part.rows["watermark_ms"].tolist()):
            token = raw[i * 16 : i * 16 + 16]
            if token in waiting or token in episodes or (token in slots and 0 < due_ms[slots[token]] <= mark):
                self._catch_up(token, mark)

    def _catch_up(self, token: bytes, up_to_ms: int) -> None:
        """Whatever happens to one subject up to a time, in order: own timers before other people's doings."""
        while True:
            doing = self._responder.next_of(token, up_to_ms)
            timer_ms = self.memory.next_due_ms(token)
            if timer_ms is not None and timer_ms <= min(up_to_ms, doing.due_ms if doing else up_to_ms):
                self._take(settle(token, timer_ms, self.memory, self._generation), None)
            elif doing is not None:
                self._responder.done(doing)
                self._act(doing)
            else:
                return

    def _wait_again(self, token: bytes) -> None:
        due_ms = self.memory.next_due_ms(token)
        if due_ms is not None:
            self.memory.add_timer(due_ms, token)

    def _act(self, doing: Doing) -> None:
        if doing.accept is not None:
            order = self._truth.order(doing.accept)
            if order.state == "issued":
                self._given.orders.append(self._truth.accept(doing.accept, "replay", doing.due_ms))
        elif doing.clock is not None:
            outcome = self._truth.strike(doing.clock, doing.due_ms)
            if outcome is not None:
                self._book([outcome])
        elif doing.closure is not None:
            self._close(doing)

    def _close(self, doing: Doing) -> None:
        assert doing.closure is not None  # noqa: S101
        order = self._truth.order(doing.closure.order_id)
        if order.state not in ("issued", "accepted"):
            return
        self._truth.close_order(doing.closure)
        self._given.applied += self._responder.is_of_file(doing.closure)
        self._given.orders.append(self._truth.order(doing.closure.order_id))
        for item in self._truth.claim(["control"], doing.due_ms, 1):
            control = msgspec.msgpack.decode(item.payload, type=Control)
            self._truth.delivered(item, doing.due_ms)
            self._control(control)

    def _control(self, control: Control) -> None:
        record = one_control(control, self.memory.position, self.memory.watermark_ms)
        self._take(decide(record, self.memory, self._generation, whole=False), None)

    def _take(self, effects: Effects, block: Block | None) -> None:
        self._given.tallies.append(effects.tally)
        self._given.hits += effects.hits
        if block is not None:
            rows = block.rows
            self._given.dead += [(int(rows["inlet"][d.row]), d.reason) for d in effects.dead]
        if effects.alerts:
            seen = [SeenEffect(msgspec.structs.replace(e, position=self._step), views(e)) for e in effects.alerts]
            self._step += 1
            self._book(self._truth.apply(LANE, self._epoch, self._step - 1, seen))

    def _book(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            self._given.changes += outcome.changes
            self._given.orders += outcome.orders
            for order in outcome.orders:
                if order.state == "issued":
                    self._responder.hear(order, outcome.alert)

    def _give(self) -> Yield:
        given, self._given = self._given, Yield()
        return given


class _QuietTruth(MemoryTruth):
    """Truth whose messages nobody fetches, but for control records."""

    def send(self, messages: Iterable[Message], now_ms: int) -> None:
        super().send((m for m in messages if m.channel == "control"), now_ms)


def views(effect: AlertEffect) -> tuple[EvidenceView, ...]:
    """Evidence as it is shown, with `#position` in place of tag ids."""
    return tuple(
        EvidenceView(
            kind=e.kind, id=e.id, version=e.version, weight=w, summary_zh=e.summary_zh, summary_en=e.summary_en,
            tag_ids=tuple(f"#{p}" for p in e.positions),
        )
        for e, w in zip(effect.evidence, effect.weights, strict=True)
    )  # fmt: skip


def parts(block: Block) -> Iterator[Block]:
    """The block cut so that no part holds two tags of one subject, in order."""
    turn: dict[bytes, int] = {}
    raw = np.ascontiguousarray(block.rows["token"]).tobytes()
    turns = np.zeros(len(block), np.intp)
    for i in range(len(block)):
        token = raw[i * 16 : i * 16 + 16]
        turns[i] = turn.get(token, 0)
        turn[token] = int(turns[i]) + 1
    for k in range(int(turns.max(initial=0)) + 1):
        index = np.flatnonzero(turns == k)
        if len(index):
            yield Block(block.rows[index], [], [], [])
