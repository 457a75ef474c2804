"""Real workers, stopped and killed: what the stations are told is what an undisturbed run tells them."""

from __future__ import annotations

import json
import random
import signal
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest

from datasets import numbers
from fraud_guard.adapters.embedded.log import EmbeddedLog
from fraud_guard.app.topics import LOG, MIXED
from fraud_guard.testing import lines_of
from tests.integration import live

LINES = 4_000
SEED = 20260316
CALM = {"idle_ms": 600_000}
"""The day is long past, so a clock may not move its watermark."""
FAILPOINTS = ("door-before-ack:2", "scorer-before-ack:2", "relay-after-send:1", "checkpoint-commit:1")
Told = dict[str, list[str]]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The golden day among the visits of a quiet town: four batches of a feed."""
    golden = lines_of(live.DAY / "tags.ndjson")
    every = (LINES - len(golden)) / len(golden)
    lines, visits = [], 0
    for i, line in enumerate(golden, start=1):
        lines.append(line)
        ts_ms = json.loads(line)["ts_ms"]
        while visits < i * every:
            visits += 1
            lines.append(visit(visits, ts_ms))
    path = tmp_path_factory.mktemp("day") / "tags.ndjson"
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def visit(n: int, ts_ms: int) -> bytes:
    subject = numbers.subject_number(1_000 + n % 300)
    tag = {"channel": "net", "kind": "visit", "host": "www.baidu.com", "subject": subject}
    return json.dumps({"id": f"v{n}", "source": "town", "ts_ms": ts_ms, **tag}).encode()


def run(*more: str) -> list[str]:
    return [*live.RUN, *more]


def feeding(day: Path, *more: str) -> list[str]:
    """The command with the day as a feed of 2,000 tags a second: a batch each half second."""
    return run("--tags", str(day), "--rate", "2000", *more)


def test_a_feed_that_a_worker_finishes(undisturbed: Told) -> None:
    """The undisturbed run is about alerts of several levels and their orders, on their topics too."""
    assert {json.loads(change)["level"] for change in undisturbed["changes"]} >= {1, 2, 3}
    assert len(undisturbed["orders"]) > 5
    assert undisturbed["changes"] == sorted(undisturbed["topic alerts"], key=undisturbed["changes"].index)
    assert set(undisturbed["orders"]) <= set(undisturbed["topic orders"])


@pytest.fixture(scope="module")
def undisturbed(day: Path, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """What a run tells that nobody stopped."""
    folder = tmp_path_factory.mktemp("undisturbed")
    worker = live.Worker(folder, run("--tags", str(day), "--until-idle"), **CALM)
    assert worker.ended() == 0, worker.words()[-3_000:]
    return live.told(folder)


def listening(worker: live.Worker) -> list[Any]:
    """TCP ports and bound UDP ports of the process and its children."""
    process = psutil.Process(worker.process.pid)
    found = [c for p in (process, *process.children(recursive=True)) for c in p.net_connections("inet")]
    return [c for c in found if c.status == psutil.CONN_LISTEN or c.type == 2]


def scored(log: EmbeddedLog, share: float) -> Callable[[], bool]:
    """Whether the door has read this share of the day and the scorer something of it."""
    return lambda: (log.committed(MIXED, 0) or 0) >= share * LINES and (log.committed(LOG, 0) or 0) > 0


def test_stopped_and_killed_at_any_moment(day: Path, undisturbed: Told, tmp_path: Path) -> None:
    """SIGTERM in the middle of a feed exits 0, three kills at random moments follow, and the day ends as ever.

    Neither the running worker listens on a port, nor may a second one or one with another key take its data.
    """
    worker = live.Worker(tmp_path, feeding(day), **CALM)
    worker.until((tmp_path / "data" / "log.db").exists)
    shares = sorted(random.Random(SEED).uniform(0.3, 0.99) for _ in range(3))  # noqa: S311
    with closing(live.open_log(tmp_path)) as log:
        worker.until(scored(log, 0.01))
        assert listening(worker) == []
        assert worker.stop() == 0, worker.words()[-3_000:]
        assert (log.committed(MIXED, 0) or 0) < LINES, "the feed was to be stopped in its middle"
        for share in shares:
            worker = live.Worker(tmp_path, feeding(day), **CALM)
            worker.until(scored(log, share))
            worker.kill()
            assert worker.process.returncode == -signal.SIGKILL
    worker = live.Worker(tmp_path, feeding(day, "--until-idle"), **CALM)
    assert worker.ended() == 0, worker.words()[-3_000:]
    assert live.told(tmp_path) == undisturbed


def test_killed_at_the_lines_between_stages(day: Path, undisturbed: Told, tmp_path: Path) -> None:
    """Killed before acknowledging, after sending and inside a checkpoint, one after the other, a site loses nothing."""
    for failpoint in FAILPOINTS:
        worker = live.Worker(tmp_path, feeding(day), failpoint=failpoint, **CALM)
        assert worker.ended() == -signal.SIGKILL, (failpoint, worker.words()[-3_000:])
    worker = live.Worker(tmp_path, feeding(day, "--until-idle"), **CALM)
    assert worker.ended() == 0, worker.words()[-3_000:]
    assert live.told(tmp_path) == undisturbed


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[live.Worker]:
    """A worker under Faust's own command, ready."""
    worker = live.Worker(tmp_path, live.FAUST, **CALM)
    worker.until((tmp_path / "data" / "log.db").exists)
    with closing(live.open_log(tmp_path)) as log:
        worker.until(lambda: (log.committed(LOG, 0) or 0) > 0)
    yield worker
    worker.kill()


def test_one_worker_a_site(serving: live.Worker, tmp_path: Path) -> None:
    """Faust's own command listens nowhere; beside it a second worker is refused (4) and another key, too (7)."""
    assert listening(serving) == []
    second = live.Worker(tmp_path, name="second", **CALM)
    stranger = live.Worker(tmp_path, name="stranger", site_key="another key of this site, long enough it is", **CALM)
    assert second.ended() == 4, second.words()
    assert f"another worker (process {serving.process.pid})" in second.words()
    assert stranger.ended() in {3, 7}, stranger.words()
    assert "key" in stranger.words()
    assert serving.stop() == 0, serving.words()[-3_000:]
    assert "Traceback" not in second.words() + stranger.words()
