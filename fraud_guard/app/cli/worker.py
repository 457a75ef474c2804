"""`fraud-guard run`: the live workers."""

from __future__ import annotations

import gc
import logging
from functools import partial
from pathlib import Path
from typing import Annotated

import faust
import typer

from fraud_guard.app.cli.exits import Exit, code_of, err, errors_told
from fraud_guard.app.feed import FileFeed, stop_when_idle
from fraud_guard.app.logs import log_to_stderr
from fraud_guard.app.settings import Settings, read
from fraud_guard.app.site import Site

DataDir = Annotated[Path | None, typer.Option(help="folder of log, memory, truth and vault (FG_DATA_DIR)")]


def run(
    tags: Annotated[str | None, typer.Option(help="feed this NDJSON file (or - for stdin) into the inlet")] = None,
    until_idle: Annotated[bool, typer.Option("--until-idle", help="stop when everything fed is scored and delivered")] = False,
    rate: Annotated[int, typer.Option(min=0, help="tags a second of the feed; 0 = as fast as it goes")] = 0,
    data_dir: DataDir = None,
    subjects: Annotated[Path | None, typer.Option(help="subjects.csv (FG_SUBJECTS)")] = None,
    stations: Annotated[Path | None, typer.Option(help="stations.csv (FG_STATIONS)")] = None,
    rules: Annotated[Path | None, typer.Option(help="rules folder (FG_RULES_DIR)")] = None,
) -> None:
    """Run door, scorer, clocks and dispatch until SIGTERM; settings come from FG_* and fraud-guard.toml."""
    with errors_told():
        settings = read(data_dir=data_dir, subjects=subjects, stations=stations, rules_dir=rules)
        site, app = build(settings)
        if tags is not None:
            feed = FileFeed(site, tags, rate)
            app.task(feed.run)
            if until_idle:
                app.task(partial(stop_when_idle, site, feed))
        err.print(f"[bold]fraud-guard[/] runs on {settings.data_dir}; stop it with Ctrl-C", soft_wrap=True)
        raise typer.Exit(work(app, site))


def build(settings: Settings) -> tuple[Site, faust.App]:
    """The same worker as `streams.py`, with these settings."""
    from fraud_guard.app import agents, wiring  # noqa: PLC0415  Faust is only needed here

    site = wiring.site(settings)
    app = wiring.faust_app(settings, site)
    for register in (agents.take_in, agents.score, agents.send_out, agents.chase_deadlines):
        register(app, site)
    return site, app


def work(app: faust.App, site: Site, *, loglevel: int = logging.WARNING, logfile: Path | None = None) -> Exit:
    """Run the worker in this process until it stops; says with which code to exit."""
    log_to_stderr(loglevel, logfile)
    spare_the_collector()
    worker_type: Any = app.conf.Worker
    worker = worker_type(app, loglevel=logging.getLevelName(loglevel), logfile=str(logfile) if logfile else None,
                         redirect_stdouts=False, quiet=True)  # fmt: skip
    try:
        worker.execute_from_commandline()
    except SystemExit as stop:
        if site.failure is None and stop.code not in (0, None):
            return Exit.NO
    if site.failure is not None:
        err.print(f"[bold red]stopped:[/] {site.failure}", soft_wrap=True)
        return code_of(site.failure)
    return Exit.OK


def spare_the_collector() -> None:
    """Caches hold millions of small tuples that never form cycles; walking them again and again costs a tenth."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1_000)
