"""Defects and services that are away cost one tag at most, and nothing is told twice."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fraud_guard import pipeline
from fraud_guard.adapters.embedded.log import EmbeddedLog
from fraud_guard.adapters.embedded.registry import close_log
from fraud_guard.adapters.sql import engine
from fraud_guard.adapters.sql.deadletters import SqlDeadLetters
from fraud_guard.adapters.sql.truth import SqlTruth
from fraud_guard.adapters.sqlite_memory import SqliteMemoryStore
from fraud_guard.app import agents, scorer, waits
from fraud_guard.door.rows import RowMaker
from fraud_guard.errors import DependencyError
from fraud_guard.tags.block import Block
from fraud_guard.tags.wire import AnyWireTag
from fraud_guard.testing import Driver, ToldClock, lines_of
from tests.integration import live

NIGHT_MS = 1_773_690_000_000
CHUNK = 50
POISON = "n-0050"
"""A visit of the golden day that no alert builds on."""


def driver(folder: Path) -> Driver:
    return Driver(live.settings_of(folder, checkpoint_tags=100), ToldClock(NIGHT_MS))


def work(run: Driver) -> None:
    """The golden day, in chunks, as patiently as the agents are."""
    for start in range(0, len(DAY), CHUNK):
        run.feed(DAY[start : start + CHUNK])
        while patient(run, run.advance) or deliver(run):
            pass


def deliver(run: Driver) -> bool:
    """Empty the outbox, trying again a second later while a service is away."""
    for _ in range(20):
        with suppress(DependencyError):
            if not run.deliver() and run.site.outbox_is_empty():
                return False
        run.clock.advance(1_000)
    return True


def patient(run: Driver, step: Callable[[], bool]) -> bool:
    """The boundary of the agents: wait while a service is away."""
    moved: list[bool] = []
    assert asyncio.run(agents.persist(run.site, lambda: moved.append(step())))
    return moved[0]


def impatient(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Do something in place of every wait of the agents."""

    async def sleep(_: float) -> None:
        act()

    monkeypatch.setattr(waits, "asyncio", SimpleNamespace(sleep=sleep, iscoroutine=asyncio.iscoroutine))


def told(folder: Path) -> dict[str, Any]:
    with closing(SqlDeadLetters.open(folder / "data" / "truth.db")) as letters:
        found = sorted((letter.id, letter.reason) for letter in letters.find(limit=1_000))
    return {**live.told(folder), "letters": found}


DAY = lines_of(live.DAY / "tags.ndjson")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the day tells when nothing fails."""
    folder = tmp_path_factory.mktemp("undisturbed")
    run = driver(folder)
    work(run)
    run.close()
    return told(folder)


def poison(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give `decide` a defect in one tag, that leaves memory half changed."""
    seen: set[int] = set()

    def decide(record: Any, memory: Any, generation: Any) -> Any:
        if isinstance(record, Block):
            names = [str(text) for text in record.ids]
            seen.update(int(p) for p, name in zip(record.rows["position"], names, strict=False) if name == POISON)
            if seen & set(record.rows["position"].tolist()):
                memory.watermark_ms += 1
                raise ZeroDivisionError
        return pipeline.decide(record, memory, generation)

    monkeypatch.setattr(scorer, "decide", decide)


def test_a_poison_tag_is_one_dead_letter(
    undisturbed: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tag that breaks `decide` becomes the letter `failed`; everything else is scored, after a crash too."""
    poison(monkeypatch)
    run = driver(tmp_path)
    work(run)
    close_log(run.site.settings.data_dir / "log.db")  # else it would still be open in this process
    run = driver(tmp_path)  # the first one crashed: it was never closed
    run.settle()
    assert [letter.reason for letter in run.site.letters.find("failed")] == ["failed"]
    run.close()
    facts = told(tmp_path)
    assert [letter for letter in facts.pop("letters") if letter[1] != "failed"] == undisturbed["letters"]
    assert facts == {name: value for name, value in undisturbed.items() if name != "letters"}


@pytest.mark.parametrize(
    ("owner", "method"),
    [(SqlTruth, "apply"), (SqlDeadLetters, "add"), (EmbeddedLog, "append_many"), (EmbeddedLog, "read"), (SqliteMemoryStore, "checkpoint")],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_service_that_is_away(
    owner: type, method: str, undisturbed: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Truth, letters, log or memory that cannot be written for a while: the work is done later, all of it, once."""
    run, real, calls = driver(tmp_path), getattr(owner, method), [0]

    def away(*given: Any, **named: Any) -> Any:
        calls[0] += 1
        if calls[0] >= 3 and not calls[0] & (calls[0] + 1):  # 3, 7, 15, 31 …
            raise DependencyError("disk full")
        return real(*given, **named)

    feed = run.feed
    monkeypatch.setattr(run, "feed", lambda lines: patient(run, lambda: bool(feed(lines))))
    monkeypatch.setattr(owner, method, away)
    impatient(monkeypatch, lambda: None)
    work(run)
    monkeypatch.undo()
    run.close()
    assert calls[0] > 3
    assert told(tmp_path) == undisturbed


def test_a_truth_that_another_process_holds(
    undisturbed: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While somebody holds the write lock of the database the work waits, and goes on when it is free."""
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_S", 0.01)
    run, waited = driver(tmp_path), list[int]()
    with closing(sqlite3.connect(tmp_path / "data" / "truth.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        def let_go() -> None:
            waited.append(1)
            if len(waited) == 3:
                other.execute("ROLLBACK")

        impatient(monkeypatch, let_go)
        work(run)
    run.close()
    assert len(waited) == 3
    assert told(tmp_path) == undisturbed


LOOK = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute('SELECT * FROM sqlite_master').fetchall(); db.close()"


def test_a_reader_elsewhere_takes_nothing_away(tmp_path: Path) -> None:
    """A process that looks into a file of a running site and leaves does not delete the log of writes under it."""
    run = driver(tmp_path)
    work(run)
    run.site.scorers[0].checkpoint()
    logs = sorted((tmp_path / "data").glob("*.db-wal"))
    assert [path.name for path in logs] == ["log.db-wal", "memory.db-wal", "touches.db-wal", "truth.db-wal", "vault.db-wal"]
    inodes = [path.stat().st_ino for path in logs]
    for path in logs:
        subprocess.run([sys.executable, "-c", LOOK, str(path.with_suffix(".db"))], check=True)
    assert [path.stat().st_ino for path in logs] == inodes
    run.close()


def test_a_record_that_breaks_the_door_costs_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect that one record meets makes it a dead letter; the others of its chunk are scored or refused once."""
    make = RowMaker.make

    def broken(self: RowMaker, tags: Sequence[AnyWireTag], inlets: Sequence[int]) -> Block:
        if any(tag.id == "bad" for tag in tags):
            raise ZeroDivisionError
        return make(self, tags, inlets)

    monkeypatch.setattr(RowMaker, "make", broken)
    run = driver(tmp_path)
    tag = {"source": "a", "ts_ms": run.clock.now_ms, "subject": "19900000001", "channel": "net", "kind": "visit", "host": "odd.example.org"}
    run.feed([b"no tag", *(json.dumps(tag | {"id": name}).encode() for name in ("one", "bad", "two"))])
    run.settle()
    assert (run.site.counts_of("scored"), run.site.door.counts["dead"]) == (2, 2)
    assert sorted(letter.reason for letter in run.site.letters.find()) == ["failed", "not_json"]
    run.close()
