"""What a replay did, for people, on stderr: counts, refused lines, alerts by type, orders by station."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.table import Table

from fraud_guard.app.cli.exits import err
from fraud_guard.app.cli.levels import LEVELS
from fraud_guard.app.replay.results import Results
from fraud_guard.app.replay.run import Summary
from fraud_guard.dispatch.stations import Stations
from fraud_guard.tags.reasons import REMEDY, Reason


def print_summary(summary: Summary, results: Results, stations: Stations) -> None:
    """Everything worth knowing; empty tables are left out."""
    rate = summary.lines / summary.wall_s if summary.wall_s else 0
    err.print(f"\n[bold]{summary.lines:,}[/] lines in {summary.wall_s:.1f} s, {rate:,.0f} tags/s")
    err.print(f"{summary.lines:,} lines {'=' if summary.conserved else '≠'} {summary.scored:,} scored + "
              f"{summary.duplicate:,} duplicates + {summary.dead.total():,} dead letters")  # fmt: skip
    err.print(f"{summary.late:,} late, {summary.clamped:,} dated ahead; "
              + ", ".join(f"{n:,} {c}" for c, n in sorted(summary.channels.items())))  # fmt: skip
    for table in (_dead(summary), _alerts(results), _orders(results, stations)):
        if table.row_count:
            err.print()
            err.print(table)


def tell_closures(summary: Summary) -> None:
    """What became of the closures of a file, when there were any."""
    if not summary.closures:
        return
    words = f"closures: {summary.closures:,} given, {summary.applied_closures:,} applied"
    if summary.unused_closures:
        words += f", {summary.unused_closures:,} named no order of this replay"
    if summary.idle_closures:
        words += f", {summary.idle_closures:,} came after their order had ended or after the last tag"
    err.print(words, soft_wrap=True)


def _dead(summary: Summary) -> Table:
    table = _table("dead letters", "reason", "lines")
    table.add_column("what to do", overflow="fold")
    for reason, n in summary.dead.most_common():
        table.add_row(reason, f"{n:,}", REMEDY[Reason(reason)])
    return table


def _alerts(results: Results) -> Table:
    top: dict[str, tuple[str, int]] = {}
    for change in results.changes:
        level = min(change.level, top.get(change.alert_id, ("", 9))[1])
        top[change.alert_id] = (change.scam_type, level)
    count = Counter(top.values())
    table = _table("alerts by type and highest level", "type", *LEVELS.values(), "all")
    for scam_type in sorted({t for t, _ in count}):
        _add_counts(table, scam_type, [count[scam_type, n] for n in LEVELS])
    return table


def _orders(results: Results, stations: Stations) -> Table:
    count = Counter((o.station_id, o.level) for o in results.orders.values())
    table = _table("orders by station and level", "station", *LEVELS.values(), "all")
    for station_id in sorted({s for s, _ in count}):
        station = stations.by_id.get(station_id)
        name = f"{station_id} {station.name}" if station else station_id or "(none)"
        _add_counts(table, name, [count[station_id, n] for n in LEVELS])
    return table


def _add_counts(table: Table, name: str, counts: Sequence[int]) -> None:
    table.add_row(name, *(f"{n:,}" if n else "·" for n in counts), f"{sum(counts):,}")


def _table(title: str, first: str, *numbers: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column(first, overflow="fold")
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table
