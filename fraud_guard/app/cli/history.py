"""`fraud-guard history …`: make one of a file, see what it holds, tidy it, erase a person from it."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from fraud_guard.adapters.clock import wall_clock_ms
from fraud_guard.app.cli.exits import Exit, err, errors_told, out, refuse_usage
from fraud_guard.app.cli.options import DataDir

if TYPE_CHECKING:
    from fraud_guard.adapters.history.folder import HistoryFile, HistoryFolder
    from fraud_guard.app.history.from_file import Written
    from fraud_guard.app.settings import Settings
    from fraud_guard.door.door import Door

app = typer.Typer(no_args_is_help=True)
HistoryDir = Annotated[Path | None, typer.Option("--history", help="Folder of the history; default: FG_HISTORY_DIR.")]


@app.command()
def write(
    tags: Annotated[str, typer.Argument(metavar="TAGS", help="NDJSON file in order of arrival, or - for stdin.")],
    folder: Annotated[Path, typer.Option("--out", help="Folder of the history; what it holds is gone on with.")],
    subjects: Annotated[Path | None, typer.Option(help="Who is protected: area, age, household (CSV).")] = None,
    reorder: Annotated[str, typer.Option(help="Put tags back in order within this span; 0s = as they come.")] = "60s",
    site_key: Annotated[str | None, typer.Option(help="Tokens follow from it; default: a public demo key.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary.")] = False,
) -> None:
    """Bring a file of tags through the door into a history, for `rules backtest`."""
    from fraud_guard.adapters.reference_tables import read_subjects
    from fraud_guard.adapters.sealing import Keys
    from fraud_guard.app.cli.replay import span_ms
    from fraud_guard.app.replay.run import DEMO_SITE_KEY
    from fraud_guard.door.arrival import FileArrival
    from fraud_guard.door.door import Door
    from fraud_guard.door.opinions import shipped_opinions
    from fraud_guard.door.tokens import Tokeniser

    with errors_told():
        door = Door(
            Tokeniser(Keys.from_site_key(site_key or DEMO_SITE_KEY).token), FileArrival(), reorder_ms=span_ms(reorder),
            registry=read_subjects(subjects) if subjects else {}, opinions=shipped_opinions(),
        )  # fmt: skip
        written = _with_progress(door, tags, folder, quiet=quiet)
    if not quiet:
        refused = ", ".join(f"{n:,} {reason}" for reason, n in sorted(written.refused.items()))
        err.print(f"{written.lines:,} lines, {written.tags:,} tags in {folder}; refused: {refused or 'none'}", soft_wrap=True)


@app.command()
def stats(history: HistoryDir = None) -> None:
    """What the history holds, by day: files, tags, megabytes; and how many people were erased."""
    from fraud_guard.app.history.places import existing

    with errors_told():
        folder = existing(history)
        erased = _told_of_erasures(folder)
        out.print(_days_table(folder))
    err.print(erased)


@app.command()
def show(
    day: Annotated[str | None, typer.Option(help="Only this day, like 2026-03-16.")] = None,
    history: HistoryDir = None,
) -> None:
    """Its files: partition, stretch of the log, tags, row groups, bytes. Nobody is looked up; see `alerts timeline`."""
    from fraud_guard.app.history.places import existing

    with errors_told():
        folder = existing(history)
        table = _table("file", "records", "tags", "row groups", "bytes")
        for name in folder.files():
            if day in (None, str(name.day)):
                rows, groups, size_bytes = _size(folder, name)
                table.add_row(name.name, f"{name.first:,}-{name.last:,}", f"{rows:,}", str(groups), f"{size_bytes:,}")
    out.print(table)


@app.command()
def tidy(
    days: Annotated[int | None, typer.Option(min=1, help="Also remove days older than so many before the newest.")] = None,
    history: HistoryDir = None,
) -> None:
    """Finish interrupted erasures and merge small files, as a worker does once an hour."""
    from datetime import timedelta

    from fraud_guard.adapters.history.tidying import expire, finish_erasures, merge
    from fraud_guard.app.history.places import existing

    with errors_told():
        folder = existing(history)
        newest = folder.days()[-1]
        erased = finish_erasures(folder)
        old = expire(folder, days, newest) if days is not None else []
        gone = merge(folder, newest + timedelta(days=1))
    err.print(f"{gone:,} files merged away, {len(old):,} days removed, {erased:,} tags of erased people removed")


@app.command()
def erase(
    officer: Annotated[str, typer.Option(help="Who erases.")],
    why: Annotated[str, typer.Option(help="Why; it is noted in the audit.")],
    subject: Annotated[str | None, typer.Option(help="The person's number or id, as a feed writes it.")] = None,
    token: Annotated[str | None, typer.Option(help="Or the token, 32 hex digits.")] = None,
    history: HistoryDir = None,
    data_dir: DataDir = None,
) -> None:
    """Remove every tag and touch of a person up to now, from all files and for good; tags also from what is written again later."""
    from fraud_guard.adapters.history.tidying import erase as erase_token
    from fraud_guard.app.history.places import existing
    from fraud_guard.app.offline import existing_site, open_truth
    from fraud_guard.app.stores import open_touches

    if (subject is None) == (token is None):
        raise refuse_usage("give --subject or --token")
    if not why.strip() or not officer.strip():
        raise refuse_usage("--officer and --why must say something")
    with errors_told():
        settings = existing_site(data_dir)
        folder = existing(history or settings.history_dir)
        wanted = _token(settings, subject) if subject is not None else _as_bytes(token or "")
        with closing(open_truth(settings)) as truth:
            truth.audit(officer, "history.erase", wanted.hex(), why, now_ms := wall_clock_ms())
        gone = erase_token(folder, wanted, now_ms)
        with closing(open_touches(settings)) as touches:
            touched = touches.erase(None, wanted)
    err.print(f"{gone:,} tags and {touched:,} touches erased; token {wanted.hex()}", soft_wrap=True)
    if not gone and not touched:
        raise typer.Exit(Exit.NO)


def _with_progress(door: Door, tags: str, folder: Path, *, quiet: bool) -> Written:
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    from fraud_guard.adapters.history.folder import HistoryFolder
    from fraud_guard.app.history.from_file import write_file
    from fraud_guard.app.replay.reading import Source

    with closing(Source(tags)) as source:
        columns = (TextColumn("history"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        with Progress(*columns, console=err, transient=True, disable=quiet or not sys.stderr.isatty()) as bar:
            task = bar.add_task("history", total=source.size_bytes or None)
            return write_file(door, source, HistoryFolder(folder), lambda done: bar.update(task, completed=done))


def _days_table(folder: HistoryFolder) -> Table:
    table = _table("day", "files", "tags", "MB")
    total = [0, 0, 0]
    for day in folder.days():
        sizes = [_size(folder, name) for name in folder.files(day, day)]
        figures = [len(sizes), sum(rows for rows, _, _ in sizes), sum(size_bytes for _, _, size_bytes in sizes)]
        total = [a + b for a, b in zip(total, figures, strict=True)]
        table.add_row(str(day), *_cells(figures))
    table.add_row("all", *_cells(total))
    return table


def _cells(figures: list[int]) -> tuple[str, str, str]:
    files, tags, size_bytes = figures
    return f"{files:,}", f"{tags:,}", f"{size_bytes / 1e6:,.1f}"


def _size(folder: HistoryFolder, name: HistoryFile) -> tuple[int, int, int]:
    with folder.open(name) as file:
        return file.metadata.num_rows, file.metadata.num_row_groups, (folder.path / name.name).stat().st_size


def _told_of_erasures(folder: HistoryFolder) -> str:
    from fraud_guard.adapters.history.erased import read_erasures

    erased = read_erasures(folder.path)
    unfinished = sum(not e.done for e in erased)
    return f"erased: {len(erased):,} people" + (f", {unfinished:,} not finished: fraud-guard history tidy" if unfinished else "")


def _token(settings: Settings, subject: str) -> bytes:
    from fraud_guard.adapters.sealing import Keys
    from fraud_guard.app.settings import site_key
    from fraud_guard.door.numbers import normalise
    from fraud_guard.door.tokens import Tokeniser

    return Tokeniser(Keys.from_site_key(site_key(settings)).token).token(normalise(subject))


def _as_bytes(token: str) -> bytes:
    try:
        found = bytes.fromhex(token)
    except ValueError:
        found = b""
    if len(found) != 16:
        raise refuse_usage("--token has 32 hex digits")
    return found


def _table(*names: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for i, name in enumerate(names):
        table.add_column(name, justify="right" if i else "left", overflow="fold")
    return table
