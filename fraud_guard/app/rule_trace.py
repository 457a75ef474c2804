"""Follow one rule through the tags of one person: at each event it looks at, which of its parts were true.

The tags go one by one through the real door and the real `decide`; the book that does the matching is told to
write down what it saw. Nothing is worked out a second time in another way.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from sqlglot import exp

from fraud_guard.app.rule_examples import run_day
from fraud_guard.door.numbers import normalise
from fraud_guard.escalation.effects import AlertEffect
from fraud_guard.generation import Generation
from fraud_guard.rulebook.book import Book, CompiledRule, compile_when
from fraud_guard.rulebook.chains import SequenceHit
from fraud_guard.rulebook.events import EventColumns
from fraud_guard.rulebook.expression import Expression
from fraud_guard.rulebook.normal_form import Columns
from fraud_guard.rulebook.rule import Example, Rule
from fraud_guard.tags.kinds import Kind


class Part(NamedTuple):
    """One part of a rule at one event: its text, whether it was true, and the values behind it."""

    text: str
    true: bool
    values: str


class Look(NamedTuple):
    """What a rule saw at one event. `parts` are in the order of the file."""

    ts_ms: int
    kind: Kind
    hit: bool
    parts: tuple[Part, ...]


class Trace(NamedTuple):
    """All looks of a rule at the tags of one person. `events` is how many events any rule saw; `refused` are the door's words."""

    looks: tuple[Look, ...]
    events: int
    alerts: tuple[AlertEffect, ...]
    refused: tuple[str, ...]


def follow(rule: Rule, generation: Generation, tags: Sequence[Mapping[str, Any]], person: Mapping[str, str] | None = None) -> Trace:
    """Send the tags of one person (objects of the contract, in order of arrival) through and watch `rule`."""
    others = [c.rule for c in generation.book.rules if c.rule.id != rule.id]
    book = _TracingBook([*others, rule.model_copy(update={"status": "test"})], rule.id)
    day = Example(name="trace", expect="miss", tags=tuple(dict(tag) for tag in tags), person=dict(person or {}))
    run = run_day(msgspec.structs.replace(generation, book=book), day, 1)
    return Trace(tuple(book.looks), book.events, run.alerts, run.refused)


def tags_of_subject(lines: Iterable[bytes], subject: str) -> list[dict[str, Any]]:
    """The tags of one subject in a file; a line that is no JSON object is passed over."""
    wanted, needle, found = normalise(subject), subject.strip()[-4:].encode(), []
    for line in lines:
        if needle in line:
            try:
                tag = msgspec.json.decode(line, type=dict[str, Any])
            except msgspec.DecodeError:
                continue
            if normalise(str(tag.get("subject", ""))) == wanted:
                found.append(tag)
    return found


def person_of(table: Path, subject: str) -> dict[str, str]:
    """What a table of subjects (contract §2) says of one; empty if it does not know them."""
    wanted = normalise(subject)
    with table.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if normalise(row.get("subject") or "") == wanted]
    return {k: rows[-1][k] or "" for k in ("area", "age_band", "household") if k in rows[-1]} if rows else {}


class _TracingBook(Book):
    """A book that writes down what one of its rules saw."""

    def __init__(self, rules: Sequence[Rule], rule_id: str) -> None:
        super().__init__(rules)
        self.looks: list[Look] = []
        self.events = 0
        self._watched = next(i for i, c in enumerate(self.rules) if c.rule.id == rule_id)
        self._steps: list[tuple[Part, ...]] = []

    def sequences(self, rows: np.ndarray, events: np.ndarray, sizes: np.ndarray, newest_last: np.ndarray) -> list[SequenceHit]:
        watched = self.rules[self._watched]
        self._steps += [tuple(_steps_in(watched, rows[k], events[k, : sizes[k]])) for k in range(len(rows))]
        return super().sequences(rows, events, sizes, newest_last)

    def match(self, rows: np.ndarray, features: Columns, sequences: Mapping[int, np.ndarray]) -> dict[int, np.ndarray]:
        found = super().match(rows, features, sequences)
        hit = found.get(self._watched, np.zeros(len(rows), np.bool_))
        steps, self._steps = self._steps, []
        self.events += len(rows)
        for k in range(len(rows)):
            parts = self._parts(rows, features, k, steps[k] if k < len(steps) else ())
            if parts:
                self.looks.append(Look(int(rows["ts_ms"][k]), Kind(int(rows["kind"][k])), bool(hit[k]), parts))
        return found

    def _parts(self, rows: np.ndarray, features: Columns, k: int, steps: tuple[Part, ...]) -> tuple[Part, ...]:
        """The parts at row `k`; none if the rule does not look at it."""
        watched = self.rules[self._watched]
        of_when = tuple(_of_when(watched.when, features, k)) if watched.when else ()
        if watched.steps:
            return (*steps, *of_when) if steps else ()
        if watched.timer is not None and watched.rule.timer is not None:
            if rows["kind"][k] != Kind.TIMER or rows["value"][k] != watched.rule.timer.after:
                return ()
            return Part(watched.timer.sql, _holds(watched.timer, rows[k], Kind.CALL_ANSWER), ""), *of_when
        event = watched.event
        return (Part(event.sql, True, ""), *of_when) if event is not None and _holds(event, rows[k]) else ()


def conjuncts(tree: exp.Expr) -> list[exp.Expr]:
    """The parts of a condition that must all be true."""
    tree = tree.unnest()
    return [part for side in (tree.this, tree.expression) for part in conjuncts(side)] if isinstance(tree, exp.And) else [tree]


def _of_when(when: Expression, features: Columns, k: int) -> Iterator[Part]:
    for part in (compile_when(node.sql(dialect="duckdb")) for node in conjuncts(when.tree)):
        one = {name: features[name][k : k + 1] for name in part.names}
        values = ", ".join(f"{name} = {one[name][0]:g}" for name in part.names)
        yield Part(part.sql, bool(part.run(one, {})[0]), values)


def _holds(event: Expression, row: np.void, kind: Kind | None = None) -> bool:
    kinds = np.array([row["kind"] if kind is None else kind], np.uint8)
    columns = EventColumns(kinds, np.array([row["category"]], np.uint8), np.array([row["flags"]], np.uint32))
    return bool(event.run(columns, {})[0])


def _steps_in(watched: CompiledRule, row: np.void, ring: np.ndarray) -> Iterator[Part]:
    """What the steps say of the events remembered when the row came; nothing unless the row itself is a step."""
    if not any(_holds(step, row) for step in watched.steps):
        return
    when = ring["when"]
    kinds, categories = ((when >> np.uint64(shift) & np.uint64(0xFF)).astype(np.uint8) for shift in (8, 0))
    columns = EventColumns(kinds, categories, ring["flags"])
    times_ms = (when >> np.uint64(16)).astype(np.int64)
    for n, step in enumerate(watched.steps, start=1):
        ago_s = (int(row["ts_ms"]) - times_ms[step.run(columns, {})]) // 1000
        here = "this event" if _holds(step, row) else ""
        earlier = f"{(ago_s > 0).sum()} earlier, the latest {ago_s[ago_s > 0].min()} s ago" if (ago_s > 0).any() else ""
        yield Part(f"{n}. {step.sql}", len(ago_s) > 0, ", ".join(x for x in (here, earlier) if x) or "not seen")

