"""The test harness that ships: a clock that is told the time, and a worker that is driven by hand.

`Driver` runs the parts of a site in the order the agents do, without Faust and without
waiting, so that crash and recovery can be tried out line by line.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fraud_guard.app.scorer import steps
from fraud_guard.app.settings import Settings
from fraud_guard.app.site import Site
from fraud_guard.app.topics import INLETS, LOG, MIXED
from fraud_guard.failpoints import failpoint
from fraud_guard.log import Record

CHUNK = 1_000


class ToldClock:
    """A clock in epoch milliseconds that stands still until it is told to move."""

    def __init__(self, now_ms: int = 1_773_600_000_000) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        """The time."""
        return self.now_ms

    def advance(self, by_ms: int) -> None:
        """Let time pass; it never goes back."""
        self.now_ms += max(by_ms, 0)


class Driver:
    """A worker without a loop: feed, door, scorers, relay and clocks, one `step` at a time."""

    def __init__(self, settings: Settings, clock: ToldClock | None = None) -> None:
        self.clock = clock or ToldClock()
        self.site = Site(settings, self.clock)
        self.site.open()
        self.site.assign(range(settings.tags_partitions), [(topic, p) for topic in INLETS for p in range(settings.inlet_partitions)])

    def feed(self, lines: Sequence[bytes]) -> None:
        """Write raw records into the inlet."""
        if lines:
            failpoint("feed-before-append")
            self.site.log.append(MIXED, 0, [Record(None, line) for line in lines])
            failpoint("feed-after-append")

    def step(self, chunk: int = CHUNK) -> bool:
        """Move everything on by at most one chunk; False when there was nothing to do."""
        return any([self.advance(chunk), self.deliver(), self.site.follow_verdicts()])

    def advance(self, chunk: int = CHUNK) -> bool:
        """One chunk through the door, and what is in the log through the scorers."""
        return any([self._door(chunk), self._score()])

    def admit(self, chunk: int = CHUNK) -> bool:
        """One chunk through the door, and no further; False when there was none."""
        return self._door(chunk)

    def deliver(self) -> bool:
        """Empty the outbox of what is due."""
        return bool(self.site.relay.drain(self.clock()))

    def settle(self, chunk: int = CHUNK) -> None:
        """Step until nothing is left to do."""
        while self.step(chunk):
            pass
        self.site.door.flush()
        while self.step(chunk):
            pass

    def close(self) -> None:
        """Checkpoint and close."""
        self.site.close()

    def _door(self, chunk: int) -> bool:
        log, at = self.site.log, self.site.door_offset
        records = log.read(MIXED, 0, at, chunk)[:chunk] if at < log.end(MIXED, 0) else []
        if records:
            self.site.take(records)
            failpoint("door-before-ack")
            log.commit({(MIXED, 0): records[-1].offset + 1})
        return bool(records)

    def _score(self) -> bool:
        moved = False
        for partition, one in self.site.scorers.items():
            read = self.site.log.read(LOG, partition, one.next_offset, 8) if self._behind(partition) else []
            for step in steps((record.offset, record.value) for record in read):
                self.site.book_outcomes(one.handle(step))
                failpoint("scorer-before-ack")
                one.checkpoint_if_due()
                moved = True
        self.site.checkpoint_peers_if_due()
        return moved

    def _behind(self, partition: int) -> bool:
        return self.site.scorers[partition].next_offset < self.site.log.end(LOG, partition)


def lines_of(path: Path) -> list[bytes]:
    """The non-empty lines of an NDJSON file."""
    return [line for line in path.read_bytes().splitlines() if line.strip()]
