"""`fraud-guard simulate`: a labelled city, or the bench mix, as files to replay and to evaluate with."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fraud_guard.app.cli.exits import err, errors_told, refuse_usage
from fraud_guard.app.cli.options import LOCAL
from fraud_guard.errors import ConfigurationError

if TYPE_CHECKING:
    from datasets.city import Summary

BENCH_TAGS_A_PERSON_DAY = 40


class PriorName(StrEnum):
    """How many scams there are."""

    ENRICHED = "enriched"
    TEACHING = "teaching"
    REALISTIC = "realistic"
    NONE = "none"


def simulate(
    people: Annotated[int, typer.Option(min=2, max=1_000_000, help="How many people.")],
    days: Annotated[int, typer.Option(min=1, max=3_650, help="How many days.")],
    out: Annotated[
        Path,
        typer.Option(help="Folder to write tags.ndjson, subjects.csv, stations.csv and truth.ndjson to."),
    ],
    seed: Annotated[int, typer.Option(min=0, help="Another number, another city.")] = 1,
    start: Annotated[str, typer.Option(metavar="DATE", help="First day.")] = "2026-03-16",
    prior: Annotated[
        PriorName,
        typer.Option(help="enriched: 25 losses a day and 10,000 people; realistic: 1; teaching: 150."),
    ] = PriorName.ENRICHED,
    drift: Annotated[
        bool, typer.Option("--drift", help="Other types, later wording, new pools, one script never seen.")
    ] = False,
    evasion: Annotated[
        bool, typer.Option("--evasion", help="Disguised texts, local numbers, calls in pieces, late tags.")
    ] = False,
    slow: Annotated[
        bool, typer.Option("--slow", help="Slow scams take weeks; ask for 30 days or more.")
    ] = False,
    dwell_scale: Annotated[
        float, typer.Option(min=0.1, max=10, help="How long scams dwell at each step, times this.")
    ] = 1.0,
    variety: Annotated[
        int,
        typer.Option(min=0, help="Above 0: another town with other habits and gangs; 0: the calibrated one."),
    ] = 0,
    bench: Annotated[
        bool, typer.Option("--bench", help="Only tags.ndjson: the bench mix, 40 tags a person and day.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary.")] = False,
) -> None:
    """Write a labelled city: ordinary life, scams, and who was cheated when (kept apart)."""
    start_ms = _midnight_ms(start)
    with errors_told():
        try:
            if bench:
                _bench(people, days, seed, out, start_ms, quiet=quiet)
                return
            from datasets.city import simulate as write_city

            write = partial(write_city, people, days, seed, out, start_ms=start_ms, prior=prior.value, drift=drift,
                            evasion=evasion, slow=slow, dwell_scale=dwell_scale, variety=variety)  # fmt: skip
            summary = _with_progress(write, quiet=quiet)
        except OSError as error:
            raise ConfigurationError(f"{out}: {error.strerror}; give --out a folder you may write") from None
    if not quiet:
        _tell(summary, out)


def _with_progress(write: Callable[..., Summary], *, quiet: bool) -> Summary:
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("simulate"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=quiet or not sys.stderr.isatty()) as bar:
        task = bar.add_task("simulate", total=1.0)
        return write(progress=lambda share: bar.update(task, completed=share))


def _bench(people: int, days: int, seed: int, out: Path, start_ms: int, *, quiet: bool) -> None:
    from datasets.bench_mix import write_bench_mix

    tags = people * days * BENCH_TAGS_A_PERSON_DAY
    out.mkdir(parents=True, exist_ok=True)
    written = write_bench_mix(out / "tags.ndjson", tags, seed, people, start_ms, tags / (days * 86_400))
    if not quiet:
        err.print(
            f"[bold green]bench mix[/] {tags:,} tags, {written / 1e6:,.1f} MB: {out}/tags.ndjson",
            soft_wrap=True,
        )


def _tell(summary: Summary, out: Path) -> None:
    episodes = (
        " · ".join(f"{count:,} {outcome}" for outcome, count in sorted(summary.episodes.items())) or "none"
    )
    err.print(
        f"[bold green]city[/] {summary.tags:,} tags, {summary.size_bytes / 1e6:,.1f} MB: {out}/tags.ndjson\n"
        f"  episodes    {episodes}\n  look-alikes {summary.lookalikes:,}\n"
        f"  next: fraud-guard replay {out}/tags.ndjson --subjects {out}/subjects.csv --stations {out}/stations.csv "
        f"--alerts {out}/alerts.ndjson\n"
        f"        fraud-guard evaluate --alerts {out}/alerts.ndjson --truth {out}/truth.ndjson", soft_wrap=True,
    )  # fmt: skip


def _midnight_ms(date: str) -> int:
    """Midnight in China of a date, epoch ms; exits with a usage error for anything else."""
    try:
        day = datetime.strptime(date, "%Y-%m-%d").replace(tzinfo=LOCAL)
    except ValueError:
        raise refuse_usage(f"--start {date!r} is no date; write it like 2026-03-16") from None
    if not datetime(2001, 1, 1, tzinfo=LOCAL) <= day < datetime(2090, 1, 1, tzinfo=LOCAL):
        raise refuse_usage(f"--start {date} is out of range; use 2001 to 2089")
    return round(day.timestamp() * 1_000)
