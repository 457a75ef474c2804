"""`fraud-guard apk submit` and `apk work`: files into the queue, and the worker that dissects them and tells the river."""

from __future__ import annotations

from typing import Annotated

import typer

from fraud_guard.app.cli.apk_options import Files, Jobs, apk_errors_told
from fraud_guard.app.cli.exits import err, errors_told, out
from fraud_guard.app.cli.options import DataDir


def submit(
    files: Files,
    by: Annotated[str, typer.Option(help="Who hands them in, for people to read.")] = "",
    deep: Annotated[bool, typer.Option("--deep", help="Also the slow analysis, in its own queue.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Dissect anew what has a verdict already.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Keep files and queue them for `apk work`; prints the SHA-256 of each that is queued."""
    from apk_analysis.intake.store import Store
    from fraud_guard.adapters.clock import wall_clock_ms
    from fraud_guard.app.apk_submission import Submission, declare_topics
    from fraud_guard.app.apk_submission import submit as hand_in
    from fraud_guard.app.offline import site_log
    from fraud_guard.app.settings import read

    with apk_errors_told():
        settings = read(data_dir=data_dir)
        wish = Submission("0" * 64, wall_clock_ms(), by=by, deep=deep, again=again)
        with site_log(settings) as log:
            declare_topics(log, settings)
            for stored in hand_in(log, Store(settings.apk_folder / "samples"), settings, files, wish):
                out.print(stored.sha256)
                err.print(f"queued, {stored.size_bytes:,} bytes{'' if stored.new else ', seen before'}")


def work(
    jobs: Jobs = 1,
    deep: Annotated[bool, typer.Option("--deep", help="Do the slow analyses: a queue of its own.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Dissect what is submitted, until SIGTERM or Ctrl-C, and write verdicts to the topic apk.verdicts."""
    from fraud_guard.app.apk_app import apk_app
    from fraud_guard.app.apk_site import ApkSite
    from fraud_guard.app.cli.worker import work as run
    from fraud_guard.app.settings import read

    with errors_told():
        settings = read(data_dir=data_dir)
        site = ApkSite(settings, jobs=jobs, deep=deep)
        err.print(f"[bold]fraud-guard apk work[/] reads {site.topic}; stop it with Ctrl-C", soft_wrap=True)
        raise typer.Exit(run(apk_app(site), site))
