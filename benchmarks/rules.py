"""What rules cost: panels of NumPy masks against one mask after another and against Polars, and 1,000 rules against 100.

    python -m benchmarks.rules

Conditions are those of the shipped rules and of copies with other numbers, over blocks of 1,000 rows that real
rules look at. The live path is measured as live workers ask it: for what a block of 1,000 tags gives to look at.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from datasets.bench_mix import bench_lines
from fraud_guard.app.rule_bench import Cost, Sample, copies, cost_of, samples_of
from fraud_guard.app.rule_files import load_generation
from fraud_guard.rulebook.book import FEATURE_SCHEMA, compile_when
from fraud_guard.rulebook.panel import Panel
from fraud_guard.rulebook.rule import Rule
from fraud_guard.shipped import shipped

TAGS, PEOPLE, BLOCK = 60_000, 4_000, 1_000
TURNS = 5
Columns = dict[str, np.ndarray]


def main() -> int:
    """Print both tables; exit 1 when 1,000 rules cost more than 8 times what 100 cost."""
    shelf, samples = measured_shelf()
    blocks = blocks_of(samples)
    print(f"conditions over {len(blocks)} blocks of {BLOCK:,} rows, µs a block, the best of {TURNS} turns")
    print(f"{'rules':>6} {'panel':>9} {'one by one':>11} {'polars':>9}")
    for size in (100, 1_000):
        times = conditions_us(copies(shelf, size), blocks)
        print(f"{size:>6,} {times['panel']:>9,.0f} {times['one by one']:>11,.0f} {times['polars']:>9,.0f}")
    costs = live(shelf, samples)
    print("\nthe live path, µs for what a block of 1,000 tags gives to look at")
    for cost in costs:
        print(f"{cost.rules:>6,} rules: conditions {cost.match_us:,.0f}, sequences {cost.sequences_us:,.0f}, together {cost.total_us:,.0f}")
    ratio = costs[-1].total_us / costs[-2].total_us
    print(f"1,000 rules cost {ratio:.1f} times what 100 cost (bar: 8)")
    return 1 if ratio > 8 else 0


def measured_shelf() -> tuple[list[Rule], list[Sample]]:
    """The shipped rules, and what a stream of the bench mix gives them to look at."""
    generation, _ = load_generation(shipped("rules"))
    return [c.rule for c in generation.book.rules], samples_of(bench_lines(TAGS, 7, PEOPLE), generation)


def live(shelf: Sequence[Rule], samples: Sequence[Sample]) -> list[Cost]:
    """The cost of 10, 100 and 1,000 rules."""
    return [cost_of(copies(shelf, size), samples) for size in (10, 100, 1_000)]


def blocks_of(samples: Sequence[Sample]) -> list[Columns]:
    """The features of all rows that rules looked at, in full blocks."""
    names = samples[0].features
    joined = {name: np.concatenate([s.features[name] for s in samples]) for name in names}
    rows = len(next(iter(joined.values())))
    return [{n: c[i : i + BLOCK] for n, c in joined.items()} for i in range(0, rows - BLOCK + 1, BLOCK)]


def conditions_us(rules: Sequence[Rule], blocks: Sequence[Columns]) -> dict[str, float]:
    """µs a block for all `when` of the rules, in three ways that give the same masks."""
    expressions = [compile_when(rule.when) for rule in rules if rule.when]
    panel, in_polars = Panel(expressions), polars_way([e.sql for e in expressions])
    ways: dict[str, Callable[[Columns], Any]] = {
        "panel": lambda block: panel.run(block, BLOCK),
        "one by one": lambda block: one_by_one(expressions, block),
        "polars": in_polars,
    }
    expected = np.array(ways["one by one"](blocks[0]))
    for name, way in ways.items():
        assert np.array_equal(np.array(way(blocks[0])), expected), name
    return {name: min(turn(way, blocks) for _ in range(TURNS)) for name, way in ways.items()}


def one_by_one(expressions: Sequence[Any], block: Columns) -> list[np.ndarray]:
    memo: dict[str, np.ndarray] = {}
    return [expression.run(block, memo) for expression in expressions]


def polars_way(conditions: Sequence[str]) -> Callable[[Columns], Any]:
    """Polars over the same columns; a yes/no name is a Boolean there, and its own cache of shared parts is on."""
    import polars as pl  # noqa: PLC0415  only this comparison needs it

    wanted = [pl.sql_expr(sql).alias(str(i)) for i, sql in enumerate(conditions)]

    def run(block: Columns) -> Any:
        columns = {n: c != 0 if FEATURE_SCHEMA[n].type == "bool" else c for n, c in block.items()}
        return pl.DataFrame(columns).select(wanted).to_numpy().T

    return run


def turn(way: Callable[[Columns], Any], blocks: Sequence[Columns]) -> float:
    began = time.process_time()
    for block in blocks:
        way(block)
    return (time.process_time() - began) * 1e6 / len(blocks)


if __name__ == "__main__":
    sys.exit(main())
