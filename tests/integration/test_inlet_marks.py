"""Marks of inlet partitions travel through the log: no door's watermark passes what another has not written yet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fraud_guard.adapters.embedded.log import EmbeddedLog
from fraud_guard.adapters.sealing import Keys, Sealer
from fraud_guard.adapters.sql.deadletters import SqlDeadLetters
from fraud_guard.adapters.sql.vault import SqlVault
from fraud_guard.app.door_stage import DoorStage
from fraud_guard.app.inlet_marks import EVERY_MS, InletMarks
from fraud_guard.app.topics import INLETS, LOG, MIXED, PEERS, WATERMARKS
from fraud_guard.door.arrival import ClockArrival
from fraud_guard.door.door import Door
from fraud_guard.door.tokens import Tokeniser
from fraud_guard.tags.block import Block, decode_record
from fraud_guard.testing import ToldClock

NOW_MS = 1_773_690_000_000
IDLE_MS = 5_000
DOORS = 2
KEYS = Keys.from_site_key("a key of a test that is no secret")


def tag(name: str, ts_ms: int) -> bytes:
    return json.dumps({"id": name, "source": "a", "ts_ms": ts_ms, "subject": "+8619900000001", "channel": "net",
                       "kind": "visit", "host": "odd.example.org"}).encode()  # fmt: skip


class Town:
    """Two doors on one log, each with an inlet partition; something unread lies in both."""

    def __init__(self, log: EmbeddedLog, vault: SqlVault, letters: SqlDeadLetters) -> None:
        self.log, self.clock = log, ToldClock(NOW_MS)
        for topic in INLETS:
            log.declare(topic, DOORS)
        for topic in (LOG, PEERS, WATERMARKS):
            log.declare(topic, 1)
        self.doors = [self._door(vault, letters) for _ in range(DOORS)]
        self.feed(0, "first", -1_000)
        self.feed(1, "other", -9_000)
        for partition, door in enumerate(self.doors):
            door.assign([(MIXED, partition)])

    def _door(self, vault: SqlVault, letters: SqlDeadLetters) -> DoorStage:
        door, marks = Door(Tokeniser(KEYS.token), ClockArrival(self.clock)), InletMarks(self.log, DOORS, self.clock)
        return DoorStage(door, self.log, vault, letters, Sealer(KEYS.deadletter), 1, marks, self.clock, IDLE_MS)

    def feed(self, partition: int, name: str, after_ms: int) -> None:
        """One more raw tag, dated so long after NOW_MS."""
        self.log.append_values(MIXED, partition, [tag(name, NOW_MS + after_ms)])

    def take(self, door: int, partition: int) -> int:
        """Let a door read what is new; the watermark of the last row of the log, after NOW_MS."""
        self.clock.advance(EVERY_MS)
        at = self.log.committed(MIXED, partition) or 0
        found = self.log.read(MIXED, partition, at, 10)
        self.doors[door].take(found)
        self.log.commit({(MIXED, partition): at + len(found)})
        return self.mark_ms()

    def mark_ms(self) -> int:
        """The watermark of the last row of the log, after NOW_MS."""
        last = self.log.read(LOG, 0, self.log.end(LOG, 0) - 1, 1)[0]
        block = decode_record(last.value, last.offset)
        assert isinstance(block, Block)
        return int(block.rows["watermark_ms"][-1]) - NOW_MS


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    log, vault = EmbeddedLog(tmp_path / "log.db"), SqlVault(tmp_path / "vault.db", Sealer(KEYS.vault))
    letters = SqlDeadLetters.open(tmp_path / "truth.db")
    with closing(log), closing(vault), closing(letters):
        yield Town(log, vault, letters)


def test_a_door_waits_for_the_other(town: Town) -> None:
    """What is unread elsewhere holds the watermark from the start; then it follows the slower door."""
    assert town.take(0, 0) == -NOW_MS
    assert town.take(1, 1) == -9_000
    town.feed(0, "second", 0)
    assert town.take(0, 0) == -9_000


def test_an_idle_inlet_holds_nobody(town: Town) -> None:
    """Once an inlet partition is read to its end and quiet for long enough, the watermark goes on without it."""
    town.take(0, 0)
    town.take(1, 1)
    town.clock.advance(IDLE_MS)
    town.feed(0, "second", 0)
    assert town.take(0, 0) == -9_000
    town.doors[1].tick()
    town.feed(0, "third", 1)
    assert town.take(0, 0) == 1


def test_something_unread_is_not_idle(town: Town) -> None:
    """However quiet its door is, an inlet partition with something unread holds the watermark."""
    town.take(1, 1)
    town.feed(1, "unread", -8_000)
    town.clock.advance(10 * IDLE_MS)
    town.doors[1].tick()
    assert town.take(0, 0) == -9_000


def test_the_watermark_catches_up_without_tags(town: Town) -> None:
    """When the last word of the slower door comes after the last tag of the other, a tick brings it into the log."""
    town.take(0, 0)
    town.feed(1, "last", -500)
    town.take(1, 1)
    town.clock.advance(1_000)
    town.doors[0].tick()
    assert town.mark_ms() == -1_000


def test_all_idle(town: Town) -> None:
    """When nothing comes anywhere, the watermark goes on by the clock, as far behind it as the feed was."""
    town.take(1, 1)
    town.take(0, 0)
    town.clock.advance(2 * IDLE_MS)
    town.doors[1].tick()
    town.doors[0].tick()
    town.clock.advance(60_000)
    before_ms = town.mark_ms()
    town.doors[0].tick()
    assert town.mark_ms() - before_ms == 60_000


def test_who_takes_over_goes_on_from_the_mark(town: Town) -> None:
    """A door that gets the inlet partition of another knows how far that had come; an older tag then is late for it."""
    town.take(0, 0)
    town.take(1, 1)
    town.doors[1].release()
    town.feed(1, "late", -20_000)
    town.feed(0, "second", 0)
    town.doors[0].assign([(MIXED, 0), (MIXED, 1)])
    assert town.take(0, 0) == -9_000
    assert town.take(0, 1) == -9_000
