"""The shipped rules, read once, and days run against them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from fraud_guard.app.rule_examples import run_day
from fraud_guard.app.rule_files import load_generation
from fraud_guard.app.rule_lint import read_shelf
from fraud_guard.door.arrival import FileArrival
from fraud_guard.door.door import Door
from fraud_guard.door.numbers import normalise
from fraud_guard.door.opinions import shipped_opinions
from fraud_guard.door.registry import Person, person
from fraud_guard.door.tokens import Tokeniser
from fraud_guard.escalation.effects import AlertEffect
from fraud_guard.memory.memory import Memory
from fraud_guard.pipeline import decide
from fraud_guard.rulebook.rule import Example
from fraud_guard.shipped import shipped

FOLDER = shipped("rules")
GENERATION, FILES = load_generation(FOLDER)
SHELF, FAULTS = read_shelf(FOLDER)
RULES = [file.rule for file in SHELF.files]


def worst_level(tags: Iterable[dict[str, Any]], *, until: str | None = None, **about: str) -> int | None:
    """The most serious level that a day reaches with the shipped rules; None = no alert."""
    day = Example(name="day", expect="miss", tags=tuple(tags), until=until, person=about)
    run = run_day(GENERATION, day)
    assert run.refused == ()
    return min((a.level for a in run.alerts), default=None)


def replay(folder: Path) -> dict[str, list[AlertEffect]]:
    """Alert changes of a recorded day by the subject's number, in order."""
    lines = (folder / "tags.ndjson").read_bytes().splitlines()
    door = Door(Tokeniser(bytes(32)), FileArrival(), registry=_registry(folder / "subjects.csv"), opinions=shipped_opinions(), reorder_ms=60_000)
    memory = Memory()
    alerts: list[AlertEffect] = []
    for offset, some in enumerate((door.take(lines, range(len(lines))) + door.flush()).cut()):
        block = door.block(some)
        block.number(offset)
        alerts += decide(block, memory, GENERATION).alerts
    return _by_number(alerts, door)


def _by_number(alerts: Sequence[AlertEffect], door: Door) -> dict[str, list[AlertEffect]]:
    found: dict[str, list[AlertEffect]] = {}
    for alert in alerts:
        found.setdefault(door.rows.originals[alert.token], []).append(alert)
    return found


def _registry(table: Path) -> dict[str, Person]:
    if not table.exists():
        return {}
    with table.open(encoding="utf-8", newline="") as file:
        return {
            normalise(row["subject"]): person(row["area"], row["age_band"], row["household"]) for row in csv.DictReader(file)
        }
