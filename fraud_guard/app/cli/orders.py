"""`fraud-guard orders …` and `stats`: the officer's side until the console comes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError
from rich.table import Table

from fraud_guard.adapters.clock import wall_clock_ms
from fraud_guard.app.cli.exits import err, errors_told, out, refuse_usage
from fraud_guard.app.cli.options import DataDir, local_time
from fraud_guard.feedback.closure import Action, Closure, ClosureOutcome, Contact, Truth

if TYPE_CHECKING:
    from fraud_guard.adapters.sql.truth import SqlTruth
    from fraud_guard.dispatch.order import Order
    from fraud_guard.dispatch.stations import Stations
    from fraud_guard.feedback.statistics import Statistics

app = typer.Typer(no_args_is_help=True)
MOST = 100_000
ID_LENGTH = 36
LEVEL = {
    1: "[bold white on red] 红 极高危 [/]", 2: "[bold black on dark_orange] 橙 高危 [/]",
    3: "[black on yellow] 黄 中危 [/]", 4: "[white on blue] 蓝 低危 [/]",
}  # fmt: skip
STATE = {"issued": "待签收", "accepted": "已签收", "closed": "已办结", "superseded": "已被新指令替代"}
COLUMNS = ("closures", "true", "false", "unknown", "false alarms")
OrderId = Annotated[str, typer.Argument(metavar="ORDER", help="Order id, or its first characters.")]


class State(StrEnum):
    """States of an order."""

    ISSUED = "issued"
    ACCEPTED = "accepted"
    CLOSED = "closed"
    SUPERSEDED = "superseded"


@app.command("list")
def list_orders(
    station: Annotated[str | None, typer.Option(help="Only this station (its id).")] = None,
    state: Annotated[State | None, typer.Option(help="Only orders in this state.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST, help="At most so many.")] = 20,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    data_dir: DataDir = None,
) -> None:
    """指令: orders, newest first, each with its three strongest reasons. Times are UTC+8."""
    with errors_told(), truth_of(data_dir) as (truth, stations):
        found = truth.orders(station, state, limit)
        for order in found:
            if json:
                typer.echo(order.model_dump_json())
            else:
                _print_lines(order_lines(order, truth.reasons(order.alert_id), stations, wall_clock_ms()))
        if not found:
            err.print("没有指令 no orders")


@app.command()
def accept(
    order_id: OrderId,
    officer: Annotated[str, typer.Option(help="Who takes it.")],
    data_dir: DataDir = None,
) -> None:
    """签收: take an order; its clock stops."""
    with errors_told(LookupError, ValueError), truth_of(data_dir) as (truth, _):
        order = truth.accept(full_id(truth, order_id), officer, wall_clock_ms())
        err.print(f"已签收 accepted   {_deadlines(order)}", soft_wrap=True)
        out.print(order.script_zh, soft_wrap=True, markup=False)


@app.command()
def close(
    order_id: OrderId,
    truth: Annotated[Truth, typer.Option(help="Was it fraud?")],
    contact: Annotated[Contact, typer.Option(help="How was the person reached, at best?")],
    outcome: Annotated[ClosureOutcome, typer.Option(help="What came of it?")],
    officer: Annotated[str, typer.Option(help="Who reports.")],
    action: Annotated[list[Action] | None, typer.Option(help="What was done; may be given several times.")] = None,
    scam_type: Annotated[str | None, typer.Option(help="The right scam type, if ours was wrong.")] = None,
    saved: Annotated[int, typer.Option(min=0, help="Yuan saved.")] = 0,
    lost: Annotated[int, typer.Option(min=0, help="Yuan lost.")] = 0,
    note: Annotated[str, typer.Option(help="Free words, at most 2,000 characters.")] = "",
    data_dir: DataDir = None,
) -> None:
    """办结: report what was found; the alert ends and the report becomes a label."""
    with errors_told(LookupError, ValueError), truth_of(data_dir) as (store, _):
        closure = _closure(
            order_id=full_id(store, order_id), ts_ms=wall_clock_ms(), truth=truth, contact=contact, outcome=outcome,
            actions=tuple(action or ()), scam_type_corrected=_known_type(scam_type), amount_saved_cny=saved,
            amount_lost_cny=lost, note=note, officer=officer,
        )  # fmt: skip
        err.print(f"已办结 closed   {store.close_order(closure).closure_id}", soft_wrap=True)


def stats(
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Closures by truth, type, station and rule: how often the warnings were right."""
    from fraud_guard.feedback.statistics import count_closures

    with errors_told(), truth_of(data_dir) as (truth, _):
        statistics = count_closures(truth.closures())
    if json:
        typer.echo(statistics.to_json())
    elif statistics.total.closures:
        for table in _tables(statistics):
            out.print(table)
    else:
        err.print("还没有办结记录 no closures yet; `fraud-guard orders close` makes the first")


def order_lines(order: Order, reasons: list[str], stations: Stations, now_ms: int) -> Iterator[str]:
    """An order for people: level, station and state, times, the reasons in Chinese, its id."""
    station = stations.by_id.get(order.station_id)
    name = f"{station.name} ({order.station_id})" if station else order.station_id
    late = _due(order) is not None and now_ms > (_due(order) or 0)
    yield f"{LEVEL[order.level]} [bold]{name}[/]  {STATE[order.state]}" + ("  [bold red]已超时[/]" if late else "")
    yield f"   下发 {local_time(order.issued_ms)}  {_deadlines(order)}".rstrip()
    yield from (f"   · {reason}" for reason in reasons)
    yield f"   [dim]{order.order_id}[/]"


def full_id(truth: SqlTruth, start: str) -> str:
    """The order id that begins so; as it is when it is whole. Raises LookupError."""
    if len(start) >= ID_LENGTH:
        return start
    found = [o.order_id for o in truth.orders(limit=MOST) if o.order_id.startswith(start.lower())]
    if len(found) != 1:
        raise LookupError(f"{len(found) or 'no'} orders begin with {start!r}; `fraud-guard orders list` shows their ids")
    return found[0]


@contextmanager
def truth_of(data_dir: Path | None) -> Iterator[tuple[SqlTruth, Stations]]:
    """The truth and the stations of a site, beside a running worker or without one."""
    from fraud_guard.app.desk import stations_of
    from fraud_guard.app.offline import existing_site, open_truth

    settings = existing_site(data_dir)
    stations, truth = stations_of(settings), open_truth(settings)
    try:
        yield truth, stations
    finally:
        truth.close()


def _print_lines(lines: Iterator[str]) -> None:
    for line in lines:
        out.print(line, soft_wrap=True)


def _due(order: Order) -> int | None:
    return {"issued": order.accept_by_ms, "accepted": order.contact_by_ms}.get(order.state)


def _deadlines(order: Order) -> str:
    at = order.issued_ms
    if order.state == "issued":
        return f"签收时限 {local_time(order.accept_by_ms, at)}"
    if order.state == "accepted":
        return f"联系时限 {local_time(order.contact_by_ms, at)}  见面时限 {local_time(order.visit_by_ms, at)}"
    return ""


def _closure(**answers: object) -> Closure:
    try:
        return Closure.model_validate(answers)
    except ValidationError as error:
        raise refuse_usage(error.errors()[0]["msg"].removeprefix("Value error, ")) from None


def _known_type(code: str | None) -> str | None:
    if code is None:
        return None
    from fraud_guard.app.rule_files import load_scam_types
    from fraud_guard.shipped import shipped

    known = load_scam_types(shipped("rules"))
    if code.split(".")[0] not in known:
        raise refuse_usage(f"no scam type {code!r}; one of: {', '.join(known)}")
    return code


def _tables(statistics: Statistics) -> Iterator[Table]:
    for title, counts in statistics.groups():
        table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
        for i, name in enumerate((title.split()[-1], *COLUMNS)):
            table.add_column(name, justify="right" if i else "left", overflow="fold", no_wrap=bool(i))
        for key, tally in counts.items():
            table.add_row(key, *tally.cells())
        yield table
