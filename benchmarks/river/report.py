"""The river as tables, and its bars."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.pages import Told, verdict
from benchmarks.river.cost import Spent, spend
from benchmarks.river.latency import Waited, latency
from benchmarks.river.river import FIRST_TAGS, Shape

PER_CORE, P99_MS, RATE, FLAT = 30_000, 500.0, 5_000, 1.5
"""Bars: tags a second and core with rules; order after so many ms at so many tags/s; the dearest number of subjects by the cheapest."""
SPREAD = 8
"""Partitions of a worker that has others' to take over."""
HEAD = """## On Apache Kafka, Valkey and PostgreSQL

Written by `python -m benchmarks --only river --write` on {machine}. Each row has servers and workers of its own. The inlet is
filled from outside; tags a second and core are tags ÷ CPU seconds (user and system) of all workers, from the first tag to the last acknowledged
one, without their start; the servers' CPU is not counted. All mechanisms are on: door, vault, peer stage, checkpoints, truth, outbox. Memory is the most that one worker had.

"""


class Spans(NamedTuple):
    """Sizes: tags of a cost, of a row of the scale and let through before it, of the hot row; seconds of a latency, and of those before it counts."""

    cost: int = 2_000_000
    scale: int = 400_000
    warm: int = 400_000
    hot: int = 50_000
    seconds: float = 60.0
    settle_s: float = 20.0

    @classmethod
    def quick(cls) -> Spans:
        """A few minutes."""
        return cls(60_000, 40_000, FIRST_TAGS, 5_000, 20.0, 8.0)


def river_report(folder: Path, spans: Spans) -> Told:
    """Cost, latency and scale; `{machine}` in the text is to be filled in."""
    told = [_costs(folder, spans), _latencies(folder, spans), _scale(folder, spans)]
    return Told(HEAD + "\n\n".join(one.text for one in told), all(one.met for one in told))


def _costs(folder: Path, spans: Spans) -> Told:
    rules, both = (spend(folder, Shape(spans.cost, models=models)) for models in (False, True))
    met = rules.per_core_s >= PER_CORE
    rows = [("rules alone, no model anywhere", rules), ("rules and models of texts, hosts and behaviour", both)]
    title = f"### The whole decision, {spans.cost:,} tags (bar: rules on, ≥ {PER_CORE:,} tags/s per core)"
    return Told(f"{title}\n\n{_table(rows)}\n\nBar: {verdict(met=met)}.", met)


def _latencies(folder: Path, spans: Spans) -> Told:
    asked = ((1_000, 1), (RATE, 1), (1_000, SPREAD), (RATE, SPREAD))
    found = [latency(folder, rate, spans.seconds, spans.settle_s, partitions) for rate, partitions in asked]
    met = found[1].p99_ms <= P99_MS
    title = f"### From a tag to the order it causes (bar: p99 ≤ {P99_MS:.0f} ms at {RATE:,} tags/s)"
    rows = ["| tags/s | partitions | orders | p50 | p95 | p99 |", "|---|---|---|---|---|---|", *map(_waited, found)]
    note = "From when the tag was due at the inlet, whether or not it could be appended then, to the timestamp of the order's record in `orders`. One worker; the bar is asked of it with one partition."
    return Told("\n".join([title, "", *rows, "", f"{note} Bar: {verdict(met=met)}."]), met)


def _scale(folder: Path, spans: Spans) -> Told:
    subjects = [
        (f"{n:,} subjects", spend(folder, Shape(spans.scale, spans.warm, subjects=n))) for n in (10_000, 100_000, 1_000_000)
    ]
    rows = [
        *((f"{n} worker(s)", spend(folder, Shape(spans.scale, workers=n))) for n in (1, 2)),
        *subjects,
        *((f"{n:,} rules", spend(folder, Shape(spans.scale, rules=n))) for n in (10, 100, 1_000)),
        (f"half of {spans.hot:,} tags on one subject", spend(folder, Shape(spans.hot, hot=True))),
    ]
    dearest, cheapest = (pick(one.cpu_s for _, one in subjects) for pick in (max, min))
    met = dearest <= FLAT * cheapest
    title = f"### What grows with what, {spans.scale:,} tags (bar: flat in subjects, the dearest ≤ {FLAT} × the cheapest)"
    note = f"Rules and models; {spans.warm:,} tags were let through before those of the rows by subjects, so that most of the people are known."
    return Told(f"{title}\n\n{_table(rows)}\n\n{note} Bar: {verdict(met=met)}.", met)


def _table(rows: Sequence[tuple[str, Spent]]) -> str:
    lines = ["| what | tags/s per core | tags/s | memory |", "|---|---|---|---|"]
    for what, one in rows:
        lines.append(f"| {what} | {one.per_core_s:,.0f} | {one.shape.tags / one.wall_s:,.0f} | {one.peak_rss_bytes / 1e6:,.0f} MB |")
    return "\n".join(lines)


def _waited(one: Waited) -> str:
    return f"| {one.rate_per_s:,} | {one.partitions} | {one.orders} | {one.p50_ms:,.0f} ms | {one.p95_ms:,.0f} ms | {one.p99_ms:,.0f} ms |"
