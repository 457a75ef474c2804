"""The scorer in plain Python: one tag at a time, every subject in a dict, no arrays.

It says what `decide` must give, whatever the blocks. A row is a dict with the names of
`tags.block.ROW`. Nothing here is fast.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from fraud_guard.escalation.policy import EscalationPolicy
from fraud_guard.fusion.policy import FusionPolicy
from fraud_guard.memory.layout import Seen
from fraud_guard.rulebook.rule import Rule
from fraud_guard.tags.block import unpack_area
from fraud_guard.tags.control import Control
from fraud_guard.tags.kinds import Flag, Kind
from tests.reference.alerts import Case, Change, Clue
from tests.reference.chains import best_chain
from tests.reference.language import holds_for_event, holds_for_record
from tests.reference.record import LONG_S, Call, Event, Record, Row, apply, is_significant, put_in_ring

HOUR_MS = 3_600_000
WINDOW_H = 25
"""The duplicate window of 24 h, in whole hours of the tag's time."""


@dataclass
class Subject:
    """One subject: what is remembered, and the case."""

    record: Record = field(default_factory=Record)
    case: Case = field(default_factory=Case)


class PlainScorer:
    """Feed it with `tag`, `tick` and `control`; read `changes`, `dead` and `counts`."""

    def __init__(self, rules: Sequence[Rule], fusion: FusionPolicy, escalation: EscalationPolicy) -> None:
        live = (r for r in rules if r.status in ("test", "stable"))
        self.rules = sorted(live, key=lambda r: r.id)
        self.fusion, self.escalation = fusion, escalation
        self.subjects: dict[bytes, Subject] = {}
        self.known: dict[tuple[int, int], tuple[int, int]] = {}
        self.watermark_ms = 0
        self.changes: list[Change] = []
        self.dead: list[int] = []
        self.counts = {"read": 0, "scored": 0, "duplicate": 0, "dead": 0, "controls": 0}

    # --- what comes in --------------------------------------------------------------

    def tag(self, row: Row) -> None:
        """One tag of the log."""
        self.tick(row["watermark_ms"], row["position"])
        self.counts["read"] += 1
        fate = self._fate(row)
        self.counts[fate] += 1
        if fate == "dead":
            self.dead.append(row["position"])
        if fate == "scored":
            self._score(row)
            self.tick(row["watermark_ms"], row["position"])

    def tick(self, watermark_ms: int, position: int) -> None:
        """Time has passed up to the watermark."""
        self.watermark_ms = max(self.watermark_ms, watermark_ms)
        for token in list(self.subjects):
            self._settle(token, self.watermark_ms, position)

    def control(self, control: Control, position: int) -> None:
        """A closure or a release, after whatever was due before it."""
        self.counts["controls"] += 1
        subject = self.subjects.get(control.token)
        if subject is None:
            return
        self._settle(control.token, control.ts_ms, position)
        case, old = subject.case, subject.record
        confirmed = control.truth.startswith("true_") and 0 < control.n <= old.alerts
        if control.kind == "closure" and (not case.n or case.n != control.n):
            old.victim = old.victim or confirmed
            return
        if case.n:
            self._tell(control.token, "closed", max(control.ts_ms, case.ts_ms), position, control.body)
        subject.case, subject.record = Case(), Record(alerts=old.alerts, last_ms=old.last_ms)
        if control.kind == "closure":
            new, call = subject.record, old.call
            new.first_ms, new.area, new.age, new.household = old.first_ms, old.area, old.age, old.household
            new.victim = old.victim or confirmed
            new.forwarded = old.forwarded
            new.call = Call(call.id, call.peer, call.start_ms, call.answer_ms, flags=call.flags, reputation=call.reputation)
            new.contacts = old.contacts

    # --- what happens ---------------------------------------------------------------

    def _fate(self, row: Row) -> str:
        """Known within the window → duplicate, or dead if its time differs (then it stays known for longer)."""
        key, hour = (row["shard"], row["fingerprint"] >> 16), row["ts_ms"] // HOUR_MS
        print_, last_hour = self.known.get(key, (0, 0))
        if last_hour < row["watermark_ms"] // HOUR_MS - WINDOW_H:
            self.known[key] = (row["fingerprint"], hour)
            return "scored"
        if print_ == row["fingerprint"]:
            return "duplicate"
        self.known[key] = (print_, max(last_hour, hour))
        return "dead"

    def _settle(self, token: bytes, up_to_ms: int, position: int) -> None:
        """A subject's own due times, in order; at the same time an alert ends before the call is looked at."""
        subject = self.subjects[token]
        while True:
            due = [(subject.case.expire_ms, "expire")] if subject.case.n else []
            due += [(subject.record.call.due_ms, "strike")] if subject.record.call.due_ms else []
            if not due or min(due)[0] > up_to_ms:
                return
            due_ms, what = min(due)
            if what == "expire":
                self._tell(token, "expired", max(due_ms, subject.case.ts_ms), position)
                subject.case = Case()
            else:
                self._strike(token, due_ms, position)

    def _score(self, row: Row) -> None:
        row = dict(row)
        token, position = row["token"], row["position"]
        record = self.subjects.setdefault(token, Subject()).record
        apply(record, row)
        call = record.call
        if row["kind"] == Kind.CALL_ANSWER and call.id == (row["call"] or max(row["peer"], 1)):
            call.due_ms = self._next_due_ms(call, 0)
        if is_significant(row):
            self._look(token, row, position, (position,))

    def _strike(self, token: bytes, due_ms: int, position: int) -> None:
        """The call is still up when a timer rule asked to look again."""
        record = self.subjects[token].record
        call = record.call
        elapsed_s = (due_ms - call.answer_ms) // 1000
        flags = call.flags | (Flag.LONG if elapsed_s >= LONG_S else 0)
        row = {
            "kind": Kind.TIMER,
            "ts_ms": due_ms,
            "category": 0,
            "flags": flags,
            "peer": call.peer,
            "value": elapsed_s,
        }
        if elapsed_s >= LONG_S and not flags & Flag.OUTGOING:
            for seen in (Seen.LONG_CALL, Seen.LONG_RISKY_CALL)[: 1 + call.is_risky()]:
                record.seen_s[seen] = max(record.seen_s.get(seen, 0), due_ms // 1000)
        call.due_ms = self._next_due_ms(call, elapsed_s)
        starts = [e.position for e in record.ring
                  if e.peer == call.peer & 0xFFFF and e.kind in (Kind.CALL_START, Kind.CALL_ANSWER)]  # fmt: skip
        self._look(token, row, position, (max(starts),) if starts else ())

    def _next_due_ms(self, call: Call, elapsed_s: int) -> int:
        spans = [r.timer.after for r in self.rules if r.timer and r.timer.after > elapsed_s
                 and holds_for_event(r.timer.call, Kind.CALL_ANSWER, 0, call.flags)]  # fmt: skip
        return call.answer_ms + min(spans) * 1000 if spans else 0

    def _look(self, token: bytes, row: Row, position: int, tags: tuple[int, ...]) -> None:
        """Put a significant event into the ring and look at every rule."""
        record = self.subjects[token].record
        event = Event(row["ts_ms"], row["kind"], row["category"], int(row["flags"]), row["peer"] & 0xFFFF,
                      tags[0] if tags else -1)  # fmt: skip
        put_in_ring(record, event)
        now_ms = max(row["ts_ms"], record.last_ms)
        clues = []
        for rule in self.rules:
            hit = self._hit(rule, record, row, event, tags)
            if hit is not None and (rule.when is None or holds_for_record(rule.when, record, now_ms)):
                behind, bonus = hit
                clues.append(Clue(rule, now_ms, now_ms + rule.holds * 1000, behind, rule.weight + bonus))
        if clues:
            self._observe(token, clues, now_ms, position)

    def _hit(
        self, rule: Rule, record: Record, row: Row, event: Event, tags: tuple[int, ...]
    ) -> tuple[tuple[int, ...], float] | None:
        """The tags behind a hit of the rule's shape and its bonus, None if it does not look at this event."""
        if rule.sequence is not None:
            at = next((i for i, e in enumerate(record.ring) if e is event), None)
            chain = None if at is None else best_chain(record.ring, at, rule.sequence)
            if chain is None:
                return None
            return tuple(e.position for e in chain.events if e.position >= 0), rule.sequence.bonus * chain.seen
        if rule.timer is not None:
            due = row["kind"] == Kind.TIMER and row["value"] == rule.timer.after
            called = due and holds_for_event(rule.timer.call, Kind.CALL_ANSWER, 0, row["flags"])
            return (tags, 0.0) if called else None
        assert rule.event is not None
        holds = holds_for_event(rule.event, row["kind"], row["category"], row["flags"])
        return (tags, 0.0) if holds else None

    def _observe(self, token: bytes, clues: list[Clue], now_ms: int, position: int) -> None:
        subject = self.subjects[token]
        case = subject.case
        now_ms = max(now_ms, case.ts_ms)
        fresh = case.take(clues, now_ms)
        case.ts_ms, case.area = now_ms, unpack_area(subject.record.area)
        case.expire_ms = now_ms + self.escalation.expire_s * 1000
        level = case.earned_level(self.fusion, self.escalation)
        if not fresh or level is None:
            return
        if not case.n:
            subject.record.alerts += 1
            case.n, case.level, change = subject.record.alerts, level, "raised"
        else:
            change = "escalated" if level < case.level else "evidence"
            case.level = min(level, case.level)
        self._tell(token, change, now_ms, position)

    def _tell(self, token: bytes, change: str, ts_ms: int, position: int, closure: str = "") -> None:
        case = self.subjects[token].case
        clues = tuple(
            ("sequence" if c.rule.sequence else "rule", c.rule.id, w, c.ts_ms, c.until_ms, c.positions)
            for c, w in zip(case.clues, case.weights(), strict=True)
        )
        self.changes.append(
            Change(token, case.n, change, case.level, ts_ms, position, round(case.probability(self.fusion), 9),
                   case.types(self.fusion), clues, case.area, closure)
        )  # fmt: skip
