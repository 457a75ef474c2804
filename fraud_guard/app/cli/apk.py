"""`fraud-guard apk …`: what is done with APK files and the reports on them."""

from __future__ import annotations

import typer

from fraud_guard.app.cli.apk_report import report

app = typer.Typer(no_args_is_help=True)
app.command("report")(report)


@app.callback()
def _group() -> None:
    """Keep `report` a command of its own while it is the only one."""
