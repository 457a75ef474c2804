"""`fraud-guard rules backtest`: what one set of rules, or two, would have made of a history."""

from __future__ import annotations

import sys
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fraud_guard.app.cli.exits import err, errors_told, out
from fraud_guard.app.cli.options import RulesDir
from fraud_guard.errors import ConfigurationError

if TYPE_CHECKING:
    from fraud_guard.app.backtest.labels import Labels
    from fraud_guard.app.backtest.report import Report
    from fraud_guard.app.backtest.run import Backtest, Outcome, Span


def backtest(
    history: Annotated[Path | None, typer.Option(help="Folder of the history; default: FG_HISTORY_DIR.")] = None,
    rules: RulesDir = None,
    compare: Annotated[Path | None, typer.Option(help="Another folder of rules: what is new, what is gone against it.")] = None,
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day that counts (UTC+8); default: all.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day.")] = None,
    warm_up: Annotated[int, typer.Option(min=0, help="Days before --from that fill the memory and do not count.")] = 7,
    truth: Annotated[Path | None, typer.Option(help="truth.ndjson of a simulated city: precision and recall.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Site whose closures say which alerts were right, and whose key made the tokens.")] = None,
    site_key: Annotated[str | None, typer.Option(help="Key that made the tokens; default: that of --data-dir, else the public demo key.")] = None,
    alerts: Annotated[Path | None, typer.Option(help="Write the alert changes of --rules here, subjects as tokens.")] = None,
    json: Annotated[bool, typer.Option("--json", help="The whole report as one JSON object.")] = False,
    show: Annotated[int, typer.Option(min=0, help="How many new and gone alerts to list.")] = 10,
    one_in: Annotated[int, typer.Option(min=1, max=512, help="Score only one person in so many; for months of a large city.")] = 1,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Processes; the result is the same.")] = 1,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Run rules over history through the scorer that runs live; nobody answers, and nothing is sent."""
    from fraud_guard.app.backtest.report import report
    from fraud_guard.app.backtest.run import Backtest, Span
    from fraud_guard.app.history.places import existing

    with errors_told():
        span = Span(_day(first), _day(last), warm_up)
        key = _key(data_dir, site_key)
        test = Backtest(existing(history), span, jobs=jobs, site_key=key, named=alerts is not None, one_in=one_in)
        labels = _labels(truth, data_dir, key, test, span, one_in)
        now, before = _outcomes(test, rules, compare, quiet=quiet)
        told = report([str(d) for d in test.days], labels, now, before, one_in)
        if alerts is not None:
            _write(alerts, now)
    _tell(told, now, json=json, show=show, jobs=jobs)


def _key(data_dir: Path | None, given: str | None) -> str:
    from fraud_guard.app.offline import existing_site
    from fraud_guard.app.replay.run import DEMO_SITE_KEY
    from fraud_guard.app.settings import site_key

    if given:
        return given
    return site_key(existing_site(data_dir)) if data_dir else DEMO_SITE_KEY


def _labels(truth: Path | None, data_dir: Path | None, key: str, test: Backtest, span: Span, one_in: int) -> Labels:
    from fraud_guard.adapters.history.folder import start_ms_of
    from fraud_guard.app.backtest.labels import CityLabels, ClosureLabels, NoLabels
    from fraud_guard.app.offline import existing_site, open_truth

    if truth is not None:
        end = test.days[-1] + timedelta(days=1) if test.days else date.max
        return CityLabels(_city(truth, key), span.from_ms, start_ms_of(end), one_in)
    if data_dir is None:
        return NoLabels()
    with closing(open_truth(existing_site(data_dir))) as site:
        return ClosureLabels(site.closures())


def _city(truth: Path, key: str) -> Any:
    from fraud_guard.adapters.sealing import Keys
    from fraud_guard.door.numbers import normalise
    from fraud_guard.door.tokens import Tokeniser
    from fraud_guard.evaluation.truth import read_truth

    tokens = Tokeniser(Keys.from_site_key(key).token)
    try:
        with truth.open("rb") as file:
            return read_truth(file, str(truth), lambda subject: tokens.token(normalise(subject)).hex())
    except OSError as error:
        raise ConfigurationError(f"{truth}: {error.strerror}; give a readable truth.ndjson") from None


def _outcomes(test: Backtest, rules: Path | None, compare: Path | None, *, quiet: bool) -> tuple[Outcome, Outcome | None]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from fraud_guard.app.rule_files import build_from_files, read_generation_files
    from fraud_guard.shipped import shipped

    sets = [read_generation_files(folder) for folder in (rules or shipped("rules"), compare) if folder is not None]
    for files in sets:
        build_from_files(files)  # a bad rule is told before the long work
    columns = (TextColumn("backtest"), BarColumn(), MofNCompleteColumn(), TextColumn("tags"), TimeRemainingColumn())
    found = []
    with Progress(*columns, console=err, transient=True, disable=quiet or not sys.stderr.isatty()) as bar:
        task = bar.add_task("backtest", total=test.tags * len(sets))
        for n, files in enumerate(sets):
            done = n * test.tags
            found.append(test.outcome_of(files, lambda tags, done=done: bar.update(task, completed=done + tags)))  # type: ignore[misc]
    return found[0], found[1] if len(found) > 1 else None


def _write(alerts: Path, outcome: Outcome) -> None:
    try:
        alerts.write_text("".join(c.model_dump_json() + "\n" for c in outcome.changes), encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{alerts}: {error.strerror}; give a path that can be written") from None


def _tell(told: Report, now: Outcome, *, json: bool, show: int, jobs: int) -> None:
    from fraud_guard.app.cli.backtest_shown import report_parts, report_text

    if json:
        typer.echo(report_text(told))
    else:
        for part in report_parts(told, show):
            out.print(part, soft_wrap=True)
    wall_s = now.summary.wall_s
    err.print(f"{told.tags:,} tags in {wall_s:,.1f} s with {jobs} {'process' if jobs == 1 else 'processes'}: {told.tags / max(wall_s, 1e-9):,.0f} tags/s")


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None
