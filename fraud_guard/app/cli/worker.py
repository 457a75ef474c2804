"""`fraud-guard run`: the live workers."""

from __future__ import annotations

import gc
import logging
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fraud_guard.app.cli.exits import Exit, code_of, err, errors_told, refuse_usage
from fraud_guard.app.cli.options import DataDir, RulesDir

if TYPE_CHECKING:
    import faust

    from fraud_guard.app.apk_site import ApkSite
    from fraud_guard.app.settings import Settings
    from fraud_guard.app.site import Site


def run(
    tags: Annotated[str | None, typer.Option(help="Feed this NDJSON file, or - for stdin, into the inlet.")] = None,
    until_idle: Annotated[bool, typer.Option("--until-idle", help="Stop when all of --tags is scored and delivered.")] = False,
    rate: Annotated[int, typer.Option(min=0, help="Tags a second of --tags; 0 = as fast as it goes.")] = 0,
    data_dir: DataDir = None,
    subjects: Annotated[Path | None, typer.Option(help="Who is protected, CSV (FG_SUBJECTS).")] = None,
    stations: Annotated[Path | None, typer.Option(help="Who serves which area, CSV (FG_STATIONS).")] = None,
    rules: RulesDir = None,
) -> None:
    """Run the live workers until SIGTERM or Ctrl-C; settings come from FG_* and fraud-guard.toml."""
    from fraud_guard.app.feed import FileFeed, stop_when_idle
    from fraud_guard.app.settings import read

    if until_idle and tags is None:
        raise refuse_usage("--until-idle waits for the end of --tags; give both")
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
    from fraud_guard.app import agents, wiring

    site = wiring.site(settings)
    app = wiring.faust_app(settings, site)
    for register in (agents.take_in, agents.score, agents.send_out, agents.chase_deadlines, agents.keep_history):
        register(app, site)
    return site, app


def work(app: faust.App, site: Site | ApkSite, *, loglevel: int = logging.WARNING, logfile: Path | None = None) -> Exit:
    """Run the worker in this process until it stops; says with which code to exit."""
    from fraud_guard.app.logs import log_to_stderr

    log_to_stderr(loglevel, logfile, site.settings.log_format)
    spare_the_memory()
    worker_type: Any = app.conf.Worker
    worker = worker_type(app, loglevel=logging.getLevelName(loglevel), logfile=str(logfile) if logfile else None,
                         redirect_stdouts=False, quiet=True)  # fmt: skip
    try:
        worker.execute_from_commandline()
    except SystemExit as stop:
        if site.failure is None and stop.code not in (0, None):
            return Exit.NO
    if site.failure is not None:
        err.print("[bold red]stopped:[/]", end=" ")
        err.print(str(site.failure), soft_wrap=True, markup=False)
        return code_of(site.failure)
    return Exit.OK


def spare_the_memory() -> None:
    """Caches hold millions of small objects that never form cycles; walking them again and again costs a tenth.

    Arrow's own allocator keeps ten megabytes more than the blocks that go by; the system's does not.
    """
    import pyarrow as pa

    pa.set_memory_pool(pa.system_memory_pool())
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1_000)
