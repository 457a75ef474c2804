"""Feeds of an embedded worker: a file, standard input or the demo's city, written into the inlet `tags.mixed`.

A feed of a file notes how far it came, so that a restart goes on there; what was written
twice around a crash is dropped by the scorer as a repeat.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from fraud_guard.app.agents import persist
from fraud_guard.app.replay.reading import BATCH, Batch, Source
from fraud_guard.app.site import Site
from fraud_guard.app.topics import MIXED
from fraud_guard.failpoints import failpoint
from fraud_guard.log import Record

NOTED_EVERY = 8_000
"""Records between two notes of how far a file was fed; what is fed again is dropped as repeats."""
FASTEST_BATCH = 4_000
"""Records in one append of a feed that has no rate to keep."""
AHEAD = 16_000
"""Records a feed may be ahead of the door."""
QUIET_S = 0.05


class FileFeed:
    """Feeds one file or standard input; `rate_per_s` 0 means as fast as the door takes it.

    Raises ConfigurationError when the file cannot be read.
    """

    def __init__(self, site: Site, name: str, rate_per_s: int = 0) -> None:
        self._site, self._name, self._rate_per_s = site, name, rate_per_s
        self._source = Source(name)
        self.fed, self.done, self._noted, self._read_bytes = 0, False, 0, 0

    async def run(self) -> None:
        """Feed everything, waiting whenever the door is behind."""
        start = self._resume()
        began = asyncio.get_running_loop().time()
        for batch in self._source.batches(BATCH if self._rate_per_s else FASTEST_BATCH):
            batch = _after(batch, start)  # noqa: PLW2901
            if batch.lines:
                await self._pace(began)
                if not await persist(self._site, partial(self._append, batch)):
                    return  # the worker is stopping
        await persist(self._site, self._note)
        self._source.close()
        self.done = True

    def _append(self, batch: Batch) -> None:
        log = self._site.log
        failpoint("feed-before-append")
        log.append_values(MIXED, 0, batch.lines)
        failpoint("feed-after-append")
        self.fed += len(batch.lines)
        self._read_bytes = batch.read_bytes
        if self.fed - self._noted >= NOTED_EVERY:
            self._note()

    def _note(self) -> None:
        self._noted = self.fed
        if self._name != "-" and self._read_bytes:
            self._site.log.commit({(self._place, 0): self._read_bytes})

    async def _pace(self, began: float) -> None:
        while self._site.log.end(MIXED, 0) - self._site.door_offset > AHEAD and not self._site.stopping:  # noqa: ASYNC110
            await asyncio.sleep(QUIET_S)
        await asyncio.sleep(0)
        if self._rate_per_s:
            due = began + self.fed / self._rate_per_s
            await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))

    def _resume(self) -> int:
        if self._name == "-":
            return 0
        digest = hashlib.sha256(str(Path(self._name).resolve()).encode()).hexdigest()[:16]
        self._place = f"feed.{digest}"
        self._site.log.declare(self._place, 1)
        return self._site.log.committed(self._place, 0) or 0


class CityFeed:
    """Feeds a scripted city in real time: each tag is stamped when it is due."""

    def __init__(self, site: Site, city: Iterator[tuple[float, dict[str, Any]]]) -> None:
        self._site, self._city = site, city
        self.fed = 0

    async def run(self) -> None:
        """Feed until the worker stops."""
        loop = asyncio.get_running_loop()
        began, waiting = loop.time(), list[Record]()
        for due_s, tag in self._city:
            ahead_s = began + due_s - loop.time()
            if ahead_s > QUIET_S:
                self._flush(waiting)
                await asyncio.sleep(ahead_s)
            if self._site.stopping:
                return
            stamped = tag if "ts_ms" in tag else {**tag, "ts_ms": self._site.now_ms()}
            waiting.append(Record(None, msgspec.json.encode(stamped)))
            if len(waiting) >= 500:
                self._flush(waiting)
                await asyncio.sleep(0)
        self._flush(waiting)

    def _flush(self, waiting: list[Record]) -> None:
        if waiting:
            self._site.log.append(MIXED, 0, list(waiting))
            self.fed += len(waiting)
            waiting.clear()


async def stop_when_idle(site: Site, feed: FileFeed) -> None:
    """Stop the worker once the feed has ended and everything it fed is scored and delivered."""
    while not (feed.done and site.door_offset >= site.log.end(MIXED, 0)):  # noqa: ASYNC110
        await asyncio.sleep(QUIET_S)
    site.door.flush()
    while not (site.scored_up_to_end() and site.outbox_is_empty()):  # noqa: ASYNC110
        await asyncio.sleep(QUIET_S)
    site.request_stop()


def _after(batch: Batch, start: int) -> Batch:
    if not batch.offsets or batch.offsets[0] >= start:
        return batch
    keep = [i for i, offset in enumerate(batch.offsets) if offset >= start]
    return Batch([batch.lines[i] for i in keep], [batch.offsets[i] for i in keep], batch.read_bytes)
