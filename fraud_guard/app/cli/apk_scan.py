"""`fraud-guard apk scan` and `apk watch`: dissect files, one report each."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fraud_guard.app.cli.apk_options import (
    Files,
    IndexDir,
    Jobs,
    Sandbox,
    apk_errors_told,
    open_index,
    scanner,
)
from fraud_guard.app.cli.exits import Exit, err, out, refuse_usage

if TYPE_CHECKING:
    from apk_analysis.report.facts import Report
    from apk_analysis.worker.scanner import Scanner

VERDICTS = ("benign", "suspicious", "malicious")
SETTLED_S = 2.0
AsJson = Annotated[bool, typer.Option("--json", help="One JSON report a line.")]


def scan(
    files: Files,
    as_json: AsJson = False,
    jobs: Jobs = 1,
    fail_on: Annotated[str, typer.Option(metavar="VERDICT", help="Exit with 1 when a file is this or worse: suspicious, malicious.")] = "",
    index: IndexDir = None,
    least_sandbox: Sandbox = "rlimits",
    deep: Annotated[bool, typer.Option("--deep", help="Also the slow analysis: other parsers as witnesses, and who calls what (up to 3 min and 4 GB a file).")] = False,
) -> None:
    """Dissect APK files in a sandbox: what they can do, who signed them, whose skin they wear, whom they talk to."""
    if fail_on and fail_on not in VERDICTS:
        raise refuse_usage(f"--fail-on {fail_on}: choose one of {', '.join(VERDICTS)}")
    worst, unread = 0, False
    with apk_errors_told(), scanner(open_index(index, make=False), least_sandbox, deep=deep) as works:
        for report in _reports(works, files, jobs):
            if report is None:
                unread = True
                continue
            _show(report, as_json=as_json)
            worst = max(worst, VERDICTS.index(report.verdict))
    if fail_on and worst >= VERDICTS.index(fail_on):
        raise typer.Exit(Exit.NO)
    if unread:
        raise typer.Exit(Exit.PARTIAL)


def watch(
    folder: Annotated[Path, typer.Argument(help="Folder to which APK files come.")],
    as_json: AsJson = False,
    index: IndexDir = None,
    every_s: Annotated[float, typer.Option(min=0.1, help="Seconds between two looks.")] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="Look once, then end.")] = False,
) -> None:
    """Dissect every file that comes to a folder, when it has come whole; Ctrl-C ends it."""
    done: set[tuple[str, int, int]] = set()
    with apk_errors_told(), scanner(open_index(index, make=False)) as works:
        if not folder.is_dir():
            raise NotADirectoryError(f"{folder} is no folder")
        while True:
            for path in _settled(folder, done):
                if (report := _report(works, path)) is not None:
                    _show(report, as_json=as_json)
            if once:
                return
            time.sleep(every_s)


def _settled(folder: Path, done: set[tuple[str, int, int]]) -> Iterator[Path]:
    """Files that are new or changed and have not grown for a while."""
    for path in sorted(folder.iterdir()):
        if not path.is_file() or path.name.startswith("."):
            continue
        stat = path.stat()
        mark = (path.name, stat.st_size, stat.st_mtime_ns)
        if mark not in done and time.time() - stat.st_mtime >= SETTLED_S:
            done.add(mark)
            yield path


def _reports(works: Scanner, files: list[Path], jobs: int) -> Iterator[Report | None]:
    """Reports in the order of the files, with a bar on the terminal; None for a file that cannot be read."""
    from rich.progress import track

    with ThreadPoolExecutor(min(jobs, len(files))) as pool:
        waiting: list[Future[Report | None]] = [pool.submit(_report, works, path) for path in files]
        shown = track(waiting, "dissecting", console=err, transient=True, disable=len(files) < 2 or not sys.stderr.isatty())
        for future in shown:
            yield future.result()


def _report(works: Scanner, path: Path) -> Report | None:
    try:
        return works.scan(path)[0]
    except OSError as error:
        err.print(f"[bold red]error:[/] {path}: {error.strerror or error}", soft_wrap=True)
        return None


def _show(report: Report, *, as_json: bool) -> None:
    from apk_analysis.report.json_text import to_json
    from fraud_guard.app.cli.apk_shown import card

    if as_json:
        sys.stdout.write(to_json(report).decode() + "\n")
        sys.stdout.flush()
    else:
        out.print(card(report))
