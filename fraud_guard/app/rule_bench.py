"""What matching costs: real events from a stream of tags, and shelves of any size made by copying rules.

A copy has other numbers and spans than its original, so that the two share no comparison. Times are those of the
process, the best of several turns, so that other work on the machine disturbs them little.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from fraud_guard.app.rule_examples import run_day
from fraud_guard.generation import Generation
from fraud_guard.rulebook.book import Book
from fraud_guard.rulebook.chains import SequenceHit
from fraud_guard.rulebook.normal_form import Columns
from fraud_guard.rulebook.rule import Example, Rule

TURNS = 5
_NUMBER = re.compile(r"(?<![\w.'])\d+(?:\.\d+)?(?![\w.'])")
_STEP = 0.013
"""By how much the numbers of each further copy grow."""


class Rings(NamedTuple):
    """What `Book.sequences` is asked."""

    rows: np.ndarray
    events: np.ndarray
    sizes: np.ndarray
    newest_last: np.ndarray


class Sample(NamedTuple):
    """What a book is asked for one block of the log: rows with their features, and their rings."""

    rows: np.ndarray
    features: Mapping[str, np.ndarray]
    rings: tuple[Rings, ...]


class Cost(NamedTuple):
    """µs a block for `rules` rules: plain rules and conditions, sequences, and both."""

    rules: int
    match_us: float
    sequences_us: float

    @property
    def total_us(self) -> float:
        """Both together."""
        return self.match_us + self.sequences_us


def samples_of(lines: Iterable[bytes], generation: Generation) -> list[Sample]:
    """Send tags (JSON) through the door and `decide` in full blocks and keep what the book was asked, block by block."""
    book = _KeepingBook([c.rule for c in generation.book.rules])
    tags = tuple(msgspec.json.decode(line, type=dict[str, Any]) for line in lines)
    run_day(msgspec.structs.replace(generation, book=book), Example(name="bench", expect="miss", tags=tags))
    return book.samples


def copies(rules: Sequence[Rule], size: int) -> list[Rule]:
    """A shelf of `size` rules: the rules themselves, then copies with other numbers, until there are enough."""
    return [_copy(rules[i % len(rules)], i // len(rules)) for i in range(size)]


def cost_of(rules: Sequence[Rule], samples: Sequence[Sample]) -> Cost:
    """What the rules cost for a block, as the mean over the samples. A sample is asked in one go, as live blocks are."""
    book, match_us, sequences_us = Book(rules), [], []
    for _ in range(TURNS):
        began = time.process_time()
        for sample in samples:
            book.match(sample.rows, sample.features, {})
        matched = time.process_time()
        for sample in samples:
            for rings in sample.rings:
                book.sequences(*rings)
        match_us.append((matched - began) * 1e6 / len(samples))
        sequences_us.append((time.process_time() - matched) * 1e6 / len(samples))
    return Cost(len(rules), min(match_us), min(sequences_us))


def slowest(rules: Sequence[Rule], samples: Sequence[Sample], count: int) -> list[tuple[Rule, float]]:
    """The rules that cost most as the only rule of a book, with µs a block; shared work counts for each of them."""
    alone = [(rule, cost_of([rule], samples).total_us) for rule in rules]
    return sorted(alone, key=lambda one: -one[1])[:count]


class _KeepingBook(Book):
    """A book that keeps what it was asked."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        super().__init__(rules)
        self._rings: list[Rings] = []
        self.samples: list[Sample] = []

    def sequences(self, rows: np.ndarray, events: np.ndarray, sizes: np.ndarray, newest_last: np.ndarray) -> list[SequenceHit]:
        self._rings.append(Rings(rows.copy(), events.copy(), sizes.copy(), newest_last.copy()))
        return super().sequences(rows, events, sizes, newest_last)

    def match(self, rows: np.ndarray, features: Columns, sequences: Mapping[int, np.ndarray]) -> dict[int, np.ndarray]:
        values = {name: features[name].copy() for name in self.features}
        self.samples.append(Sample(rows.copy(), values, tuple(self._rings)))
        self._rings = []
        return super().match(rows, features, sequences)


def _copy(rule: Rule, number: int) -> Rule:
    if not number:
        return rule
    factor = 1 + number * _STEP
    changes: dict[str, object] = {"id": f"{rule.id}-{number}"}
    if rule.when is not None:
        changes["when"] = _NUMBER.sub(lambda found: f"{float(found[0]) * factor:.6f}", rule.when)
    if rule.sequence is not None:
        changes["sequence"] = rule.sequence.model_copy(update={"within": int(rule.sequence.within * factor)})
    return rule.model_copy(update=changes)
