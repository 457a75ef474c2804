"""The worker on files, its door, a stock Faust agent on the same log, and a restart: the head of docs/performance.md."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

from benchmarks import machine
from benchmarks.city import DAYS, PEOPLE, city
from benchmarks.door import door
from benchmarks.pages import Told
from benchmarks.restart import restart
from benchmarks.stock import stock
from benchmarks.worker import best_in_turns, bytes_a_subject, worker

HEAD = """# Performance

Every figure on this page is written by `make bench` (`python -m benchmarks --write`; a part of it by `--only embedded`, `race`, `river` or `apk`) on one machine. Tags per core are tags ÷
CPU seconds (user + system), here of the whole process, its start, its end and all caches still cold included; compare ratios, not machines.

Machine: {machine}.

| what | bar | measured | met |
|---|---|---|---|
{rows}

Notes
- The bench mix is that of the contract: 30 % calls, 20 % texts, 50 % network tags over 200,000 subjects, 1 % duplicates, 2 % late
  (`python -m datasets.bench_mix`, seed 7). The worker reads the file into its sealed inlet log, through the door, the sealed `tags` log,
  {rules} rules, SQLite checkpoints, truth and vault: `fraud-guard run --tags MIX --until-idle`;
  rules alone: `python -m benchmarks.river.worker --rules-only`, the same without any model. Of either the cheapest of three runs counts, taken in turns; all others run once.
- The stock agent (`benchmarks/stock.py`) is what Faust's documentation teaches: one event at a time, on the same embedded log, with the same
  decoding, normalisation and tokens and the plain one-tag-at-a-time reference scorer with the same rules. Its subjects live in a Faust table
  with its changelog; it has no second log, no peer stage, no vault and no truth, so the comparison flatters it.
- Restart: a feeder appends 5,000 tags/s without a pause; the worker is killed with SIGKILL after {before:.0f} s and started again at once.
"""


RULES_BAR, MODELS_BAR = 40_000, 25_000


class Row(NamedTuple):
    """One line of the page."""

    what: str
    bar: str
    measured: str
    met: bool | None


def embedded(folder: Path, tags: int, stock_tags: int) -> Told:
    """Measure everything and compare with the bars."""
    where = machine.describe()
    rows = measure(folder, tags, stock_tags)
    return Told(page(where, rows), all(row.met is not False for row in rows))


def measure(folder: Path, tags: int, stock_tags: int) -> list[Row]:
    """All figures, in the order of the page."""
    say = lambda what: print(f"· {what}", file=sys.stderr, flush=True)  # noqa: E731
    say("door")
    steps = door(folder)
    say(f"embedded worker, {tags:,} tags")
    worker(folder, 20_000)  # so that byte code is compiled
    ours, plain = best_in_turns(folder, tags)
    ours_rate, plain_rate = tags / ours.cpu_s, tags / plain.cpu_s
    subjects, stored = bytes_a_subject(folder, tags)
    say(f"stock Faust agent, {stock_tags:,} tags")
    theirs_rate = stock_tags / stock(folder, stock_tags, with_table=True).cpu_s
    forgetful_rate = stock_tags / stock(folder, stock_tags, with_table=False).cpu_s
    say("labelled city")
    city_rate = city(folder)
    say("restart after kill -9")
    level_s, first_s = restart(folder)
    return [
        Row("chunk decoding (validated tag from JSON)", "≤ 3 µs a tag", f"{steps['decode']:.1f} µs", steps["decode"] <= 3),
        Row("door, decoding to rows, caches warm", "", f"{steps['decode to rows, caches warm']:.1f} µs", None),
        Row("door, block and Arrow", "", f"{steps['block and Arrow']:.1f} µs", None),
        Row(f"embedded worker on the bench mix, {tags:,} tags, rules and sequences alone, peer stage on", f"≥ {RULES_BAR:,} tags/s per core",
            f"{plain_rate:,.0f} tags/s per core ({plain.cpu_s:.1f} s CPU, {plain.wall_s:.1f} s wall)", plain_rate >= RULES_BAR),
        Row("the same with the models of texts, hosts and behaviour", f"≥ {MODELS_BAR:,} tags/s per core",
            f"{ours_rate:,.0f} tags/s per core ({ours.cpu_s:.1f} s CPU, {ours.wall_s:.1f} s wall)", ours_rate >= MODELS_BAR),
        Row(f"a stock Faust agent doing the same per event, {stock_tags:,} tags", "ours ≥ 10 ×",
            f"{theirs_rate:,.0f} tags/s per core; ours is {ours_rate / theirs_rate:.1f} ×", ours_rate >= 10 * theirs_rate),
        Row("the same agent without a table: it forgets all in a crash", "",
            f"{forgetful_rate:,.0f} tags/s per core; ours is {ours_rate / forgetful_rate:.1f} ×", None),
        Row(f"labelled city, {PEOPLE:,} people, {DAYS} days, with writing", "≥ 100,000 tags/s per core",
            f"{city_rate:,.0f} tags/s per core", city_rate >= 100_000),
        Row("restart after kill -9 at 5,000 tags/s", "level within 15 s",
            f"level after {level_s:.1f} s (first new tag scored after {first_s:.1f} s)", level_s <= 15),
        Row(f"memory store for {subjects:,} subjects", "≤ 2 KiB a subject", f"{stored:,.0f} bytes a subject", stored <= 2_048),
        Row(f"resident memory of the worker with {subjects:,} subjects", "≤ 900 MB",
            f"{ours.peak_rss_bytes / 1e6:,.0f} MB at its peak", ours.peak_rss_bytes <= 900e6),
    ]  # fmt: skip


def page(where: str, rows: list[Row]) -> str:
    """docs/performance.md."""
    from benchmarks.restart import BEFORE_S  # noqa: PLC0415
    from fraud_guard.app.rule_files import load_generation  # noqa: PLC0415
    from fraud_guard.shipped import shipped  # noqa: PLC0415

    met = {True: "yes", False: "**no**", None: ""}
    lines = "\n".join(f"| {r.what} | {r.bar} | {r.measured} | {met[r.met]} |" for r in rows)
    rules = len(load_generation(shipped("rules"))[0].book.rules)
    return HEAD.format(machine=where, rows=lines, rules=rules, before=BEFORE_S)
