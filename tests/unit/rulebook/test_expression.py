"""Expressions: every operator means what plain Python says, and every fault has a remedy."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraud_guard.errors import RuleError
from fraud_guard.rulebook.expression import MAX_CHARS, MAX_DEPTH, Name, Schema, compile_sql

SCHEMA: Schema = {
    "x": Name("num"), "y": Name("num"), "flag": Name("bool"), "call": Name("bool"),
    "kind": Name("enum", {"sms": 4, "visit": 5, "timer": 9}),
}  # fmt: skip
Row = dict[str, float]
Plain = Callable[[Row], Any]


class Pair(NamedTuple):
    """An expression as SQL, and the same as a Python function."""

    sql: str
    plain: Plain


def columns(rows: list[Row]) -> dict[str, np.ndarray]:
    return {name: np.array([row[name] for row in rows], np.float64) for name in SCHEMA}


def divide(a: float, b: float) -> float:
    with np.errstate(all="ignore"):
        return float(np.float64(a) / np.float64(b))


NUMBERS = st.sampled_from([0, 1, 2, 3, 0.5, 7.25, 100])
OPERATORS: dict[str, Callable[[float, float], Any]] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": divide,
    "=": lambda a, b: a == b, "<>": lambda a, b: a != b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
}  # fmt: skip


def binary(op: str, left: Pair, right: Pair) -> Pair:
    return Pair(f"({left.sql} {op} {right.sql})", lambda r: OPERATORS[op](left.plain(r), right.plain(r)))


def extreme(name: str, parts: list[Pair]) -> Pair:
    pick = np.minimum if name == "LEAST" else np.maximum

    def plain(row: Row) -> float:
        total = parts[0].plain(row)
        for part in parts[1:]:
            total = float(pick(total, part.plain(row)))
        return total

    return Pair(f"{name}({', '.join(p.sql for p in parts)})", plain)


def atoms() -> st.SearchStrategy[Pair]:
    names = st.sampled_from(["x", "y", "flag"]).map(lambda n: Pair(n, lambda r: float(r[n])))
    return names | NUMBERS.map(lambda n: Pair(str(n), lambda _: float(n)))


def numbers() -> st.SearchStrategy[Pair]:
    def grow(inner: st.SearchStrategy[Pair]) -> st.SearchStrategy[Pair]:
        return (
            st.builds(binary, st.sampled_from("+-*/"), inner, inner)
            | inner.map(lambda p: Pair(f"ABS({p.sql})", lambda r: abs(p.plain(r))))
            | inner.map(lambda p: Pair(f"(- {p.sql})", lambda r: -p.plain(r)))
            | st.builds(extreme, st.sampled_from(["LEAST", "GREATEST"]), st.lists(inner, min_size=1, max_size=3))
        )

    return st.recursive(atoms(), grow, max_leaves=5)


def comparisons() -> st.SearchStrategy[Pair]:
    number = numbers()
    compare = st.builds(binary, st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), number, number)
    between = st.builds(
        lambda a, b, c: Pair(f"({a.sql} BETWEEN {b.sql} AND {c.sql})", lambda r: b.plain(r) <= a.plain(r) <= c.plain(r)),
        number, number, number,
    )  # fmt: skip
    member = st.builds(
        lambda a, some: Pair(f"({a.sql} IN ({', '.join(map(str, some))}))", lambda r: a.plain(r) in some),
        number, st.lists(NUMBERS, min_size=1, max_size=3),
    )  # fmt: skip
    return compare | between | member | enums() | st.sampled_from(["flag", "call"]).map(lambda n: Pair(n, lambda r: r[n] != 0))


def enums() -> st.SearchStrategy[Pair]:
    codes = SCHEMA["kind"].codes
    assert codes is not None
    value = st.sampled_from(sorted(codes))
    return (
        value.map(lambda v: Pair(f"(kind = '{v}')", lambda r: r["kind"] == codes[v]))
        | value.map(lambda v: Pair(f"(kind <> '{v}')", lambda r: r["kind"] != codes[v]))
        | st.lists(value, min_size=1).map(
            lambda vs: Pair("(kind IN (" + ", ".join(f"'{v}'" for v in vs) + "))", lambda r: r["kind"] in [codes[v] for v in vs])
        )
    )


def conditions() -> st.SearchStrategy[Pair]:
    def grow(inner: st.SearchStrategy[Pair]) -> st.SearchStrategy[Pair]:
        return (
            inner.map(lambda p: Pair(f"(NOT {p.sql})", lambda r: not p.plain(r)))
            | st.builds(lambda a, b: Pair(f"({a.sql} AND {b.sql})", lambda r: a.plain(r) and b.plain(r)), inner, inner)
            | st.builds(lambda a, b: Pair(f"({a.sql} OR {b.sql})", lambda r: a.plain(r) or b.plain(r)), inner, inner)
            | inner.map(lambda p: Pair(f"({p.sql} AND TRUE OR FALSE)", p.plain))
        )

    return st.recursive(comparisons(), grow, max_leaves=5)


ROW = st.fixed_dictionaries(
    {"x": st.sampled_from([0.0, 1.0, -2.0, 0.5, 7.25, 1e9]), "y": st.sampled_from([0.0, 1.0, 3.0, -0.25]),
     "flag": st.sampled_from([0.0, 1.0]), "call": st.sampled_from([0.0, 1.0]), "kind": st.sampled_from([4.0, 5.0, 9.0, 1.0])}
)  # fmt: skip


@settings(max_examples=250)
@given(conditions(), st.lists(ROW, min_size=1, max_size=4))
def test_an_expression_means_what_plain_python_says(pair: Pair, rows: list[Row]) -> None:
    """Random expressions of all operators agree with a Python function, row by row."""
    pair = Pair(f"({pair.sql} AND x = x)", pair.plain)
    with np.errstate(all="ignore"):
        got = compile_sql(pair.sql, SCHEMA).run(columns(rows), {})
    assert np.broadcast_to(got, (len(rows),)).tolist() == [bool(pair.plain(row)) for row in rows]


@settings(max_examples=60)
@given(st.lists(conditions(), min_size=2, max_size=4), st.lists(ROW, min_size=1, max_size=3))
def test_shared_work_changes_nothing(pairs: list[Pair], rows: list[Row]) -> None:
    """Rules that share one memo answer as each would alone."""
    memo: dict[str, np.ndarray] = {}
    compiled = [compile_sql(f"{p.sql} AND y = y", SCHEMA) for p in pairs]
    with np.errstate(all="ignore"):
        alone = [np.asarray(c.run(columns(rows), {})).tolist() for c in compiled]
        shared = [np.asarray(c.run(columns(rows), memo)).tolist() for c in compiled]
    assert alone == shared


def test_the_shape_of_the_columns_is_kept() -> None:
    """Rings are tables of events: a condition on an (n, m) table gives an (n, m) mask, constants included."""
    table = {"flag": np.array([[1, 0, 1], [0, 0, 1]])}
    assert compile_sql("flag AND TRUE", SCHEMA).run(table, {}).tolist() == [[True, False, True], [False, False, True]]


def test_names_are_told_in_order_and_once() -> None:
    """`names` are what must be computed: lower case, sorted, distinct."""
    assert compile_sql("Y > 1 AND x > y OR FLAG", SCHEMA).names == ("flag", "x", "y")


def test_a_name_that_is_a_word_of_sql_is_a_name() -> None:
    """`call` is an event's name, even at the start of an expression."""
    assert compile_sql("call AND flag", SCHEMA).names == ("call", "flag")


def test_a_comment_is_no_harm() -> None:
    """A comment at the end of an expression is passed over."""
    assert compile_sql("x > 1 -- more than one", SCHEMA).names == ("x",)


def test_division_by_zero_is_infinite() -> None:
    """A division by zero has the sign of its dividend, and 0 / 0 fulfils no comparison."""
    rows = {"x": np.array([1.0, -1.0, 0.0])}
    assert compile_sql("x / 0 > 1000000", SCHEMA).run(rows, {}).tolist() == [True, False, False]
    assert compile_sql("x / 0 < 1000000", SCHEMA).run(rows, {}).tolist() == [False, True, False]
    assert math.isnan(divide(0, 0))


@pytest.mark.parametrize(
    ("sql", "says", "remedy"),
    [
        ("x", "is not a condition", "compare it"),
        ("x AND flag", "is not a condition", "compare it"),
        ("NOT x", "is not a condition", "compare it"),
        ("z > 1", "unknown name `z`", "docs/features.md"),
        ("flga", "unknown name `flga`", "did you mean flag"),
        ("t.x > 1", "unknown name `t.x`", "did you mean x"),
        ("kind = 'smss'", "none of its values", "'sms', 'visit', 'timer'"),
        ("kind > 'sms'", "orders names", "use =, <> or IN"),
        ("'sms' = kind", "begins with the value", "write the name first"),
        ("kind", "is not a condition", "compare it"),
        ("x = 'sms'", "is not a number", "plain number"),
        ("x IN (y)", "is not a number", "plain number"),
        ("x IN (SELECT 1)", "has no list", "IN (a, b, …)"),
        ("x IS NULL", "not allowed", "writing_rules.md"),
        ("x > NULL", "not allowed", "writing_rules.md"),
        ("x % 2 = 1", "not allowed", "writing_rules.md"),
        ("SQRT(x) > 1", "not allowed", "writing_rules.md"),
        ("x::int > 1", "not allowed", "writing_rules.md"),
        ("CASE WHEN flag THEN 1 ELSE 0 END > 0", "not allowed", "writing_rules.md"),
        ("x BETWEEN SYMMETRIC 2 AND 1", "not allowed", "writing_rules.md"),
        ("x > ?", "not allowed", "writing_rules.md"),
        ("1 > 0", "always the same", "at least one name"),
        ("TRUE", "always the same", "at least one name"),
        ("", "not a SQL expression", ""),
        ("x > 1 AND", "not a SQL expression", ""),
        ("x > 'a", "not a SQL expression", ""),
        ("flag) OR (call", "brackets do not match", "close what was opened"),
        ("x > 1; DROP TABLE rules", "not a SQL expression", ""),
        ("SELECT 1", "not a SQL expression", ""),
        ("DROP TABLE rules", "not a SQL expression", ""),
        ("(" * 900 + "flag" + ")" * 900, "nested", f"below {MAX_DEPTH}"),
        (" AND ".join(["flag"] * 60), "nested", f"below {MAX_DEPTH}"),
        ("flag" + " " * MAX_CHARS, "characters", "split the rule"),
    ],
)
def test_a_fault_is_told_with_a_remedy(sql: str, says: str, remedy: str) -> None:
    """What the language does not hold is refused, and the author learns what to write instead."""
    with pytest.raises(RuleError) as error:
        compile_sql(sql, SCHEMA)
    assert says in str(error.value)
    assert error.value.remedy
    assert remedy in error.value.remedy


@settings(max_examples=150)
@given(st.text(alphabet="xy flagNOTAND()<>=+-*/'1;.,%\"\n\\é客", max_size=40))
def test_any_text_compiles_or_is_refused(text: str) -> None:
    """No text of a rule author brings the loader down."""
    with suppress(RuleError):
        compile_sql(text, SCHEMA)
