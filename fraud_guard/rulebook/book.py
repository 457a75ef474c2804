"""The book: all rules of a generation, compiled, and the vectorised matching of a chunk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fraud_guard.features.vector import FEATURES
from fraud_guard.fusion.evidence import Evidence
from fraud_guard.memory.layout import RING
from fraud_guard.rulebook.events import EVENT_SCHEMA, event_columns
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
        self._event_names = _names(r.event for r in self.rules)
        self._step_names = _names(s for r in self.rules for s in r.steps)
        self._timer_names = _names(r.timer for r in self.rules)
        self._timers = sorted({(r.rule.timer.after, i) for i, r in enumerate(self.rules) if r.rule.timer})
        self._sequences = [i for i, r in enumerate(self.rules) if r.steps]

    def next_due_ms(self, call_flags: np.ndarray, answer_ms: np.ndarray, elapsed_s: np.ndarray) -> np.ndarray:
        """When each call in progress must be looked at next; 0 = never."""
        due = np.zeros(len(answer_ms), np.int64)
        if not self._timers:
            return due
        columns = _events(np.full(len(due), Kind.CALL_ANSWER, np.uint8), np.zeros(len(due), np.uint8), call_flags,
                          self._timer_names)  # fmt: skip
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
        memo: Memo = {}
        own = _events(rows["kind"], rows["category"], rows["flags"], self._step_names)
        hits = []
        for i in self._sequences:
            concerned = np.flatnonzero(np.logical_or.reduce([s.run(own, memo) for s in self.rules[i].steps]))
            if len(concerned):
                hits += self._sequence(i, rows, events, sizes, newest_last, concerned)
        return hits

    def match(self, rows: np.ndarray, features: Columns, sequences: Mapping[int, Bools]) -> dict[int, Bools]:
        """Rules that hit, as a mask over the rows of a chunk. `sequences` are masks by rule number."""
        if not len(rows):
            return {}
        events, memo, event_memo = _events(rows["kind"], rows["category"], rows["flags"], self._event_names), {}, {}
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
            columns = _events(rows["kind"], rows["category"], rows["flags"], self._timer_names)
            return timer & (rows["value"] == rule.rule.timer.after) & rule.timer.run(columns, {})
        return rule.event.run(events, memo) if rule.event is not None else timer

    def _sequence(
        self, i: int, rows: np.ndarray, events: np.ndarray, sizes: np.ndarray, newest_last: Bools, at: np.ndarray
    ) -> list[SequenceHit]:
        spec = self.rules[i].rule.sequence
        assert spec is not None  # noqa: S101
        kind, category = _unpack(events["when"][at])
        columns = _events(kind, category, events["flags"][at], self._step_names)
        memo: Memo = {}
        masks = [np.broadcast_to(s.run(columns, memo), (len(at), RING)) for s in self.rules[i].steps]
        times_ms = (events["when"][at] >> np.uint64(16)).astype(np.int64)
        size = sizes[at].astype(np.intp)
        found = match_newest(times_ms, masks, size, spec.within * 1000) & newest_last[at]
        hits = []
        for k in np.flatnonzero(found | ~newest_last[at]).tolist():
            n = int(size[k])
            where = n - 1 if newest_last[at[k]] else _index_of(events[at[k], :n], rows[at[k]])
            chain = where >= 0 and chain_through(times_ms[k, :n].tolist(), [m[k, :n].tolist() for m in masks], where,
                                                 spec.within * 1000)  # fmt: skip
            if chain:
                hits.append(SequenceHit(i, int(at[k]), tuple(int(p) for p in events["position"][at[k], chain])))
        return hits


def _events(kind: np.ndarray, category: np.ndarray, flags: np.ndarray, names: set[str]) -> dict[str, np.ndarray]:
    return event_columns(kind, category, flags, names)


def _names(expressions: object) -> set[str]:
    return {n for e in expressions if e is not None for n in e.names}  # type: ignore[attr-defined]


def _unpack(when: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return (when >> np.uint64(8) & np.uint64(0xFF)).astype(np.uint8), (when & np.uint64(0xFF)).astype(np.uint8)


def _index_of(events: np.ndarray, row: np.void) -> int:
    when = int(row["ts_ms"]) << 16 | int(row["kind"]) << 8 | int(row["category"])
    same = np.flatnonzero((events["position"] == np.uint64(row["position"])) & (events["when"] == np.uint64(when)))
    return int(same[-1]) if len(same) else -1
