"""The APK analysis as tables, and its bars."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple, TypeVar

from rich.console import Console

from benchmarks import apk_scan
from benchmarks.apk_index import Filled, fill_and_ask
from benchmarks.pages import Told, verdict
from datasets.reskin.__main__ import unrelated, write_bases, write_reskins
from fraud_guard.app.apk_pairs import LABELS, Measured, Pair, Row, measure
from fraud_guard.evaluation.intervals import Estimate

RECALL, UNRELATED, FOUND, QUERY_P99_MS = 0.97, 30_000, 0.99, 10.0
SEED = 5
HEAD = """## APK files

Written by `python -m benchmarks --only apk --write` on {machine}."""
T = TypeVar("T")


class Sizes(NamedTuple):
    """How many base apps and re-skins of them, apps in the index, and scans of a file."""

    bases: int = 250
    pairs: int = 320
    apps: int = 1_000_000
    times: int = 5

    @classmethod
    def quick(cls) -> Sizes:
        """A few minutes."""
        return cls(30, 32, 20_000, 2)


def apk_report(folder: Path, sizes: Sizes) -> Told:
    """Re-skins, the index, the fast tier; `{machine}` in the text is to be filled in."""
    told = [_reskins(folder, sizes), _index(alone(fill_and_ask, sizes.apps)), _fast(alone(scan_rows, sizes.times))]
    return Told("\n\n".join((HEAD, *(one.text for one in told))), all(one.met for one in told))


def alone(act: Callable[[int], T], given: int) -> T:
    """Run it in a process of its own, which holds its memory and its core by itself."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(act, given).result()


def scan_rows(times: int) -> list[apk_scan.Row]:
    """Scans of the made files."""
    return list(apk_scan.rows(times=times))


def _reskins(folder: Path, sizes: Sizes) -> Told:
    bases = list(write_bases(folder, sizes.bases, SEED))
    made = [*write_reskins(bases, folder, sizes.pairs, SEED), *unrelated(bases)]
    found = measure([Pair(Path(a), Path(b), LABELS[str(same)], how) for a, b, same, how in made], jobs=2, baselines=True, told=Console(stderr=True))
    recall, others = (next(one.called for one in found.total if one.label == label) for label in ("repackaged", "other"))
    met = (recall.value or 0) >= RECALL and others.value == 0.0
    title = f"### Re-skins and strangers (bars: ≥ {RECALL:.0%} of the re-skins called, none of ≥ {UNRELATED:,} unrelated pairs)"
    note = "Re-skins: `python -m datasets.reskin`; strangers share libraries, and some a generator or a shell. The others: equal resources (Jaccard ≥ .5), TLSH (≤ 100) and ssdeep (≥ 50) of the code."
    return Told(f"{title}\n\n{_pairs(found)}\n\n{note}\n\nBar: {verdict(met=met)}; of the unrelated pairs at most {others.high:.4%} (95 %) would be called.", met)


def _pairs(found: Measured) -> str:
    names = list(found.rows[0].baselines)
    head = ["| pairs | made by | n | called | 95 % | unsure | " + " | ".join(names) + " |", "|---" * (6 + len(names)) + "|"]
    return "\n".join([*head, *(_pair_row(row, names) for row in (*found.rows, *found.total))])


def _pair_row(row: Row, names: Sequence[str]) -> str:
    others = " | ".join(_share(row.baselines[name]) for name in names)
    return f"| {row.label} | {row.transformation or '**all**'} | {row.called.n:,} | **{_share(row.called)}** | {row.called.low:.4f}–{row.called.high:.4f} | {row.ambiguous} | {others} |"


def _share(one: Estimate) -> str:
    return "—" if one.value is None else f"{one.value:.3f}"


def _index(one: Filled) -> Told:
    met = one.found / one.asked >= FOUND and one.p99_ms <= QUERY_P99_MS
    title = f"### An index of {one.apps:,} apps (bars: ≥ {FOUND:.0%} of planted families found, query p99 ≤ {QUERY_P99_MS:.0f} ms)"
    rows = [
        "| found | query p50 | p99 | added | compacted | peak while it fills | disk |", "|---|---|---|---|---|---|---|",
        f"| {one.found:,} of {one.asked:,} | {one.p50_ms:.1f} ms | **{one.p99_ms:.1f} ms** | {one.added_s:.0f} s | {one.compacted_s:.0f} s | {one.peak_bytes / 2**30:.1f} GiB | {one.disk_bytes / 2**30:.1f} GiB |",
    ]  # fmt: skip
    note = "Libraries from a pool of 20,000 by Zipf's law, one app in ten a skin of an earlier one; asked are skins that were never added (`benchmarks/apk_index.py`)."
    return Told("\n".join([title, "", *rows, "", note, "", f"Bar: {verdict(met=met)}."]), met)


def _fast(scans: Sequence[apk_scan.Row]) -> Told:
    met = all(one.met for one in scans)
    title = f"### A scan, fork, sandbox and judge and all (bars: 20 MB within {apk_scan.BAR_S} s and {apk_scan.BAR_MB} MB on one core; androguard takes ≥ {apk_scan.BAR_TIMES} × as long)"
    rows = [
        "| file | size | seconds | CPU | peak | sandbox | longest stage | `AnalyzeAPK` | ratio |", "|---|---|---|---|---|---|---|---|---|",
        *(f"| {one.name} | {one.size_bytes / 1e6:.1f} MB | **{one.seconds:.2f}** | {one.cpu_s:.2f} | {one.megabytes:.0f} MB | {one.sandbox} | {one.longest} | {_rival(one)} |" for one in scans),
    ]  # fmt: skip
    note = "The first is as apps of that size are, with a native library; the last is nothing but code, which no bar is set for. The best of some scans; what a worker loads once is loaded."
    return Told("\n".join([title, "", *rows, "", note, "", f"Bar: {verdict(met=met)}."]), met)


def _rival(one: apk_scan.Row) -> str:
    return "— | —" if one.rival is None or one.times is None else f"{one.rival[0]:.1f} s, {one.rival[1]:,.0f} MB | {one.times:.0f} ×"
