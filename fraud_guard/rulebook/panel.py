"""A panel works out many conditions over the same columns at once, each shared part once.

Comparisons of one column with different numbers are one array operation, and so are the steps from
comparisons to conditions: the number of operations grows with the number of columns, not of conditions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fraud_guard.rulebook.expression import Expression
from fraud_guard.rulebook.normal_form import UFUNCS, Columns, Literal, Memo, literals_of

Bools = npt.NDArray[np.bool_]


class _Family(NamedTuple):
    """Literals that compare one column in one way: rows `low` to `high` of the working array."""

    literal: Literal
    values: npt.NDArray[np.float64]
    low: int
    high: int


class _Reduction:
    """Lists of rows of an array, joined by AND or OR: the longest list first, so that each step is one operation."""

    def __init__(self, lists: Sequence[Sequence[int]]) -> None:
        order = sorted(range(len(lists)), key=lambda i: -len(lists[i]))
        ranked, self._order = [lists[i] for i in order], np.array(order, np.intp)
        self._steps = [
            np.array([rows[k] for rows in ranked if len(rows) > k], np.intp)
            for k in range(max(map(len, lists), default=0))
        ]

    def run(self, op: np.ufunc, values: Bools, out: Bools) -> None:
        """Write the joined rows of `values` (m, n) to `out` (number of lists, n)."""
        if not self._steps:
            return
        joined = values.take(self._steps[0], axis=0)
        for rows in self._steps[1:]:
            op(joined[: len(rows)], values.take(rows, axis=0), out=joined[: len(rows)])
        out[self._order] = joined


class Panel:
    """Conditions over one schema. Equal ones may be given more than once; `run` answers in the order given."""

    def __init__(self, expressions: Sequence[Expression]) -> None:
        self._size = len(expressions)
        literals = {literal.key: literal for e in expressions for literal in literals_of(e.clauses)}
        self._families = list(_families(literals[key] for key in sorted(literals)))
        row = {key: i for i, key in enumerate(sorted(literals))}
        self._literals, choices, lists = len(row), dict[tuple[int, ...], int](), []
        for expression in expressions:
            clauses = [tuple(sorted(row[literal.key] for literal in clause)) for clause in expression.clauses]
            for clause in clauses:
                if len(clause) > 1:
                    choices.setdefault(clause, len(row) + len(choices))
            lists.append(list(dict.fromkeys(c[0] if len(c) == 1 else choices[c] for c in clauses)))
        self._choices, self._either, self._all = len(choices), _Reduction(list(choices)), _Reduction(lists)
        self._needs = self._needed_by(expressions)

    def run(self, columns: Columns, n: int, wanted: Bools | None = None) -> Bools:
        """Masks of all conditions, shape (conditions, n). Where `wanted` is False the mask is worthless."""
        memo, out = Memo(), np.zeros((self._size, n), np.bool_)
        if not n or not self._size or (wanted is not None and not wanted.any()):
            return out
        values = np.empty((self._literals + self._choices, n), np.bool_)
        needed = None if wanted is None else np.logical_or.reduce(self._needs[wanted])
        for k, family in enumerate(self._families):
            if needed is None or needed[k]:
                _fill(family, columns, memo, values[family.low : family.high])
        self._either.run(np.logical_or, values, values[self._literals :])
        self._all.run(np.logical_and, values, out)
        return out

    def _needed_by(self, expressions: Sequence[Expression]) -> Bools:
        """Which condition needs which family."""
        family = {
            (f.literal.column, f.literal.op, f.literal.negated): k for k, f in enumerate(self._families)
        }
        needs = np.zeros((len(expressions), len(self._families)), np.bool_)
        for i, expression in enumerate(expressions):
            needs[i, [family[x.column, x.op, x.negated] for x in literals_of(expression.clauses)]] = True
        return needs


def _families(literals: Iterable[Literal]) -> Iterable[_Family]:
    """Families of literals that come sorted by key; keys with the same column and comparison lie together."""
    together: dict[tuple[str, str, bool], list[tuple[int, Literal]]] = {}
    for i, literal in enumerate(literals):
        together.setdefault((literal.column, literal.op, literal.negated), []).append((i, literal))
    for some in together.values():
        values = np.array([literal.value for _, literal in some])
        yield _Family(some[0][1], values, some[0][0], some[-1][0] + 1)


def _fill(family: _Family, columns: Columns, memo: Memo, rows: Bools) -> None:
    column, op = family.literal.run(columns, memo), UFUNCS.get(family.literal.op)
    if op is None:
        rows[:] = column
    else:
        op(column, family.values[:, None], out=rows)
    if family.literal.negated:
        np.logical_not(rows, out=rows)
