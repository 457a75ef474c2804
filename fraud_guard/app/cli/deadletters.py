"""`fraud-guard deadletters …`: refused records can be listed, read and sent through the door again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from fraud_guard.adapters.clock import wall_clock_ms
from fraud_guard.app.cli.exits import err, errors_told, out, refuse_usage
from fraud_guard.app.cli.options import DataDir, local_time
from fraud_guard.tags.reasons import REMEDY, Reason

if TYPE_CHECKING:
    from fraud_guard.app.offline import Archive
    from fraud_guard.ports import DeadLetter

app = typer.Typer(no_args_is_help=True)
MOST = 100_000
AT_A_TIME = 1_000


@app.command("list")
def list_letters(
    reason: Annotated[Reason | None, typer.Option(help="Only this reason.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST, help="At most so many.")] = 20,
    data_dir: DataDir = None,
) -> None:
    """Refused records, newest first, and what to do about them. Times are UTC+8."""
    with errors_told(), archive_of(data_dir) as archive:
        counts, letters = archive.letters.counts(), archive.letters.find(reason, limit)
    if letters:
        out.print(_table(letters))
        for name in dict.fromkeys(x.reason for x in letters):
            out.print(f"{name}: {REMEDY[Reason(name)]}", soft_wrap=True, markup=False)
    waiting = ", ".join(f"{n:,} {name}" for name, n in counts.items())
    err.print(f"waiting: {waiting or 'none'}", soft_wrap=True)


@app.command()
def show(
    id: Annotated[str, typer.Argument(metavar="ID", help="Which, as `list` shows it.")],
    officer: Annotated[str, typer.Option(help="Who looks.")],
    why: Annotated[str, typer.Option(help="Why the raw record must be read; it is logged.")],
    data_dir: DataDir = None,
) -> None:
    """The raw record behind a dead letter; it may hold personal data, so the look is logged."""
    with errors_told(LookupError), archive_of(data_dir) as archive:
        letter = archive.letters.get(id)
        raw = archive.sealer.unseal(letter.sealed)
        archive.truth.audit(officer, "deadletter.show", id, why, wall_clock_ms())
    err.print(f"{letter.reason} {letter.detail}: {REMEDY[Reason(letter.reason)]}", soft_wrap=True, markup=False)
    typer.echo(raw.decode("utf-8", "backslashreplace"))


@app.command()
def replay(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Which; default: all of --reason.")] = None,
    reason: Annotated[Reason | None, typer.Option(help="All letters with this reason.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Send letters through the door again, after the feed or the build has been mended."""
    if not ids and reason is None:
        raise refuse_usage("say which letters: ids, or --reason")
    with errors_told(LookupError), archive_of(data_dir) as archive:
        letters = [archive.letters.get(i) for i in ids] if ids else archive.letters.find(reason, MOST)
        waiting = [x for x in letters if x.replayed_ms is None]
        for start in range(0, len(waiting), AT_A_TIME):
            _resend(archive, waiting[start : start + AT_A_TIME])
    before = len(letters) - len(waiting)
    err.print(f"{len(waiting):,} sent to the door again" + (f", {before:,} had been sent before" if before else ""))


@contextmanager
def archive_of(data_dir: Path | None) -> Iterator[Archive]:
    """Dead letters of a site, beside a running worker or without one."""
    from fraud_guard.app.offline import existing_site, open_letters

    archive = open_letters(existing_site(data_dir))
    try:
        yield archive
    finally:
        archive.close()


def _resend(archive: Archive, letters: list[DeadLetter]) -> None:
    """Into the inlet partitions they came from; what arrives twice around a crash is dropped as a repeat."""
    from fraud_guard.app.topics import letter_place
    from fraud_guard.log import Record

    places: dict[tuple[str, int], list[Record]] = {}
    for x in letters:
        places.setdefault(letter_place(x.position), []).append(Record(None, archive.sealer.unseal(x.sealed)))
    archive.log.append_many([(topic, partition, records) for (topic, partition), records in sorted(places.items())])
    archive.letters.mark_replayed([x.id for x in letters], wall_clock_ms())


def _table(letters: list[DeadLetter]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name, ratio in (("id", 5), ("time", 4), ("reason", 3), ("detail", 5), ("", 1)):
        table.add_column(name, overflow="fold", ratio=ratio, no_wrap=name == "id")
    for x in letters:
        table.add_row(x.id, local_time(x.at_ms), x.reason, x.detail, "resent" if x.replayed_ms else "")
    return table
