"""Whether a condition can be true at all: it is tried on every value that its comparisons can tell apart.

Only contradictions are found, never habits: `age > 200` or `hour < 3 AND hour > 20` cannot be, while what
life rules out is left alone. Sums and the like are taken as able to have any value.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import numpy as np

from fraud_guard.features.vector import FEATURES, NEVER_S
from fraud_guard.rulebook.events import EventColumns
from fraud_guard.rulebook.expression import Expression
from fraud_guard.rulebook.normal_form import UFUNCS, Clauses, Literal, literals_of
from fraud_guard.tags.kinds import Kind

Values = Sequence[float]
_LIMITS = {
    "0/1": (0.0, 1.0),
    "s": (0.0, NEVER_S),
    "count": (0.0, math.inf),
    "years": (0.0, 130.0),
    "h": (0.0, 23.0),
}
_EVENTS = tuple(kind for kind in Kind if kind is not Kind.TICK)
_ANYTHING = (-math.inf, math.inf)
_MOST_TRIES = 20_000
"""A condition that needs more is taken as possible."""


def can_hold(when: Expression) -> bool:
    """Whether a condition on the feature vector can be true."""
    values = {name: _values(name, when.clauses) for name in {x.column for x in literals_of(when.clauses)}}
    return _Trial(when.clauses, values).succeeds()


def can_happen(event: Expression, kinds: Iterable[Kind] = _EVENTS) -> bool:
    """Whether an event of one of these kinds can fulfil a condition."""
    return any(_Trial(event.clauses, _of_kind(event.clauses, kind)).succeeds() for kind in kinds)


def _of_kind(clauses: Clauses, kind: Kind) -> dict[str, Values]:
    """The values that the columns of the condition may have for events of one kind."""
    category = np.arange(256, dtype=np.uint8)
    kinds, no_flags = np.full(256, kind, np.uint8), np.zeros(256, np.uint32)
    plain = EventColumns(kinds, category, no_flags)
    risky = EventColumns(kinds, category, no_flags + np.uint32(0xFFFF_FFFF & ~1))["risky"]
    known: dict[str, Values] = {
        name: sorted(set(plain[name].tolist())) for name in ("kind", "app", "lure_type", "call")
    }
    known["risky"] = sorted({0.0, *risky.astype(float).tolist()})
    return {x.column: known.get(x.column.lower(), (0.0, 1.0)) for x in literals_of(clauses)}


def _values(column: str, clauses: Clauses) -> Values:
    """Values that stand for all that the comparisons with a column can tell apart."""
    some = [x for x in literals_of(clauses) if x.column == column]
    if column.lower() in FEATURES:
        feature = FEATURES[column.lower()]
        return (
            (0.0, 1.0)
            if feature.unit == "0/1"
            else _between([x.value for x in some], *_LIMITS.get(feature.unit, _ANYTHING))
        )
    if all(x.op == "is" for x in some):
        return _constant(column) or (0.0, 1.0)
    return _constant(column) or _between([x.value for x in some], *_ANYTHING)


def _constant(column: str) -> Values:
    try:
        return ({"TRUE": 1.0, "FALSE": 0.0}[column] if column in ("TRUE", "FALSE") else float(column),)
    except ValueError:
        return ()


def _between(edges: Sequence[float], low: float, high: float) -> Values:
    """The edges, a value between any two, and one beyond each end, as far as they lie within the limits."""
    marks = sorted({*edges, *(x for x in (low, high) if math.isfinite(x))})
    tried = [*marks, *((a + b) / 2 for a, b in pairwise(marks)), marks[0] - 1, marks[-1] + 1]
    return [x for x in tried if low <= x <= high]


class _Trial:
    """Clauses and the values of each column, as bits: which values fulfil which literal."""

    def __init__(self, clauses: Clauses, values: Mapping[str, Values]) -> None:
        bits = {column: (1 << len(some)) - 1 for column, some in values.items()}
        self._start = bits
        self._clauses = sorted(
            ([(x.column, _bits(x, values[x.column])) for x in clause] for clause in clauses), key=len
        )
        self._tries = 0

    def succeeds(self) -> bool:
        return self._from(0, self._start)

    def _from(self, clause: int, bits: Mapping[str, int]) -> bool:
        self._tries += 1
        if clause == len(self._clauses) or self._tries > _MOST_TRIES:
            return True
        return any(self._from(clause + 1, {**bits, column: bits[column] & fit})
                   for column, fit in self._clauses[clause] if bits[column] & fit)  # fmt: skip


def _bits(literal: Literal, values: Values) -> int:
    """The values (as bits) that fulfil a literal."""
    compare = UFUNCS.get(literal.op)
    fit = np.array(values) != 0 if compare is None else compare(np.array(values), literal.value)
    return sum(1 << i for i, yes in enumerate((fit != literal.negated).tolist()) if yes)
