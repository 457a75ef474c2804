"""`fraud-guard doctor` and `config …`: what is wrong, and the remedy.

A check returns what it found; it raises `Note` for what works but wants attention, and
another FraudGuardError for what does not work.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import tomllib
from collections.abc import Callable
from importlib.metadata import entry_points

import typer
from pydantic import SecretStr
from rich.markup import escape
from rich.table import Table

from fraud_guard.app.cli.exits import Exit, err, errors_told, out
from fraud_guard.app.cli.options import DataDir
from fraud_guard.app.examining import (
    Note,
    examine_history,
    examine_kafka,
    examine_memory,
    examine_snapshots,
    examine_truth,
)
from fraud_guard.app.settings import CONFIG_VARIABLE, Settings, config_path, key_path, read, site_key
from fraud_guard.errors import FraudGuardError

config = typer.Typer(no_args_is_help=True)
FREE_BYTES = 2 * 1024**3
OTHER_VARIABLES = frozenset({CONFIG_VARIABLE, "FG_FAILPOINT"})
MARKS = {"ok": "[green]ok[/]", "note": "[bold yellow]note[/]", "bad": "[bold red]bad[/]"}


def doctor(data_dir: DataDir = None) -> None:
    """Check this machine and this site; every finding comes with its remedy."""
    with errors_told():
        settings = read(data_dir=data_dir)
        results = [(name, *_run(check, settings)) for name, check in CHECKS.items()]
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, mark, words in results:
        table.add_row(MARKS[mark], name, escape(words))
    out.print(table)
    raise typer.Exit(Exit.NO if any(mark == "bad" for _, mark, _ in results) else Exit.OK)


@config.command()
def check(data_dir: DataDir = None) -> None:
    """Read settings, rules and tables as a worker would, without starting it."""
    with errors_told():
        settings = read(data_dir=data_dir)
        for name in ("settings", "rules", "lists", "tables"):
            _run(CHECKS[name], settings, fatal=True)
    err.print("settings, rules, lists and tables are sound")


@config.command()
def show(data_dir: DataDir = None) -> None:
    """All settings, their values and where each came from; secrets are masked."""
    with errors_told():
        settings = read(data_dir=data_dir)
        in_file = _names_in_file()
    table = Table(box=None, pad_edge=False)
    for name in ("setting", "value", "from", "meaning"):
        table.add_column(name, overflow="fold", no_wrap=name == "from")
    for name, field in Settings.model_fields.items():
        origin = _origin(name, getattr(settings, name), field.default, in_file, given=data_dir is not None)
        table.add_row(f"FG_{name.upper()}", escape(_shown(getattr(settings, name))), origin, escape(field.description or ""))
    out.print(table)


def _run(check: Callable[[Settings], str], settings: Settings, *, fatal: bool = False) -> tuple[str, str]:
    try:
        return "ok", check(settings)
    except Note as note:
        return "note", str(note)
    except FraudGuardError as error:
        if fatal:
            raise
        return "bad", str(error)


def _python(_: Settings) -> str:
    return f"Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}"


def _settings(_: Settings) -> str:
    known = {f"FG_{name.upper()}" for name in Settings.model_fields} | OTHER_VARIABLES
    unknown = sorted(name for name in os.environ if name.startswith("FG_") and name not in known)
    if unknown:
        raise Note(f"{', '.join(unknown)}: no such setting, not used; `fraud-guard config show` lists all names")
    path = config_path()
    return f"from {path} and the environment" if path.is_file() else f"from the environment; there is no {path}"


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
    if settings.site_key is None and settings.site_key_file is None and not key_path(settings).exists():
        return f"{key_path(settings)} is made at the first start"
    site_key(settings)
    return "there, and private"


def _rules(settings: Settings) -> str:
    from fraud_guard.app.rule_files import build_from_files, read_generation_files

    generation = build_from_files(read_generation_files(settings.rules))
    return f"generation {generation.id}: {len(generation.book.rules)} rules"


def _lists(settings: Settings) -> str:
    from fraud_guard.app.lists_in_force import check_lists, texts_in_force

    if settings.lists_from == "topic":
        return "from the topic; `fraud-guard lists show` reads it"
    texts = texts_in_force(settings)
    check_lists(texts)
    return f"own ones: {', '.join(sorted(texts))}" if texts else "the shipped ones"


def _models(_: Settings) -> str:
    from fraud_guard.learned.active import KINDS, active_version, check_artefact
    from fraud_guard.shipped import shipped

    active = {name: version for name in KINDS if (version := active_version(name))}
    for name, version in active.items():
        check_artefact(shipped("models") / name / version)
    if silent := [name for name in KINDS if name not in active]:
        raise Note(f"no active version of {', '.join(silent)}: the rules decide without; see models/active.json")
    return ", ".join(f"{name} {version}" for name, version in active.items())


def _tables(settings: Settings) -> str:
    from fraud_guard.adapters.reference_tables import read_stations, read_subjects

    stations = len(read_stations(settings.stations).by_id) if settings.stations else 0
    people = len(read_subjects(settings.subjects)) if settings.subjects else 0
    if not stations:
        raise Note(f"no stations, {people:,} people: no order can be sent; set FG_STATIONS")
    return f"{stations:,} stations, {people:,} people"


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
    "machine": _python, "settings": _settings, "data folder": _folder, "site key": _key, "rules": _rules, "lists": _lists, "models": _models, "tables": _tables,
    "transport": _transport, "log": examine_kafka, "truth": examine_truth, "memory": examine_memory, "data files": _files,
    "history": examine_history, "snapshots": examine_snapshots,
}  # fmt: skip


def _shown(value: object) -> str:
    secrets = value if isinstance(value, list) else [value]
    if any(isinstance(v, SecretStr) for v in secrets):
        return "(set)"
    return "—" if value in (None, []) else str(value)


def _origin(name: str, value: object, default: object, in_file: frozenset[str], *, given: bool) -> str:
    if name == "data_dir" and given:
        return "option"
    if f"FG_{name.upper()}" in os.environ:
        return "environment"
    if name in in_file:
        return config_path().name
    return "default" if value == default else "data_dir"


def _names_in_file() -> frozenset[str]:
    path = config_path()
    return frozenset(tomllib.loads(path.read_text(encoding="utf-8"))) if path.is_file() else frozenset()
