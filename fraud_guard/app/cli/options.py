"""Options that several commands share, and how they show a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated

import typer

DataDir = Annotated[Path | None, typer.Option(help="Folder of log, memory, truth and vault (FG_DATA_DIR).")]
RulesDir = Annotated[Path | None, typer.Option("--rules", help="Folder of rules; default: the shipped ones.")]
LOCAL = timezone(timedelta(hours=8))


def local_time(ts_ms: int | None, on: int | None = None) -> str:
    """Epoch milliseconds as date and time in UTC+8; the date is left out when it is that of `on`."""
    if ts_ms is None:
        return "—"
    moment = datetime.fromtimestamp(ts_ms / 1000, UTC).astimezone(LOCAL)
    same_day = on is not None and local_time(on)[:10] == f"{moment:%Y-%m-%d}"
    return f"{moment:%H:%M:%S}" if same_day else f"{moment:%Y-%m-%d %H:%M:%S}"
