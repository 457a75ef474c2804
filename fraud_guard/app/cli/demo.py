"""`fraud-guard demo`: a small scripted city in real time with a live board; `--once`: one recorded day, checked."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from fraud_guard.app.cli.exits import Exit, err, errors_told
from fraud_guard.errors import ConfigurationError

DEMO_DIR = Path(".fraud-guard") / "demo"


def demo(
    once: Annotated[bool, typer.Option("--once", help="Replay one recorded day and check its alerts and orders.")] = False,
    seconds: Annotated[int, typer.Option(min=0, help="Stop after this long; 0 = run until Ctrl-C.")] = 0,
    data_dir: Annotated[Path, typer.Option(help="Where the demo keeps its data.")] = DEMO_DIR,
    seed: Annotated[int, typer.Option(help="Which city: another number, other people.")] = 1,
) -> None:
    """Show the whole way from a tag to a police station's desk."""
    with errors_told():
        raise typer.Exit(_once() if once else _city(data_dir, seed, seconds))


def _once() -> Exit:
    from fraud_guard.adapters.reference_tables import read_stations, read_subjects
    from fraud_guard.adapters.sealing import Keys, Sealer
    from fraud_guard.app.cli.replay import with_progress
    from fraud_guard.app.cli.summary import print_summary
    from fraud_guard.app.golden import compare, golden_day
    from fraud_guard.app.replay.reading import Source
    from fraud_guard.app.replay.results import Results
    from fraud_guard.app.replay.run import DEMO_SITE_KEY, Plan
    from fraud_guard.app.rule_files import read_generation_files
    from fraud_guard.shipped import shipped

    day = golden_day()
    plan = Plan(
        rules=read_generation_files(shipped("rules")), stations=read_stations(day / "stations.csv"),
        registry=read_subjects(day / "subjects.csv"), closures={},
    )  # fmt: skip
    source = Source(str(day / "tags.ndjson"))
    results = Results(None, None, None, Sealer(Keys.from_site_key(DEMO_SITE_KEY).deadletter), source.name)
    summary = with_progress(plan, source, results)
    print_summary(summary, results, plan.stations)
    faults = compare(day, results)
    for fault in faults:
        err.print(f"differs: {fault}", soft_wrap=True, markup=False)
    if not faults and summary.conserved:
        err.print("[bold green]as expected[/]: every alert and every order of the recorded day, and no other")
    return Exit.NO if faults or not summary.conserved else Exit.OK


def _city(data_dir: Path, seed: int, seconds: int) -> Exit:
    from datasets.demo_city import DemoCity
    from fraud_guard.app.board import Board
    from fraud_guard.app.cli.worker import build, work
    from fraud_guard.app.feed import CityFeed
    from fraud_guard.app.settings import read

    _make(data_dir)
    city = DemoCity(seed, run=f"d{int(time.time())}")
    subjects, stations = city.tables(data_dir)
    settings = read(data_dir=data_dir, subjects=subjects, stations=stations, idle_ms=1_000, relay_tick_ms=50)
    site, app = build(settings)
    feed = CityFeed(site, iter(city))
    board = Board(site, feed, seconds=seconds, names=stations)
    app.task(feed.run)
    app.task(board.run)
    err.print(
        f"[bold]fraud-guard demo[/]: a scripted city; its first clear episode is complete after about 12 s.\n"
        f"  orders:  fraud-guard orders list --data-dir {data_dir}\n"
        f"  answer:  fraud-guard orders accept ORDER --officer NAME --data-dir {data_dir}\n"
        f"  log:     {data_dir}/worker.log     stop: Ctrl-C", soft_wrap=True,
    )  # fmt: skip
    return work(app, site, logfile=data_dir / "worker.log")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"{folder}: {error.strerror}; give --data-dir a folder you may write") from None
