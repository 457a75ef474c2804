"""`fraud-guard doctor` and `config …`: what is wrong, and the remedy."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from collections.abc import Callable
from importlib.metadata import entry_points

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from fraud_guard.app.cli.exits import Exit, errors_told
from fraud_guard.app.cli.worker import DataDir
from fraud_guard.app.rule_files import load_generation
from fraud_guard.app.settings import Settings, read, site_key
from fraud_guard.errors import FraudGuardError

config = typer.Typer(no_args_is_help=True)
out = Console(highlight=False)
FREE_BYTES = 2 * 1024**3


def doctor(data_dir: DataDir = None) -> None:
    """Check this machine and this site; every finding comes with its remedy."""
    with errors_told():
        settings = read(data_dir=data_dir)
        results = [(name, *_run(check, settings)) for name, check in CHECKS.items()]
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, ok, words in results:
        table.add_row("[green]ok[/]" if ok else "[bold red]bad[/]", name, words.replace("[", r"\["))
    out.print(table)
    raise typer.Exit(Exit.OK if all(ok for _, ok, _ in results) else Exit.NO)


@config.command()
def check(data_dir: DataDir = None) -> None:
    """Read settings, rules and tables as a worker would, without starting it."""
    with errors_told():
        settings = read(data_dir=data_dir)
        for name in ("rules", "tables"):
            CHECKS[name](settings)
        out.print("settings, rules and tables are sound")


@config.command()
def show(data_dir: DataDir = None) -> None:
    """All settings, their values and where each came from; secrets are masked."""
    with errors_told():
        settings = read(data_dir=data_dir)
        table = Table(box=None, pad_edge=False)
        for name in ("setting", "value", "from", "meaning"):
            table.add_column(name)
        for name, field in type(settings).model_fields.items():
            value = getattr(settings, name)
            table.add_row(f"FG_{name.upper()}", _shown(value), _origin(name, value, field.default), field.description or "")
        out.print(table)


def _run(check: Callable[[Settings], str], settings: Settings) -> tuple[bool, str]:
    try:
        return True, check(settings)
    except FraudGuardError as error:
        return False, str(error)


def _python(_: Settings) -> str:
    return f"Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}"


def _folder(settings: Settings) -> str:
    folder = settings.data_dir.absolute()
    there = next(p for p in (folder, *folder.parents) if p.exists())
    if not os.access(there, os.W_OK):
        raise FraudGuardError(f"{there} cannot be written; set FG_DATA_DIR to a folder of this user")
    free = shutil.disk_usage(there).free
    if free < FREE_BYTES:
        raise FraudGuardError(f"{there} has {free / 1024**2:,.0f} MB free; make room for at least 2 GB or shorten retention_h")
    return f"{folder}, {free / 1024**3:,.0f} GB free"


def _key(settings: Settings) -> str:
    site_key(settings)
    return "site key is there and private"


def _rules(settings: Settings) -> str:
    generation, files = load_generation(settings.rules)
    return f"generation {generation.id}: {len(generation.book.rules)} rules from {len(files)} files"


def _tables(settings: Settings) -> str:
    from fraud_guard.adapters.reference_tables import read_stations, read_subjects  # noqa: PLC0415

    stations = len(read_stations(settings.stations).by_id) if settings.stations else 0
    people = len(read_subjects(settings.subjects)) if settings.subjects else 0
    note = "" if stations else "; without FG_STATIONS no order can be routed"
    return f"{stations} stations, {people:,} people{note}"


def _transport(_: Settings) -> str:
    names = {e.name for e in entry_points(group="faust.transports")}
    if "embedded" not in names:
        raise FraudGuardError("Faust does not know embedded://; install the package (pip install -e .)")
    return "embedded:// is registered with Faust"


def _files(settings: Settings) -> str:
    found = [_checked(settings, name) for name in ("log.db", "memory.db", "truth.db", "vault.db")]
    return ", ".join(f for f in found if f) or "no data yet"


def _checked(settings: Settings, name: str) -> str:
    path = settings.data_dir / name
    if not path.exists():
        return ""
    try:
        with sqlite3.connect(f"file:{path.absolute()}?mode=ro", uri=True) as db:
            (answer,) = db.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        raise FraudGuardError(f"{path}: {error}; move it away and restore the last snapshot") from None
    if answer != "ok":
        raise FraudGuardError(f"{path}: {answer}; move it away and restore the last snapshot")
    return f"{name} {path.stat().st_size / 1024**2:,.1f} MB"


CHECKS: dict[str, Callable[[Settings], str]] = {
    "machine": _python, "data folder": _folder, "site key": _key, "rules": _rules, "tables": _tables,
    "transport": _transport, "data files": _files,
}  # fmt: skip


def _shown(value: object) -> str:
    secrets = value if isinstance(value, list) else [value]
    if any(isinstance(v, SecretStr) for v in secrets):
        return "(set)"
    return "—" if value in (None, []) else str(value)


def _origin(name: str, value: object, default: object) -> str:
    if f"FG_{name.upper()}" in os.environ:
        return "environment"
    return "default" if value == default else "file or option"
