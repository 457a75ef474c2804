"""Panels: many conditions at once answer as each alone, and as Polars, the reference of the language, answers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraud_guard.rulebook.expression import Name, Schema, compile_sql
from fraud_guard.rulebook.panel import Panel
from tests.unit.rulebook.test_expression import ROW, SCHEMA, Pair, Row, columns, conditions

KINDS = {"sms": 4, "visit": 5, "timer": 9}
PLAIN: Schema = {"x": Name("num"), "y": Name("num"), "flag": Name("bool"), "kind": Name("enum", KINDS)}
NUMBERS = ("-2.0", "0.0", "0.5", "1.0", "7.25")


def number() -> st.SearchStrategy[str]:
    return (
        st.sampled_from(("x", "y", "x + y", "x - y", "ABS(x - y)", "GREATEST(x, y)", "LEAST(x, 1.0)"))
        | st.sampled_from(("x / GREATEST(ABS(y), 0.5)", "-x", "x * 2.0"))
    )  # fmt: skip


def comparison() -> st.SearchStrategy[str]:
    value, op = st.sampled_from(NUMBERS), st.sampled_from(("<", "<=", ">", ">=", "=", "<>"))
    kind = st.sampled_from(sorted(KINDS))
    return st.one_of(
        st.builds("{} {} {}".format, number(), op, value | number()),
        st.builds("{} {} {}".format, value, op, number()),
        st.builds("{} BETWEEN {} AND {}".format, number(), value, value),
        st.builds("{} IN ({}, {})".format, st.sampled_from("xy"), value, value),
        st.builds("kind {} '{}'".format, st.sampled_from(("=", "<>")), kind),
        st.builds("kind IN ('{}', '{}')".format, kind, kind),
        st.just("flag"),
    )


def sentences() -> st.SearchStrategy[str]:
    """Conditions in the part of the language that rules use, in words that Polars knows too."""
    return st.recursive(
        comparison(),
        lambda inner: inner.map("NOT ({})".format) | st.builds("({}) {} ({})".format, inner, st.sampled_from(("AND", "OR")), inner),
        max_leaves=6,
    )


@settings(max_examples=200)
@given(st.lists(conditions(), min_size=1, max_size=6), st.lists(ROW, min_size=1, max_size=4), st.data())
def test_a_panel_answers_as_each_condition_alone(pairs: list[Pair], rows: list[Row], data: st.DataObject) -> None:
    """Every operator, divisions by zero included, gives the same in a panel, also if only some conditions are wanted."""
    expressions = [compile_sql(f"{p.sql} AND y = y", SCHEMA) for p in pairs]
    wanted = np.array(data.draw(st.lists(st.booleans(), min_size=len(pairs), max_size=len(pairs))))
    with np.errstate(all="ignore"):
        alone = np.array([np.broadcast_to(e.run(columns(rows), {}), len(rows)) for e in expressions])
        together = Panel(expressions).run(columns(rows), len(rows))
        some = Panel(expressions).run(columns(rows), len(rows), wanted)
    assert together.tolist() == alone.tolist()
    assert some[wanted].tolist() == alone[wanted].tolist()


@settings(max_examples=150, deadline=None)
@given(st.lists(sentences(), min_size=1, max_size=4), st.lists(ROW, min_size=1, max_size=5))
def test_a_panel_answers_as_polars(sql: list[str], rows: list[Row]) -> None:
    """The same words mean the same in `polars.sql_expr` over a table, in a panel and one by one."""
    polars = pytest.importorskip("polars")
    named = {"flag": [r["flag"] != 0 for r in rows], "kind": [{v: k for k, v in KINDS.items()}.get(int(r["kind"]), "?") for r in rows]}
    table = polars.DataFrame({name: named.get(name) or [float(r[name]) for r in rows] for name in PLAIN})
    reference = table.select([polars.sql_expr(s).alias(str(i)) for i, s in enumerate(sql)])
    expressions = [compile_sql(f"({s}) AND y = y", PLAIN) for s in sql]
    panel = Panel(expressions).run(columns(rows), len(rows))
    assert panel.tolist() == [reference[str(i)].to_list() for i in range(len(sql))]
    assert [e.run(columns(rows), {}).tolist() for e in expressions] == panel.tolist()


def test_equal_conditions_are_answered_each() -> None:
    """The same condition twice, in other spelling and order, gives two equal rows."""
    table = {"x": np.array([1.0, 3.0]), "flag": np.array([1.0, 1.0])}
    expressions = [compile_sql(s, SCHEMA) for s in ("x > 2 AND flag", "flag and 2 < x", "NOT (NOT flag OR x <= 2)")]
    assert Panel(expressions).run(table, 2).tolist() == [[False, True]] * 3


def test_no_rows_and_no_conditions_are_no_harm() -> None:
    """An empty panel or an empty chunk gives an empty answer of the right shape."""
    assert Panel([]).run({"x": np.zeros(3)}, 3).shape == (0, 3)
    assert Panel([compile_sql("x > 1", SCHEMA)]).run({"x": np.zeros(0)}, 0).shape == (1, 0)


def test_what_nobody_wants_is_not_computed() -> None:
    """Columns that only unwanted conditions read are never asked for."""

    class Watched(dict[str, np.ndarray]):
        asked: set[str] = set()  # noqa: RUF012

        def __missing__(self, name: str) -> np.ndarray:
            self.asked.add(name)
            return np.ones(2)

    panel, table = Panel([compile_sql(s, SCHEMA) for s in ("x > 0 AND flag", "y > 0")]), Watched()
    assert panel.run(table, 2, np.array([False, True]))[1].all()
    assert table.asked == {"y"}
