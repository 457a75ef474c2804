"""The book: all rules of a generation, compiled, and the vectorised matching of a chunk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fraud_guard.features.vector import FEATURES
from fraud_guard.fusion.evidence import Evidence
from fraud_guard.rulebook.events import EVENT_SCHEMA, EventColumns
from fraud_guard.rulebook.expression import Columns, Expression, Memo, Name, Schema, compile_sql
from fraud_guard.rulebook.rule import Rule
from fraud_guard.rulebook.sequence import chain_through, match_newest
from fraud_guard.tags.kinds import Kind

FEATURE_SCHEMA: Schema = {name: Name("bool" if f.unit == "0/1" else "num") for name, f in FEATURES.items()}
Bools = npt.NDArray[np.bool_]


class CompiledRule(NamedTuple):
    """A rule with its expressions; `event` and `steps` speak of events, `when` of the feature vector."""

    rule: Rule
    event: Expression | None
    when: Expression | None
    steps: tuple[Expression, ...]
    timer: Expression | None


class SequenceHit(NamedTuple):
    """Row `row` of a round completed rule number `rule`; `positions` are its tags."""

    rule: int
    row: int
    positions: tuple[int, ...]


def compile_rule(rule: Rule) -> CompiledRule:
    """Compile the expressions of a rule. Raises RuleError."""
    return CompiledRule(
        rule,
        compile_sql(rule.event, EVENT_SCHEMA) if rule.event else None,
        compile_sql(rule.when, FEATURE_SCHEMA) if rule.when else None,
        tuple(compile_sql(s, EVENT_SCHEMA) for s in rule.sequence.steps) if rule.sequence else (),
        compile_sql(rule.timer.call, EVENT_SCHEMA) if rule.timer else None,
    )


class Book:
    """Compiled rules in order of id, without the retired and the drafts."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        live = sorted((r for r in rules if r.status in ("test", "stable")), key=lambda r: r.id)
        self.rules = [compile_rule(r) for r in live]
        self.features = sorted({n for r in self.rules if r.when for n in r.when.names})
        self._timers = sorted({(r.rule.timer.after, i) for i, r in enumerate(self.rules) if r.rule.timer})
        self._sequences = [i for i, r in enumerate(self.rules) if r.steps]

    def next_due_ms(self, call_flags: np.ndarray, answer_ms: np.ndarray, elapsed_s: np.ndarray) -> np.ndarray:
        """When each call in progress must be looked at next; 0 = never."""
        due = np.zeros(len(answer_ms), np.int64)
        if not self._timers:
            return due
        kind = np.full(len(due), Kind.CALL_ANSWER, np.uint8)
        columns = EventColumns(kind, np.zeros(len(due), np.uint8), call_flags)
        memo: Memo = {}
        for after_s, i in reversed(self._timers):
            wanted = self.rules[i].timer.run(columns, memo) & (elapsed_s < after_s)  # type: ignore[union-attr]
            due = np.where(wanted, answer_ms + after_s * 1000, due)
        return due

    def sequences(
        self, rows: np.ndarray, events: np.ndarray, sizes: np.ndarray, newest_last: Bools
    ) -> list[SequenceHit]:
        """Sequences that the rows of a round complete.

        `events` (n, RING) are the rings after the rows were put in, `sizes` (n,) their sizes;
        `newest_last` is False where the row's event was late and lies further inside.
        """
        if not self._sequences or not len(rows):
            return []
        own, memo = EventColumns(rows["kind"], rows["category"], rows["flags"]), Memo()
        concerned = {i: np.logical_or.reduce([s.run(own, memo) for s in self.rules[i].steps]) for i in self._sequences}
        at = np.flatnonzero(np.logical_or.reduce(list(concerned.values())))
        if not len(at):
            return []
        rings = _Rings(rows[at], events[at], sizes[at].astype(np.intp), newest_last[at])
        hits = []
        for i in self._sequences:
            hits += [SequenceHit(i, int(at[k]), chain) for k, chain in self._sequence(i, rings, concerned[i][at])]
        return hits

    def match(self, rows: np.ndarray, features: Columns, sequences: Mapping[int, Bools]) -> dict[int, Bools]:
        """Rules that hit, as a mask over the rows of a chunk. `sequences` are masks by rule number."""
        if not len(rows):
            return {}
        events, memo, event_memo = EventColumns(rows["kind"], rows["category"], rows["flags"]), Memo(), Memo()
        timer = rows["kind"] == Kind.TIMER
        found = {}
        for i, rule in enumerate(self.rules):
            mask = self._looked_at(i, rule, rows, events, event_memo, timer, sequences)
            if mask.any() and rule.when is not None:
                mask = mask & rule.when.run(features, memo)
            if mask.any():
                found[i] = mask
        return found

    def evidence(self, i: int, ts_ms: int, positions: tuple[int, ...]) -> Evidence:
        """The evidence that rule number `i` gives at `ts_ms`."""
        rule = self.rules[i].rule
        return Evidence(
            kind="sequence" if rule.sequence else "rule", id=rule.id, version=rule.version, weight=rule.weight,
            group=rule.group or rule.id, scam_types=tuple(sorted(rule.scam_types.items())), ts_ms=ts_ms,
            until_ms=ts_ms + rule.holds * 1000, level_floor=rule.level_floor, positions=positions,
            summary_zh=rule.summary.zh, summary_en=rule.summary.en,
        )  # fmt: skip

    def _looked_at(
        self, i: int, rule: CompiledRule, rows: np.ndarray, events: Columns, memo: Memo, timer: Bools,
        sequences: Mapping[int, Bools],
    ) -> Bools:  # fmt: skip
        if rule.steps:
            return sequences.get(i, np.zeros(len(rows), np.bool_))
        if rule.timer is not None and rule.rule.timer is not None:
            answer = np.full(len(rows), Kind.CALL_ANSWER, np.uint8)  # `call` speaks of the call, as when the timer was set
            columns = EventColumns(answer, rows["category"], rows["flags"])
            due: Bools = timer & (rows["value"] == rule.rule.timer.after)
            return due & rule.timer.run(columns, Memo())
        return rule.event.run(events, memo) if rule.event is not None else timer

    def _sequence(self, i: int, rings: _Rings, concerned: Bools) -> Iterator[tuple[int, tuple[int, ...]]]:
        """Rows (numbers within `rings`) that complete sequence rule `i`, with the positions of its tags."""
        spec, steps = self.rules[i].rule.sequence, self.rules[i].steps
        assert spec is not None  # noqa: S101
        for step in steps:
            concerned = concerned & rings.has(step)
        at = np.flatnonzero(concerned)
        if not len(at):
            return
        masks = [rings.mask(step)[at] for step in steps]
        newest_last = rings.newest_last[at]
        found = match_newest(rings.times_ms[at], masks, rings.sizes[at], spec.within * 1000)
        for k in np.flatnonzero(found | ~newest_last).tolist():
            n, row = int(rings.sizes[at[k]]), int(at[k])
            where = n - 1 if newest_last[k] else _index_of(rings.events[row, :n], rings.rows[row])
            chain = where >= 0 and chain_through(rings.times_ms[row, :n].tolist(), [m[k, :n].tolist() for m in masks],
                                                 where, spec.within * 1000)  # fmt: skip
            if chain:
                positions = rings.events["position"][row, chain].astype(np.int64).tolist()
                yield row, tuple(p for p in positions if p >= 0)


class _Rings:
    """Rings of the rows that some sequence is about; which events match a step is worked out once for all rules."""

    def __init__(self, rows: np.ndarray, events: np.ndarray, sizes: npt.NDArray[np.intp], newest_last: Bools) -> None:
        self.rows, self.events, self.sizes, self.newest_last = rows, events, sizes, newest_last
        self.times_ms = (events["when"] >> np.uint64(16)).astype(np.int64)
        kind, category = _unpack(events["when"])
        self._columns, self._memo = EventColumns(kind, category, events["flags"]), Memo()
        self._valid = events["when"] > 0
        self._masks: dict[str, Bools] = {}
        self._has: dict[str, Bools] = {}

    def mask(self, step: Expression) -> Bools:
        """Events that match the step, shape (n, RING)."""
        if step.sql not in self._masks:
            self._masks[step.sql] = step.run(self._columns, self._memo) & self._valid
        return self._masks[step.sql]

    def has(self, step: Expression) -> Bools:
        """Rows whose ring holds an event that matches the step."""
        if step.sql not in self._has:
            self._has[step.sql] = np.logical_or.reduce(self.mask(step), axis=1)
        return self._has[step.sql]


def _unpack(when: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return (when >> np.uint64(8) & np.uint64(0xFF)).astype(np.uint8), (when & np.uint64(0xFF)).astype(np.uint8)


def _index_of(events: np.ndarray, row: np.void) -> int:
    when = int(row["ts_ms"]) << 16 | int(row["kind"]) << 8 | int(row["category"])
    same = np.flatnonzero((events["position"] == row["position"].astype(np.uint64)) & (events["when"] == np.uint64(when)))
    return int(same[-1]) if len(same) else -1
