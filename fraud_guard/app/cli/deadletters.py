"""`fraud-guard deadletters …`: refused records can be listed, read and sent through the door again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from fraud_guard.adapters.clock import wall_clock_ms
from fraud_guard.adapters.embedded.records import Record
from fraud_guard.app.cli.exits import Exit, err, errors_told
from fraud_guard.app.cli.worker import DataDir
from fraud_guard.app.offline import Archive, open_letters
from fraud_guard.app.topics import MIXED
from fraud_guard.tags.reasons import REMEDY, Reason

app = typer.Typer(no_args_is_help=True)
out = Console(highlight=False)


@app.command("list")
def list_letters(
    reason: Annotated[Reason | None, typer.Option(help="only this reason")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000)] = 20,
    data_dir: DataDir = None,
) -> None:
    """Refused records, newest first, and what to do about them."""
    with errors_told(), _archive(data_dir) as archive:
        counts = archive.letters.counts()
        table = Table(title="dead letters", title_justify="left", title_style="bold")
        for name in ("id", "reason", "detail", "what to do"):
            table.add_column(name, overflow="fold")
        for letter in archive.letters.find(reason, limit):
            table.add_row(letter.id, letter.reason, letter.detail, REMEDY[Reason(letter.reason)])
        out.print(table)
        err.print(", ".join(f"{n} {r}" for r, n in counts.items()) or "none waiting")


@app.command()
def show(
    id: str,
    officer: Annotated[str, typer.Option(help="who looks")],
    why: Annotated[str, typer.Option(help="why the raw record must be read; it is logged")],
    data_dir: DataDir = None,
) -> None:
    """The raw record behind a dead letter; it may hold personal data, so the look is logged."""
    with errors_told(), _archive(data_dir) as archive:
        letter = archive.letters.get(id)
        raw = archive.sealer.unseal(letter.sealed)
        archive.truth.audit(officer, "deadletter.show", id, why, wall_clock_ms())
        err.print(f"{letter.reason} {letter.detail}: {REMEDY[Reason(letter.reason)]}")
        typer.echo(raw.decode("utf-8", "backslashreplace"))


@app.command()
def replay(
    ids: Annotated[list[str] | None, typer.Argument(help="which; default: all of --reason")] = None,
    reason: Annotated[Reason | None, typer.Option(help="all letters with this reason")] = None,
    data_dir: DataDir = None,
) -> None:
    """Send letters through the door again, after the feed or the build has been mended."""
    with errors_told(), _archive(data_dir) as archive:
        if not ids and reason is None:
            err.print("say which: ids or --reason")
            raise typer.Exit(Exit.USAGE)
        letters = [archive.letters.get(i) for i in ids] if ids else archive.letters.find(reason, 100_000)
        waiting = [x for x in letters if x.replayed_ms is None]
        if waiting:
            archive.log.append(MIXED, 0, [Record(None, archive.sealer.unseal(x.sealed)) for x in waiting])
            archive.letters.mark_replayed([x.id for x in waiting], wall_clock_ms())
        err.print(f"{len(waiting)} sent to the door again")


@contextmanager
def _archive(data_dir: Path | None) -> Iterator[Archive]:
    archive = open_letters(data_dir)
    try:
        yield archive
    finally:
        archive.close()
