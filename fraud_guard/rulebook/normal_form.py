"""A condition as clauses: all of them must hold, and of each at least one literal.

Clauses let a panel work out many conditions at once. A literal compares a column with a number,
or is a smaller condition that has no such form. Negations are pushed down to the literals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple, Protocol

import numpy as np
from sqlglot import exp

Columns = Mapping[str, np.ndarray]
Memo = dict[str, np.ndarray]
Compiled = Callable[[Columns, Memo], np.ndarray]
MAX_CLAUSES = 16
"""A condition that would need more is one literal."""


class Literal(NamedTuple):
    """`column op value`, negated or not. `op` is a comparison of SQL, or `is` for a condition.

    `column` is its SQL text, by which equal ones are known; `run` computes it.
    """

    column: str
    op: str
    value: float
    negated: bool
    run: Compiled

    @property
    def key(self) -> tuple[str, str, bool, float]:
        """What makes two literals the same; those that differ in the value alone sort together."""
        return self.column, self.op, self.negated, self.value


Clause = tuple[Literal, ...]
Clauses = tuple[Clause, ...]


class Words(Protocol):
    """What the compiler knows of the parts of a tree."""

    def number(self, node: exp.Expr) -> Compiled:
        """The function of a numeric expression."""

    def condition(self, node: exp.Expr) -> Compiled:
        """The function of a condition."""

    def codes(self, node: exp.Expr) -> Mapping[str, int] | None:
        """The values of an enum column; None for anything else."""


COMPARE: Mapping[type[exp.Expr], str] = {
    exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<=", exp.EQ: "=", exp.NEQ: "<>",
}  # fmt: skip
UFUNCS: Mapping[str, Callable[..., Any]] = {
    ">": np.greater, ">=": np.greater_equal, "<": np.less, "<=": np.less_equal, "=": np.equal, "<>": np.not_equal,
}  # fmt: skip
_FLIPPED = {">": "<", ">=": "<=", "<": ">", "<=": ">=", "=": "=", "<>": "<>"}


def clauses_of(tree: exp.Expr, words: Words) -> Clauses:
    """The clauses of a condition that the compiler has accepted."""
    return _Former(words).clauses(tree, negated=False)


def number_of(node: exp.Expr) -> float | None:
    """The value of a plain number; None for anything else."""
    match node:
        case exp.Paren():
            return number_of(node.this)
        case exp.Neg():
            inner = number_of(node.this)
            return None if inner is None else -inner
        case exp.Literal() if not node.is_string:
            return float(node.this)
    return None


class _Former:
    def __init__(self, words: Words) -> None:
        self._words = words

    def clauses(self, node: exp.Expr, *, negated: bool) -> Clauses:
        match node:
            case exp.Paren():
                return self.clauses(node.this, negated=negated)
            case exp.Not():
                return self.clauses(node.this, negated=not negated)
            case exp.And() | exp.Or():
                left, right = (self.clauses(n, negated=negated) for n in (node.this, node.expression))
                return (
                    left + right
                    if isinstance(node, exp.And) != negated
                    else self._either(node, left, right, negated)
                )
            case exp.Between():
                ends = (
                    exp.GTE(this=node.this, expression=node.args["low"]),
                    exp.LTE(this=node.this, expression=node.args["high"]),
                )
                return self._clauses_of_each(ends, negated=negated, any_of=negated)
            case exp.In():
                some = [exp.EQ(this=node.this, expression=e) for e in node.expressions]
                return self._clauses_of_each(some, negated=negated, any_of=not negated)
        return ((self._literal(node, negated=negated),),)

    def _clauses_of_each(self, nodes: Sequence[exp.Expr], *, negated: bool, any_of: bool) -> Clauses:
        literals = _distinct(tuple(self._literal(node, negated=negated) for node in nodes))
        return (literals,) if any_of else tuple((literal,) for literal in literals)

    def _either(self, node: exp.Expr, left: Clauses, right: Clauses, negated: bool) -> Clauses:  # noqa: FBT001
        if len(left) * len(right) > MAX_CLAUSES:
            return ((Literal(node.sql(copy=False), "is", 1.0, negated, self._words.condition(node)),),)
        return tuple(_distinct(one + other) for one, other in product(left, right))

    def _literal(self, node: exp.Expr, *, negated: bool) -> Literal:
        op = COMPARE.get(type(node))
        if op is not None:
            for side, other, sign in ((node.this, node.expression, op), (node.expression, node.this, _FLIPPED[op])):
                value = self._value(side, other)
                if value is not None:
                    column = side.unnest()
                    return Literal(column.sql(copy=False), sign, value, negated, self._column(column))
        return Literal(node.sql(copy=False), "is", 1.0, negated, self._words.condition(node))

    def _value(self, side: exp.Expr, other: exp.Expr) -> float | None:
        codes = self._words.codes(side)
        return float(codes[other.unnest().this]) if codes is not None else number_of(other)

    def _column(self, node: exp.Expr) -> Compiled:
        name = node.name.lower()
        if self._words.codes(node) is not None:
            return lambda c, m: c[name]
        return self._words.number(node)


def _distinct(literals: Clause) -> Clause:
    return tuple({literal.key: literal for literal in literals}.values())


def literals_of(clauses: Clauses) -> Iterator[Literal]:
    """All literals, in order."""
    return (literal for clause in clauses for literal in clause)
