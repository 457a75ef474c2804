"""One broker, the bench mix on topics of it, and runners that take turns.

Each runner has a process of its own and a new group; they run one after the other, so that what else the machine does falls on all. Whoever
decides otherwise than the others has lost or doubled a tag: that is an error, not a result.
"""

from __future__ import annotations

import importlib.util
import json
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from benchmarks.race.engines import Entry
from benchmarks.worker import mix
from fraud_guard.adapters.kafka.log import KafkaLog
from fraud_guard.log import Record
from scripts.servers.noida import started_broker

LIMIT_S = 900
AT_ONCE = 4_000


class Start(NamedTuple):
    """Who runs which job (of `jobs.JOBS`) over how many tags."""

    entry: Entry
    job: str
    tags: int


class Place(NamedTuple):
    """What came of a start. `cpu_s` None: it did not run, `why` says so."""

    start: Start
    cpu_s: float | None
    peak_rss_bytes: int = 0
    effects: str = ""
    why: str = ""

    @property
    def per_s(self) -> float:
        """Tags a second and core; 0 when it did not run."""
        return self.start.tags / self.cpu_s if self.cpu_s else 0.0


class _Subject(msgspec.Struct):
    subject: str


class Track:
    """Runners on the broker at `address`; `folder` is theirs."""

    def __init__(self, address: str, folder: Path) -> None:
        self._address, self._folder, self._topics, self._runs = address, folder, dict[int, str](), 0

    def race(self, starts: Sequence[Start], turns: int) -> list[Place]:
        """Run all, `turns` times around; the median of each. Raises RuntimeError when two decided differently."""
        found: dict[Start, list[Place]] = defaultdict(list)
        for _ in range(turns):
            for start in starts:
                if all(place.cpu_s for place in found[start]):
                    found[start].append(self.run(start))
        places = [_median(found[start]) for start in starts]
        _agree([place for some in found.values() for place in some if place.cpu_s])
        return places

    def run(self, start: Start) -> Place:
        """One runner from its first tag to its last."""
        if start.entry.needs not in sys.modules and importlib.util.find_spec(start.entry.needs) is None:
            return Place(start, None, why=f"{start.entry.needs} is not installed")
        self._runs += 1
        folder = self._folder / f"run-{self._runs}"
        folder.mkdir()
        command = [sys.executable, "-m", "benchmarks.race.runner", start.entry.run.__name__, start.job, self._address,
                   self.topic(start.tags), str(start.tags), str(folder)]  # fmt: skip
        print(f"· {start.entry.name}, {start.job}, {start.tags:,} tags", file=sys.stderr, flush=True)
        with (folder / "words").open("wb") as words:
            try:
                done = subprocess.run(command, stdout=subprocess.PIPE, stderr=words, check=False, timeout=LIMIT_S)
            except subprocess.TimeoutExpired:
                return Place(start, None, why=f"not at the end within {LIMIT_S} s")
        result = _result(done.stdout)
        if result is None:
            return Place(start, None, why=f"exit code {done.returncode}: {(folder / 'words').read_text(errors='replace')[-400:]}")
        if result["tags"] != start.tags:
            return Place(start, None, why=f"took {result['tags']:,} tags")
        return Place(start, result["cpu_s"], result["peak_rss_bytes"], result["effects"])

    def topic(self, tags: int) -> str:
        """A topic of one partition with the first `tags` of the mix, keyed by subject, filled once."""
        if tags not in self._topics:
            self._topics[tags] = name = f"mix.{tags}"
            log = KafkaLog(self._address)
            log.declare(name, 1)
            lines = mix(self._folder, tags).read_bytes().splitlines()
            records = [Record(msgspec.json.decode(line, type=_Subject).subject.encode(), line) for line in lines]
            for i in range(0, tags, AT_ONCE):
                log.append(name, 0, records[i : i + AT_ONCE])
            log.close()
        return self._topics[tags]


@contextmanager
def opened(folder: Path) -> Iterator[tuple[Track, str]]:
    """A track on a broker of its own, and the broker's name. Raises Unreachable."""
    broker = started_broker(folder / "kafka")
    try:
        yield Track(broker.address, folder), broker.name
    finally:
        broker.stop()


def _result(printed: bytes) -> dict | None:
    for line in reversed(printed.splitlines()):
        with suppress(ValueError):
            if isinstance(found := json.loads(line), dict):
                return found
    return None


def _median(places: Sequence[Place]) -> Place:
    failed = [place for place in places if place.cpu_s is None]
    if failed:
        return failed[0]
    return places[0]._replace(
        cpu_s=statistics.median(place.cpu_s for place in places), peak_rss_bytes=max(place.peak_rss_bytes for place in places)
    )


def _agree(places: Sequence[Place]) -> None:
    told: dict[tuple[str, int], dict[str, str]] = defaultdict(dict)
    for place in places:
        told[place.start.job.split("-")[0], place.start.tags][place.effects] = place.start.entry.name
    for (job, tags), of in told.items():
        if len(of) > 1:
            raise RuntimeError(f"the {job} job over {tags:,} tags was decided differently: {of}")
