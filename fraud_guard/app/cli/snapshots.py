"""`fraud-guard snapshots list`: what a lost memory could come back from."""

from __future__ import annotations

import typer
from rich.table import Table

from fraud_guard.app.cli.exits import Exit, err, errors_told, out
from fraud_guard.app.cli.options import DataDir, local_time

app = typer.Typer(no_args_is_help=True)


@app.callback()
def _snapshots() -> None:
    """Snapshots of the memory."""


@app.command("list")
def list_snapshots(data_dir: DataDir = None) -> None:
    """Every snapshot, read and checked, newest first; exit code 1 when one is damaged. Times are UTC+8."""
    from fraud_guard.adapters.sealing import Keys, Sealer
    from fraud_guard.app.settings import read, site_key
    from fraud_guard.app.stores import open_snapshots
    from fraud_guard.errors import ConfigurationError, IntegrityError

    table, damaged = Table("partition", "up to", "taken", "position", "blobs", "MB", box=None), 0
    with errors_told():
        settings = read(data_dir=data_dir)
        folder = open_snapshots(settings, Sealer(Keys.from_site_key(site_key(settings)).snapshot))
        if folder is None:
            raise ConfigurationError("no snapshots are taken; set FG_SNAPSHOT_DIR to a folder that all workers of the site reach")
        for path in folder.paths():
            try:
                head, _ = folder.read(path)
            except IntegrityError as error:
                damaged += 1
                err.print(str(error), soft_wrap=True, markup=False)
                continue
            table.add_row(head.partition, local_time(head.watermark_ms), local_time(head.at_ms), f"{head.position:,}", f"{head.blobs:,}",
                          f"{path.stat().st_size / 1e6:.1f}")  # fmt: skip
    out.print(table)
    raise typer.Exit(Exit.NO if damaged else Exit.OK)
