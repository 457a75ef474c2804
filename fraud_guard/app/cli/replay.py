"""`fraud-guard replay`: a file of tags in, alerts and orders out, the same bytes every time."""

from __future__ import annotations

import sys
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from fraud_guard.adapters.reference_tables import read_stations, read_subjects
from fraud_guard.adapters.sealing import Keys, Sealer
from fraud_guard.app.cli.exits import Exit, err, errors_told
from fraud_guard.app.replay.reading import Source
from fraud_guard.app.replay.results import Results
from fraud_guard.app.replay.run import DEMO_SITE_KEY, Plan, Summary
from fraud_guard.app.replay.run import replay as run_replay
from fraud_guard.app.rule_files import read_rule_files
from fraud_guard.dispatch.stations import Stations
from fraud_guard.errors import ConfigurationError
from fraud_guard.feedback.closure import Closure
from fraud_guard.rulebook.rule import seconds
from fraud_guard.shipped import shipped
from fraud_guard.tags.block import BLOCK_MAX
from fraud_guard.tags.reasons import REMEDY, Reason


class Who(StrEnum):
    """Who answers orders."""

    NONE = "none"
    PROMPT = "prompt"
    SIMULATED = "simulated"


def replay(
    tags: Annotated[str, typer.Argument(help="NDJSON file in order of arrival, or - for stdin")],
    alerts: Annotated[str | None, typer.Option(help="write alert changes here; - streams to stdout")] = None,
    orders: Annotated[str | None, typer.Option(help="write orders here")] = None,
    deadletters: Annotated[str | None, typer.Option(help="write refused lines here, sealed")] = None,
    subjects: Annotated[Path | None, typer.Option(help="subjects.csv")] = None,
    stations: Annotated[Path | None, typer.Option(help="stations.csv")] = None,
    closures: Annotated[Path | None, typer.Option(help="closures to apply, NDJSON")] = None,
    rules: Annotated[Path | None, typer.Option(help="rules folder; default: the shipped rules")] = None,
    reorder: Annotated[str, typer.Option(help="put tags back in order within this span, e.g. 60s; 0s = as they come")] = "60s",
    responder: Annotated[Who, typer.Option(help="who answers orders")] = Who.NONE,
    site_key: Annotated[str, typer.Option(help="ids follow from it; default: a public demo key")] = DEMO_SITE_KEY,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="processes; the result is the same")] = 1,
    block: Annotated[int, typer.Option(min=1, max=BLOCK_MAX, hidden=True)] = BLOCK_MAX,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="no progress, no summary")] = False,
) -> None:
    """Replay a file through the same door and scorer as the live workers, in event time."""
    with errors_told():
        plan = Plan(
            rules=read_rule_files(rules or shipped("rules")),
            stations=read_stations(stations) if stations else Stations([]),
            registry=read_subjects(subjects) if subjects else {},
            closures=read_closures(closures) if closures else {},
            responder=responder.value, site_key=site_key, reorder_ms=span_ms(reorder), jobs=jobs, block=block,
        )  # fmt: skip
        source = Source(tags)
        results = Results(alerts, orders, deadletters, Sealer(Keys.from_site_key(site_key).deadletter), source.name)
        summary = with_progress(plan, source, results, quiet=quiet)
        if not quiet:
            print_summary(summary, results)
        if not summary.conserved:
            err.print("[bold red]conservation broken:[/] lines in and lines accounted for differ; please report this")
            raise typer.Exit(Exit.INTEGRITY)


def with_progress(plan: Plan, source: Source, results: Results, *, quiet: bool = False) -> Summary:
    """Run a replay behind a progress bar on stderr."""
    columns = (TextColumn("replay"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=quiet or not sys.stderr.isatty()) as bar:
        task = bar.add_task("replay", total=source.size_bytes or None)
        try:
            return run_replay(plan, source, results, lambda done: bar.update(task, completed=done))
        finally:
            source.close()


def span_ms(span: str) -> int:
    """`60s`, `10min` or `0s` as milliseconds."""
    try:
        return seconds(span) * 1000
    except ValueError as error:
        raise ConfigurationError(f"--reorder: {error}") from None


def read_closures(path: Path) -> dict[str, Closure]:
    """Closures of an NDJSON file by order id. Raises ConfigurationError naming the line."""
    found: dict[str, Closure] = {}
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}; give a readable file of closures") from None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            closure = Closure.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(p) for p in first["loc"])
            raise ConfigurationError(f"{path}:{number}: {where} {first['msg']}; mend the closure") from None
        found[closure.order_id] = closure
    return found


def print_summary(summary: Summary, results: Results) -> None:
    """What happened, for people, on stderr."""
    rate = summary.lines / summary.wall_s if summary.wall_s else 0
    err.print(
        f"\n[bold]{summary.lines:,}[/] lines in {summary.wall_s:.1f} s ({rate:,.0f} tags/s): "
        f"{summary.scored:,} scored, {summary.duplicate:,} duplicates, {summary.dead.total():,} dead letters, "
        f"{summary.late:,} late, {summary.clamped:,} dated ahead"
    )
    for table in (_channels(summary), _dead(summary), _alerts(results), _orders(results)):
        if table.row_count:
            err.print(table)


def _channels(summary: Summary) -> Table:
    return _table("tags by channel", ("channel", "tags"), [(c, n) for c, n in sorted(summary.channels.items()) if n])


def _dead(summary: Summary) -> Table:
    rows = [(reason, n, REMEDY[Reason(reason)]) for reason, n in summary.dead.most_common()]
    return _table("dead letters", ("reason", "lines", "what to do"), rows)


def _alerts(results: Results) -> Table:
    top: dict[str, tuple[int, str]] = {}
    for change in results.changes:
        before = top.get(change.alert_id, (9, ""))
        top[change.alert_id] = (min(before[0], change.level), change.scam_type)
    types = sorted({t for _, t in top.values()})
    count = Counter(top.values())
    rows = [(_LEVELS[n], *(count.get((n, t), 0) for t in types), sum(count.get((n, t), 0) for t in types)) for n in (1, 2, 3, 4)]
    return _table("alerts by highest level and type", ("level", *types, "all"), [r for r in rows if r[-1]])


def _orders(results: Results) -> Table:
    count = Counter((o.station_id, o.level) for o in results.orders.values())
    stations = sorted({s for s, _ in count})
    rows = [(s, *(count.get((s, n), 0) for n in (1, 2, 3)), sum(count.get((s, n), 0) for n in (1, 2, 3))) for s in stations]
    return _table("orders by station", ("station", "red", "orange", "yellow", "all"), rows)


_LEVELS = {1: "1 red 极高危", 2: "2 orange 高危", 3: "3 yellow 中危", 4: "4 blue 低危"}


def _table(title: str, columns: tuple[str, ...], rows: list[tuple[object, ...]]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for i, name in enumerate(columns):
        table.add_column(name, justify="left" if i == 0 or name == "what to do" else "right")
    for row in rows:
        table.add_row(*(f"{v:,}" if isinstance(v, int) else str(v) for v in row))
    return table


