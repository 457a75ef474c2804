"""`fraud-guard outbox …`: messages that were set aside can be looked at, and sent again once their receiver is mended."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from fraud_guard.adapters.clock import wall_clock_ms
from fraud_guard.app.cli.exits import err, errors_told, out
from fraud_guard.app.cli.options import DataDir, local_time
from fraud_guard.app.cli.orders import truth_of

app = typer.Typer(no_args_is_help=True)
MOST = 100_000


@app.command("list")
def list_messages(
    limit: Annotated[int, typer.Option(min=1, max=MOST, help="At most so many.")] = 20,
    data_dir: DataDir = None,
) -> None:
    """Messages that were set aside, newest first, and why. Times are UTC+8."""
    with errors_told(), truth_of(data_dir) as (truth, _):
        aside, counts = truth.set_aside(limit), truth.outbox_counts()
    if aside:
        table = Table("time", "channel", "about", "tries", "why", box=None, pad_edge=False)
        table.columns[-1].overflow = "fold"
        for one in aside:
            table.add_row(local_time(one.created_ms), one.channel, one.key, str(one.attempts), one.error)
        out.print(table)
    err.print(f"{counts['outbox.waiting']:,} waiting, {counts['outbox.failed']:,} set aside")


@app.command()
def requeue(
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="Which, as `list` shows it.")] = "webhook",
    data_dir: DataDir = None,
) -> None:
    """Let what was set aside be tried again, in its old order; a running worker sends it."""
    with errors_told(), truth_of(data_dir) as (truth, _):
        again = truth.requeue(channel, wall_clock_ms())
    err.print(f"{again:,} of {channel} are tried again" if again else f"nothing of {channel} was set aside; `fraud-guard outbox list` shows all")
