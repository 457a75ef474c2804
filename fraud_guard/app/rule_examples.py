"""Run the examples of a rule: its short days go through the real door and the real `decide`.

Each day runs twice, every tag a block of its own and all tags in one block; a rule whose answer
depends on that is a fault of the machine, and is reported as one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

import msgspec
import numpy as np

from fraud_guard.door.arrival import FileArrival
from fraud_guard.door.door import Door
from fraud_guard.door.numbers import normalise
from fraud_guard.door.opinions import shipped_opinions
from fraud_guard.door.registry import Person, person
from fraud_guard.door.tokens import Tokeniser, peer_of
from fraud_guard.escalation.effects import AlertEffect
from fraud_guard.fusion.evidence import Evidence
from fraud_guard.generation import Generation
from fraud_guard.memory.memory import Memory
from fraud_guard.pipeline import decide
from fraud_guard.rounds import tokens_of
from fraud_guard.rulebook.book import Book
from fraud_guard.rulebook.rule import Example, Rule, seconds
from fraud_guard.tags.block import BLOCK_MAX, Block, Rows

START_MS = 1_773_626_400_000
"""Examples begin on Monday 2026-03-16 at 10:00, UTC+8."""
SUBJECT = "+8619900000001"
"""The protected person of an example that names none: a synthetic number."""
_TEST_KEY = bytes(range(32))

Answer = Literal["hit", "miss", "refused", "unstable"]


class ExampleResult(NamedTuple):
    """What became of one example. `got` is `refused` when the door took a tag for no tag, `unstable` when the
    answer depends on block sizes. `level` is the most serious one reached (None = no alert); `detail` is for people.
    """

    rule: str
    example: str
    expected: Literal["hit", "miss"]
    got: Answer
    level: int | None
    detail: str

    @property
    def ok(self) -> bool:
        """Whether the rule did what the example expects."""
        return self.got == self.expected


class Run(NamedTuple):
    """What one way of running a day gave: alert changes in order, and what the door refused."""

    alerts: tuple[AlertEffect, ...]
    refused: tuple[str, ...]


class _WatchedBook(Book):
    """A book that notes which rules gave evidence."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        super().__init__(rules)
        self.hits: set[str] = set()

    def evidence(self, i: int, ts_ms: int, positions: tuple[int, ...], seen: int = 0) -> Evidence:
        found = super().evidence(i, ts_ms, positions, seen)
        self.hits.add(found.id)
        return found


def run_examples(generation: Generation, rule: Rule) -> list[ExampleResult]:
    """Run every example of `rule` among the rules of `generation`; a draft or retired rule runs as if in test."""
    others = [c.rule for c in generation.book.rules if c.rule.id != rule.id]
    book = _WatchedBook([*others, rule.model_copy(update={"status": "test"})])
    watched = msgspec.structs.replace(generation, book=book)
    return [_result(rule, example, watched, book) for example in rule.examples]


def run_day(generation: Generation, example: Example, block: int = BLOCK_MAX) -> Run:
    """Send an example through a fresh door and a fresh memory, `block` tags at a time."""
    door = Door(Tokeniser(_TEST_KEY), FileArrival(), registry=_registry(example), opinions=shipped_opinions())
    lines = [msgspec.json.encode(tag) for tag in tags_of(example)]
    day = door.take(lines, range(len(lines))) + door.flush()
    _tell_of_callers(day.rows, example)
    memory = _memory(day, example)
    alerts: list[AlertEffect] = []
    for offset, one in enumerate(_blocks(door, day, block, example)):
        one.number(offset)
        alerts += decide(one, memory, generation).alerts
    return Run(tuple(alerts), tuple(f"tag {no.inlet + 1}: {no.reason} {no.detail}" for no in door.refused))


def tags_of(example: Example) -> list[dict[str, Any]]:
    """The example's tags as the contract wants them: defaults filled in, `times` and `every` written out."""
    spread = [one for tag in example.tags for one in _spread(dict(tag))]
    return [{"id": f"t{i}", "source": "example", "subject": SUBJECT} | tag for i, tag in enumerate(spread, start=1)]


def _spread(tag: dict[str, Any]) -> list[dict[str, Any]]:
    at_s, times, every_s = seconds(tag.pop("at", "0s")), int(tag.pop("times", 1)), seconds(tag.pop("every", "1s"))
    return [{"ts_ms": START_MS + (at_s + k * every_s) * 1000} | tag for k in range(times)]


def _tell_of_callers(rows: Rows, example: Example) -> None:
    tokens = Tokeniser(_TEST_KEY)
    for number, log_odds in example.reputation.items():
        peer = np.uint64(peer_of(tokens.token(normalise(number))))
        rows["reputation"][rows["peer"] == peer] = log_odds


def _memory(day: Block, example: Example) -> Memory:
    memory = Memory()
    if example.person.get("victim") == "yes":
        slots = memory.slots_of(tokens_of(day.rows), day.rows["shard"].tolist())
        memory.head["victim"][slots] = 1
    return memory


def _registry(example: Example) -> dict[str, Person]:
    known = example.person
    who = person(known.get("area", ""), known.get("age_band", ""), known.get("household", ""))
    return {normalise(str(tag["subject"])): who for tag in tags_of(example)}


def _blocks(door: Door, day: Block, size: int, example: Example) -> Iterator[Block]:
    for some in day.cut(size):
        yield door.block(some)
    if example.until is not None:
        yield door.tick(START_MS + seconds(example.until) * 1000)


def _result(rule: Rule, example: Example, generation: Generation, book: _WatchedBook) -> ExampleResult:
    answers, runs = [], []
    for block in (BLOCK_MAX, 1):
        book.hits.clear()
        runs.append(run_day(generation, example, block))
        answers.append(frozenset(book.hits))
    got = _answer(rule.id, runs, answers)
    level = min((a.level for a in runs[0].alerts), default=None)
    return ExampleResult(rule.id, example.name, example.expect, got, level, _detail(got, runs, answers))


def _answer(rule_id: str, runs: Sequence[Run], answers: Sequence[frozenset[str]]) -> Answer:
    if runs[0].refused:
        return "refused"
    if answers[0] != answers[1] or _told(runs[0]) != _told(runs[1]):
        return "unstable"
    return "hit" if rule_id in answers[0] else "miss"


def _told(run: Run) -> list[tuple[str, int, int, float]]:
    return [(a.change, a.ts_ms, a.level, a.probability) for a in run.alerts]


def _detail(got: Answer, runs: Sequence[Run], answers: Sequence[frozenset[str]]) -> str:
    if got == "refused":
        return "; ".join(runs[0].refused)
    if got == "unstable":
        return f"one block: {_shown(runs[0], answers[0])}; single tags: {_shown(runs[1], answers[1])}"
    return _shown(runs[0], answers[0])


def _shown(run: Run, hits: frozenset[str]) -> str:
    changes = ", ".join(f"{a.change} level {a.level} (p {a.probability:.3f})" for a in run.alerts) or "no alert"
    return f"{changes}; hit by {', '.join(sorted(hits)) or 'no rule'}"
