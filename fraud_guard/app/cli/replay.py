"""`fraud-guard replay`: a file of tags in, alerts and orders out, the same bytes every time."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fraud_guard.app.cli.exits import Exit, err, errors_told, refuse_usage
from fraud_guard.app.cli.options import RulesDir
from fraud_guard.errors import ConfigurationError

if TYPE_CHECKING:
    from fraud_guard.app.replay.reading import Source
    from fraud_guard.app.replay.results import Results
    from fraud_guard.app.replay.run import Plan, Summary

MOST_TAGS_A_BLOCK = 1_000


class Who(StrEnum):
    """Who answers orders."""

    NONE = "none"
    PROMPT = "prompt"
    SIMULATED = "simulated"


class Voices(StrEnum):
    """Who is heard."""

    BOTH = "both"
    RULES = "rules"
    MODELS = "models"


def replay(
    tags: Annotated[str, typer.Argument(metavar="TAGS", help="NDJSON file in order of arrival, or - for stdin.")],
    alerts: Annotated[str | None, typer.Option(help="Write alert changes here; - streams to stdout.")] = None,
    orders: Annotated[str | None, typer.Option(help="Write orders here; - streams to stdout.")] = None,
    deadletters: Annotated[str | None, typer.Option(help="Write refused lines here, sealed.")] = None,
    subjects: Annotated[Path | None, typer.Option(help="Who is protected: area, age, household (CSV).")] = None,
    stations: Annotated[Path | None, typer.Option(help="Who serves which area (CSV); without it no orders.")] = None,
    closures: Annotated[Path | None, typer.Option(help="What officers reported, NDJSON.")] = None,
    apk_verdicts: Annotated[Path | None, typer.Option(help="Verdicts on APKs, NDJSON; each holds from its ts_ms on.")] = None,
    rules: RulesDir = None,
    lists: Annotated[Path | None, typer.Option(help="Folder of lists that take the place of shipped ones.")] = None,
    reorder: Annotated[str, typer.Option(help="Put tags back in order within this span; 0s = as they come.")] = "60s",
    responder: Annotated[Who, typer.Option(help="Who answers orders; none: nobody, and clocks are off.")] = Who.NONE,
    site_key: Annotated[str | None, typer.Option(help="Ids follow from it; default: a public demo key.")] = None,
    voices: Annotated[Voices, typer.Option(help="Who is heard: to see what rules or models do alone.")] = Voices.BOTH,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Processes; the result is the same.")] = 1,
    block: Annotated[int, typer.Option(min=1, max=MOST_TAGS_A_BLOCK, hidden=True)] = MOST_TAGS_A_BLOCK,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary.")] = False,
) -> None:
    """Replay a file through the same door and scorer as the live workers, in event time."""
    from fraud_guard.adapters.sealing import Keys, Sealer
    from fraud_guard.app.cli.summary import print_summary, tell_closures
    from fraud_guard.app.list_files import read_list_files
    from fraud_guard.app.lists_in_force import in_force
    from fraud_guard.app.replay.reading import Source
    from fraud_guard.app.replay.results import Results

    if [alerts, orders, deadletters].count("-") > 1:
        raise refuse_usage("only one of --alerts, --orders and --deadletters can go to stdout")
    with errors_told(), in_force(read_list_files(lists)):
        plan = make_plan(
            subjects, stations, closures, rules, responder, site_key, span_ms(reorder), jobs, block, voices, apk_verdicts
        )
        source = Source(tags)
        sealer = Sealer(Keys.from_site_key(plan.site_key).deadletter)
        results = Results(alerts, orders, deadletters, sealer, source.name)
        summary = with_progress(plan, source, results, quiet=quiet)
        if not quiet:
            print_summary(summary, results, plan.stations)
        tell_closures(summary)
        if not summary.conserved:
            err.print("[bold red]conservation broken:[/] lines in and lines accounted for differ; please report this")
            raise typer.Exit(Exit.INTEGRITY)


def make_plan(
    subjects: Path | None, stations: Path | None, closures: Path | None, rules: Path | None, responder: Who,
    site_key: str | None, reorder_ms: int, jobs: int, block: int, voices: Voices = Voices.BOTH, apk_verdicts: Path | None = None,
) -> Plan:  # fmt: skip
    """Read everything a replay needs to know. Raises ConfigurationError and RuleError."""
    from fraud_guard.adapters.reference_tables import read_stations, read_subjects
    from fraud_guard.app.replay.closures import read_closures
    from fraud_guard.app.replay.run import DEMO_SITE_KEY, Plan
    from fraud_guard.app.replay.verdicts import read_verdicts
    from fraud_guard.app.rule_files import read_generation_files
    from fraud_guard.dispatch.stations import Stations
    from fraud_guard.shipped import shipped

    files = read_generation_files(rules or shipped("rules"))
    mute = {Voices.BOTH: (), Voices.RULES: ("behaviour/",), Voices.MODELS: ("tags/",)}[voices]
    return Plan(
        rules={path: text for path, text in files.items() if not path.startswith(mute)},
        door_models=voices != Voices.RULES,
        stations=read_stations(stations) if stations else Stations([]),
        registry=read_subjects(subjects) if subjects else {},
        closures=read_closures(closures) if closures else {},
        verdicts=tuple(read_verdicts(apk_verdicts)) if apk_verdicts else (),
        responder=responder.value, site_key=site_key or DEMO_SITE_KEY, reorder_ms=reorder_ms, jobs=jobs, block=block,
    )  # fmt: skip


def with_progress(plan: Plan, source: Source, results: Results, *, quiet: bool = False) -> Summary:
    """Run a replay behind a progress bar on stderr."""
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    from fraud_guard.app.replay.run import replay as run_replay

    columns = (TextColumn("replay"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=quiet or not sys.stderr.isatty()) as bar:
        task = bar.add_task("replay", total=source.size_bytes or None)
        try:
            return run_replay(plan, source, results, lambda done: bar.update(task, completed=done))
        finally:
            source.close()


def span_ms(span: str) -> int:
    """`60s`, `10min` or `0s` as milliseconds. Raises ConfigurationError."""
    from fraud_guard.rulebook.rule import seconds

    try:
        return seconds(span) * 1000
    except ValueError as error:
        raise ConfigurationError(f"--reorder: {error}") from None
