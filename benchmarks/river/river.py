"""Servers, workers and a feed: the inlet is filled from outside, as in production; workers are watched from outside, too."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import psutil

from benchmarks.machine import high_water_bytes
from benchmarks.river.rules import rules_folder
from datasets.bench_mix import START_MS, bench_lines
from fraud_guard.adapters.kafka.log import KafkaLog
from fraud_guard.app.stores import WORKERS
from fraud_guard.app.topics import LOG, MIXED
from fraud_guard.log import Record
from scripts.servers.all_three import started

KEY = "of no secret, this is a benchmark alone"
STATIONS = "station_id,name,parent_id,areas,lon,lat\nS1,一号站,,,,\n"
"""One station for everybody."""
AT_ONCE = 4_000
FIRST_TAGS = 2_000
"""So many at least are let through first: then everything is loaded and every topic has its member."""
LIMIT_S = 900.0


class Shape(NamedTuple):
    """One run. `warm`: tags let through before anything is measured; `rules` 0: the shipped ones; `hot`: one subject gets half of the tags.

    `log_partitions` 0: one for a worker alone, four for each of several.
    """

    tags: int
    warm: int = FIRST_TAGS
    workers: int = 1
    models: bool = True
    subjects: int = 200_000
    rules: int = 0
    hot: bool = False
    log_partitions: int = 0

    @property
    def partitions(self) -> int:
        """Of the log: several for each worker, so that they can be spread."""
        return self.log_partitions or (1 if self.workers == 1 else 4 * self.workers)


class River:
    """A running site. Workers read what `feed` appends."""

    def __init__(self, log: KafkaLog, workers: Sequence[subprocess.Popen[bytes]], folder: Path, partitions: int) -> None:
        self.log, self._folder, self._partitions = log, folder, partitions
        self._workers = [(one, psutil.Process(one.pid)) for one in workers]

    def feed(self, lines: Sequence[bytes]) -> None:
        """Append raw tags to the inlet."""
        for i in range(0, len(lines), AT_ONCE):
            self.log.append(MIXED, 0, [Record(None, line) for line in lines[i : i + AT_ONCE]])

    def wait(self) -> None:
        """Until everything is read, scored and acknowledged. Raises RuntimeError when a worker ends, TimeoutError."""
        deadline = time.monotonic() + LIMIT_S
        while not (self._is_level(MIXED, 0) and all(self._is_level(LOG, p) for p in range(self._partitions))):
            for i, (worker, _) in enumerate(self._workers):
                if worker.poll() is not None:
                    words = (self._folder / f"worker-{i}" / "words").read_text(errors="replace")[-2_000:]
                    raise RuntimeError(f"a worker ended with exit code {worker.returncode}: {words}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"the workers are not level within {LIMIT_S:.0f} s")
            time.sleep(0.2)

    def cpu_s(self) -> float:
        """User and system seconds of all workers so far."""
        return sum(sum(process.cpu_times()[:2]) for _, process in self._workers)

    def peak_rss_bytes(self) -> int:
        """The most memory that one worker has had."""
        return max(high_water_bytes(process.pid) for _, process in self._workers)

    def _is_level(self, topic: str, partition: int) -> bool:
        return (self.log.committed(topic, partition) or 0) >= self.log.end(topic, partition) > 0


@contextmanager
def river(folder: Path, shape: Shape) -> Iterator[River]:
    """Servers of their own and `shape.workers` workers, ready. Raises Unreachable."""
    with ExitStack() as stack:
        urls = stack.enter_context(started(folder))
        environment = {**os.environ, **urls, "FG_SITE_KEY": KEY, "FG_IDLE_MS": "600000", "FG_TAGS_PARTITIONS": str(shape.partitions)}
        environment["FG_STATIONS"] = str(folder / "stations.csv")
        (folder / "stations.csv").write_text(STATIONS, encoding="utf-8")
        if shape.rules:
            environment["FG_RULES_DIR"] = str(rules_folder(folder / "rules", shape.rules))
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installation has its byte code
        workers = [stack.enter_context(_worker(folder / f"worker-{i}", environment, shape)) for i in range(shape.workers)]
        log = KafkaLog(urls["FG_KAFKA"], group=WORKERS)
        stack.callback(log.close)
        log.declare(MIXED, 1)
        log.declare(LOG, shape.partitions)
        yield River(log, workers, folder, shape.partitions)


def lines_of(shape: Shape, start_ms: int = START_MS, **how: float) -> list[bytes]:
    """The bench mix of a shape, those that are let through first included."""
    size = shape.warm + shape.tags
    lines = list(islice(bench_lines(size, 7, shape.subjects, start_ms, **how), size))
    return [_of_one(line) if i % 2 else line for i, line in enumerate(lines)] if shape.hot else lines


def _of_one(line: bytes) -> bytes:
    before, mark, after = line.partition(b'"subject":"')
    return before + mark + b"+8613900000001" + after[after.index(b'"') :]


@contextmanager
def _worker(folder: Path, environment: dict[str, str], shape: Shape) -> Iterator[subprocess.Popen[bytes]]:
    folder.mkdir()
    mine = {**environment, "FG_DATA_DIR": str(folder), "FG_WORKER_NAME": folder.name}
    command = [sys.executable, "-m", "benchmarks.river.worker", *([] if shape.models else ["--rules-only"])]
    with (folder / "words").open("wb") as words, subprocess.Popen(command, env=mine, stdout=words, stderr=words) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
