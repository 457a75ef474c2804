"""`fraud-guard orders …` and `stats`: the officer's side until the console comes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from fraud_guard.adapters.clock import wall_clock_ms
from fraud_guard.adapters.sql.truth import SqlTruth
from fraud_guard.app.cli.exits import Exit, err, errors_told
from fraud_guard.app.cli.worker import DataDir
from fraud_guard.app.offline import open_truth
from fraud_guard.dispatch.order import Order
from fraud_guard.feedback.closure import Action, Closure, ClosureOutcome, Contact, Truth
from fraud_guard.feedback.statistics import Statistics, count_closures

app = typer.Typer(no_args_is_help=True)
out = Console(highlight=False)
LOCAL = timezone(timedelta(hours=8))
LEVEL = {1: "[bold white on red] 1 红 [/]", 2: "[bold black on dark_orange] 2 橙 [/]", 3: "[black on yellow] 3 黄 [/]", 4: "[white on blue] 4 蓝 [/]"}
COLUMNS = ("closures", "true", "false", "unknown", "false alarms")
STATE = {"issued": "待签收", "accepted": "已签收", "closed": "已办结", "superseded": "已被新指令替代"}


@app.command("list")
def list_orders(
    station: Annotated[str | None, typer.Option(help="only this station")] = None,
    state: Annotated[str | None, typer.Option(help="issued, accepted, closed or superseded")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 20,
    json: Annotated[bool, typer.Option("--json", help="one JSON object a line")] = False,
    data_dir: DataDir = None,
) -> None:
    """Orders, newest first, with the three strongest reasons."""
    with errors_told(), truth_of(data_dir) as truth:
        found = truth.orders(station, state, limit)
        if json:
            for order in found:
                typer.echo(order.model_dump_json())
        elif found:
            for line in (line for order in found for line in order_lines(truth, order)):
                out.print(line, soft_wrap=True)
        else:
            err.print("no orders")


@app.command()
def accept(
    order_id: str,
    officer: Annotated[str, typer.Option(help="who takes it")],
    data_dir: DataDir = None,
) -> None:
    """签收: take an order; its clock stops."""
    with errors_told(), truth_of(data_dir) as truth:
        order = truth.accept(order_id, officer, wall_clock_ms())
        err.print(f"accepted; contact by {_clock(order.contact_by_ms)}, visit by {_clock(order.visit_by_ms)}")


@app.command()
def close(
    order_id: str,
    truth: Annotated[Truth, typer.Option(help="was it fraud?")],
    contact: Annotated[Contact, typer.Option(help="how was the person reached, at best?")],
    outcome: Annotated[ClosureOutcome, typer.Option(help="what came of it?")],
    officer: Annotated[str, typer.Option(help="who reports")],
    action: Annotated[list[Action] | None, typer.Option(help="what was done; repeatable")] = None,
    scam_type: Annotated[str | None, typer.Option(help="the right type, if ours was wrong")] = None,
    saved: Annotated[int, typer.Option(min=0, help="yuan saved")] = 0,
    lost: Annotated[int, typer.Option(min=0, help="yuan lost")] = 0,
    note: Annotated[str, typer.Option(help="free words")] = "",
    data_dir: DataDir = None,
) -> None:
    """办结: report what was found; the alert ends and the result becomes a label."""
    with errors_told(), truth_of(data_dir) as store:
        try:
            closure = Closure(
                order_id=order_id, ts_ms=wall_clock_ms(), truth=truth, contact=contact, outcome=outcome,
                actions=tuple(action or ()), scam_type_corrected=scam_type, amount_saved_cny=saved,
                amount_lost_cny=lost, note=note, officer=officer,
            )  # fmt: skip
        except ValidationError as error:
            err.print(f"[bold red]error:[/] {error.errors()[0]['msg'].removeprefix('Value error, ')}")
            raise typer.Exit(Exit.USAGE) from None
        err.print(f"closed as {store.close_order(closure).closure_id}")


def stats(
    json: Annotated[bool, typer.Option("--json", help="one JSON object")] = False,
    data_dir: DataDir = None,
) -> None:
    """Closures by truth, type, station and rule."""
    with errors_told(), truth_of(data_dir) as truth:
        statistics = count_closures(truth.closures())
        if json:
            typer.echo(statistics.to_json())
        else:
            for table in _tables(statistics):
                out.print(table)


def order_lines(truth: SqlTruth, order: Order) -> Iterator[str]:
    """An order for people: level, station, state, deadlines, the reasons in Chinese, what to do, its id."""
    yield (f"{LEVEL[order.level]} [bold]{order.station_id}[/]  {STATE[order.state]}  下发 {_clock(order.issued_ms)}"
           f"  签收时限 {_clock(order.accept_by_ms)}")  # fmt: skip
    for reason in truth.reasons(order.alert_id):
        yield f"   · {reason}"
    yield f"   [dim]{order.order_id}[/]"


@contextmanager
def truth_of(data_dir: Path | None) -> Iterator[SqlTruth]:
    """The truth of a site, beside a running worker or without one."""
    truth = open_truth(data_dir)
    try:
        yield truth
    finally:
        truth.close()


def _tables(statistics: Statistics) -> Iterator[Table]:
    for title, counts in statistics.groups():
        table = Table(title=title, title_justify="left", title_style="bold")
        for i, name in enumerate((title.split()[-1], *COLUMNS)):
            table.add_column(name, justify="right" if i else "left")
        for key, tally in counts.items():
            table.add_row(key, *tally.cells())
        yield table


def _clock(ts_ms: int | None) -> str:
    if ts_ms is None:
        return "—"
    return datetime.fromtimestamp(ts_ms / 1000, UTC).astimezone(LOCAL).strftime("%m-%d %H:%M:%S")
