"""The book: all rules of a generation, compiled, and the vectorised matching of a chunk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fraud_guard.features.vector import FEATURES
from fraud_guard.fusion.evidence import Evidence
from fraud_guard.rulebook.chains import SequenceHit, Sequences
from fraud_guard.rulebook.events import EVENT_SCHEMA, EventColumns
from fraud_guard.rulebook.expression import Expression, Name, Schema, compile_sql
from fraud_guard.rulebook.normal_form import Columns
from fraud_guard.rulebook.panel import Panel
from fraud_guard.rulebook.rule import Rule
from fraud_guard.tags.kinds import Kind

FEATURE_SCHEMA: Schema = {name: Name("bool" if f.unit == "0/1" else "num") for name, f in FEATURES.items()}
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.intp]
_NEVER_S = np.int64(1 << 40)


class CompiledRule(NamedTuple):
    """A rule with its expressions; `event` and `steps` speak of events, `when` of the feature vector."""

    rule: Rule
    event: Expression | None
    when: Expression | None
    steps: tuple[Expression, ...]
    timer: Expression | None


@lru_cache(maxsize=8_192)
def compile_event(sql: str) -> Expression:
    """Compile a condition on one event. Raises RuleError."""
    return compile_sql(sql, EVENT_SCHEMA)


@lru_cache(maxsize=8_192)
def compile_when(sql: str) -> Expression:
    """Compile a condition on the feature vector. Raises RuleError."""
    return compile_sql(sql, FEATURE_SCHEMA)


def compile_rule(rule: Rule) -> CompiledRule:
    """Compile the expressions of a rule. Raises RuleError."""
    return CompiledRule(
        rule,
        compile_event(rule.event) if rule.event else None,
        compile_when(rule.when) if rule.when else None,
        tuple(compile_event(s.where) for s in rule.sequence.steps) if rule.sequence else (),
        compile_event(rule.timer.call) if rule.timer else None,
    )


class Book:
    """Compiled rules in order of id, without the retired and the drafts."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        live = sorted((r for r in rules if r.status in ("test", "stable")), key=lambda r: r.id)
        self.rules = [compile_rule(r) for r in live]
        self.features = sorted({n for r in self.rules if r.when for n in r.when.names})
        self._timers = _Timers([(i, r.rule.timer.after, r.timer) for i, r in enumerate(self.rules) if r.rule.timer and r.timer])
        self._sequences = Sequences(
            [(i, r.rule.sequence, r.steps) for i, r in enumerate(self.rules) if r.rule.sequence]
        )
        plain = [(i, r.event) for i, r in enumerate(self.rules) if r.event and not r.steps and not r.timer]
        events = {event.sql: event for _, event in plain}
        place = {sql: k for k, sql in enumerate(events)}
        self._plain, self._events = np.array([i for i, _ in plain], np.intp), Panel(list(events.values()))
        self._event_of = np.array([place[event.sql] for _, event in plain], np.intp)
        self._when = np.array([i for i, r in enumerate(self.rules) if r.when], np.intp)
        self._conditions = Panel([r.when for r in self.rules if r.when])

    def next_due_ms(self, call_flags: np.ndarray, answer_ms: np.ndarray, elapsed_s: np.ndarray) -> np.ndarray:
        """When each call in progress must be looked at next; 0 = never."""
        return self._timers.next_due_ms(call_flags, answer_ms, elapsed_s)

    def sequences(
        self, rows: np.ndarray, events: np.ndarray, sizes: np.ndarray, newest_last: Bools
    ) -> list[SequenceHit]:
        """Sequences that the rows of a round complete.

        `events` (n, width) are the rings after the rows were put in, oldest first, `sizes` (n,) their sizes;
        `newest_last` is False where the row's event was late and lies further inside.
        """
        return self._sequences.completed(rows, events, sizes.astype(np.intp), newest_last)

    def match(self, rows: np.ndarray, features: Columns, sequences: Mapping[int, Bools]) -> dict[int, Bools]:
        """Rules that hit, as a mask over the rows of a chunk. `sequences` are masks by rule number."""
        if not len(rows) or not self.rules:
            return {}
        hit = self._looked_at(rows, sequences)
        wanted = np.logical_or.reduce(hit[self._when], axis=1)
        if wanted.any():
            hit[self._when] &= self._conditions.run(features, len(rows), wanted)
        return {i: hit[i] for i in np.flatnonzero(hit.any(axis=1)).tolist()}

    def evidence(self, i: int, ts_ms: int, positions: tuple[int, ...], seen: int = 0) -> Evidence:
        """The evidence that rule number `i` gives at `ts_ms`, with `seen` optional steps of its sequence."""
        rule = self.rules[i].rule
        bonus = rule.sequence.bonus * seen if rule.sequence else 0.0
        return Evidence(
            kind="sequence" if rule.sequence else "rule", id=rule.id, version=rule.version, weight=rule.weight + bonus,
            group=rule.group or rule.id, scam_types=tuple(sorted(rule.scam_types.items())), ts_ms=ts_ms,
            until_ms=ts_ms + rule.holds * 1000, level_floor=rule.level_floor, positions=positions,
            summary_zh=rule.summary.zh, summary_en=rule.summary.en,
        )  # fmt: skip

    def _looked_at(self, rows: np.ndarray, sequences: Mapping[int, Bools]) -> Bools:
        """Which rules look at which rows, before their `when`; shape (rules, n)."""
        hit = np.zeros((len(self.rules), len(rows)), np.bool_)
        if len(self._plain):
            columns = EventColumns(rows["kind"], rows["category"], rows["flags"])
            hit[self._plain] = self._events.run(columns, len(rows))[self._event_of]
        for i, mask in sequences.items():
            hit[i] = mask
        timers = np.flatnonzero(rows["kind"] == Kind.TIMER)
        if len(timers):
            self._timers.mark_due(hit, rows, timers)
        return hit


class _Timers:
    """The timer rules of a book: `entries` are number, span (s) and condition on the call. Equal conditions are asked once."""

    def __init__(self, entries: Sequence[tuple[int, int, Expression]]) -> None:
        calls = {call.sql: call for _, _, call in entries}
        place = {sql: k for k, sql in enumerate(calls)}
        self._calls = Panel(list(calls.values()))
        self._rules = np.array([i for i, _, _ in entries], np.intp)
        self._after_s = np.array([after_s for _, after_s, _ in entries], np.int64)
        self._call_of = np.array([place[call.sql] for _, _, call in entries], np.intp)
        self._spans_s = [np.array([*sorted({a for _, a, call in entries if call.sql == sql}), _NEVER_S]) for sql in calls]

    def next_due_ms(self, call_flags: np.ndarray, answer_ms: np.ndarray, elapsed_s: np.ndarray) -> np.ndarray:
        """As `Book.next_due_ms`."""
        after_s = np.full(len(answer_ms), _NEVER_S)
        for asked, spans_s in zip(self._asked(call_flags), self._spans_s, strict=True):
            next_s = spans_s[np.searchsorted(spans_s, elapsed_s, side="right")]
            after_s = np.where(asked, np.minimum(after_s, next_s), after_s)
        return np.where(after_s < _NEVER_S, answer_ms + after_s * 1000, 0)

    def mark_due(self, hit: Bools, rows: np.ndarray, at: Ints) -> None:
        """Set in `hit` (rules, n) which timer rules the rows `at`, of kind TIMER, belong to."""
        due = (rows["value"][at] == self._after_s[:, None]) & self._asked(rows["flags"][at])[self._call_of]
        hit[self._rules[:, None], at] = due

    def _asked(self, call_flags: np.ndarray) -> Bools:
        """Which conditions hold of calls, as they were when they were answered."""
        answer = np.full(len(call_flags), Kind.CALL_ANSWER, np.uint8)
        return self._calls.run(EventColumns(answer, np.zeros_like(answer), call_flags), len(answer))
