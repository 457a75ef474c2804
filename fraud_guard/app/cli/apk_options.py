"""Options that several `apk` commands have, and what they open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fraud_guard.app.cli.exits import errors_told
from fraud_guard.errors import ConfigurationError

if TYPE_CHECKING:
    from apk_analysis.reskin.index import Index
    from apk_analysis.worker.scanner import Scanner

Files = Annotated[list[Path], typer.Argument(metavar="FILE…", help="APK files.")]
IndexDir = Annotated[
    Path | None, typer.Option("--index", metavar="DIR", envvar="FG_APK_INDEX", help="Folder of the fingerprint index; default: apk-index in the data folder.")
]
Jobs = Annotated[int, typer.Option("--jobs", min=1, help="Files at the same time, each in a sandbox of its own.")]
Sandbox = Annotated[str, typer.Option(help="Refuse to work in a weaker sandbox: none, rlimits, seccomp, bubblewrap.")]


@contextmanager
def apk_errors_told() -> Iterator[None]:
    """Errors of the APK analysis end a command as configuration errors do."""
    from apk_analysis.errors import ApkError

    with errors_told(LookupError):
        try:
            yield
        except (ApkError, OSError) as error:
            raise ConfigurationError(str(error)) from error


def open_index(given: Path | None, *, make: bool) -> Index | None:
    """The index that a command works on; None where there is none and none is to be made."""
    from apk_analysis.reskin.index import Index
    from fraud_guard.app.apk_scanner import index_folder, index_in
    from fraud_guard.app.settings import read

    folder = given or index_folder(read())
    return Index(folder) if make else index_in(folder)


def scanner(index: Index | None, least_sandbox: str = "rlimits", *, deep: bool = False) -> Scanner:
    """A scanner with the rules of the site."""
    from apk_analysis.dissection.settings import SANDBOX_LEVELS
    from fraud_guard.app.apk_scanner import scanner_of, site_rules
    from fraud_guard.app.settings import read

    if least_sandbox not in SANDBOX_LEVELS:
        raise ConfigurationError(f"--least-sandbox {least_sandbox}: choose one of {', '.join(SANDBOX_LEVELS)}")
    return scanner_of(site_rules(read()), least_sandbox, index, deep=deep)
