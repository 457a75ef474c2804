"""Real workers, stopped and killed: what the stations are told is what an undisturbed run tells them."""

from __future__ import annotations

import json
import random
import re
import signal
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest
from typer.testing import CliRunner

from datasets import numbers
from fraud_guard.adapters.embedded.log import EmbeddedLog
from fraud_guard.adapters.sealing import Keys
from fraud_guard.app.cli.main import app as cli
from fraud_guard.app.topics import LOG, MIXED
from fraud_guard.door.tokens import Tokeniser
from fraud_guard.testing import lines_of
from scripts.servers.broker import Broker
from scripts.servers.kafka import KafkaBroker
from tests.integration import live
from tests.servers import NewDatabase

LINES = 4_000
SEED = 20260316
CALM: dict[str, Any] = {"idle_ms": 600_000}
"""The day is long past, so a clock may not move its watermark."""
FAILPOINTS = ("door-before-ack:2", "scorer-before-ack:2", "relay-after-send:1", "checkpoint-commit:1")
Told = dict[str, list[str]]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The golden day among the visits of a quiet town: four batches of a feed."""
    golden = lines_of(live.DAY / "tags.ndjson")
    every = (LINES - len(golden)) / len(golden)
    lines, visits, ts_ms = list[bytes](), 0, 0
    for i, line in enumerate(golden, start=1):
        lines.append(line)
        ts_ms = int(found[1]) if (found := re.search(rb'"ts_ms": (17736\d{8})\b', line)) else ts_ms
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


def feeding(day: Path, *more: str, rate: int = 2_000) -> list[str]:
    """The command with the day as a feed of so many tags a second: a batch each half second."""
    return run("--tags", str(day), "--rate", str(rate), *more)


class Runs(NamedTuple):
    """What each run told in the end; they go on side by side."""

    undisturbed: Future[Told]
    stopped: Future[Told]
    killed: Future[Told]
    on_servers: Future[Told] | None = None
    """Where there is Apache Kafka: its stand-in does not miss a worker that was killed."""


@pytest.fixture(scope="module")
def runs(day: Path, tmp_path_factory: pytest.TempPathFactory, new_database: NewDatabase, valkey: str, site_kafka: Broker) -> Iterator[Runs]:
    """Four sites with the same day; one on Kafka, PostgreSQL and Valkey."""
    acts = [finish, stop_and_kill, kill_at_lines]
    if isinstance(site_kafka, KafkaBroker):
        acts.append(partial(kill_at_lines, kafka=site_kafka.address, truth_url=new_database(), memory_url=valkey))
    with ThreadPoolExecutor() as pool:
        yield Runs(*(pool.submit(act, day, tmp_path_factory.mktemp("site")) for act in acts))


def finish(day: Path, folder: Path, **servers: str) -> Told:
    """Feed what is missing of the day, to the end."""
    worker = live.Worker(folder, run("--tags", str(day), "--until-idle"), **CALM, **servers)
    assert worker.ended() == 0, worker.words()[-3_000:]
    if servers:
        assert not {"log.db", "truth.db", "memory.db"} & {path.name for path in (folder / "data").iterdir()}
    return live.told(folder, **servers)


def read_up_to(log: EmbeddedLog, offset: float) -> bool:
    """Whether the door has read so far."""
    return live.acknowledged(log, MIXED) >= offset


def stop_and_kill(day: Path, folder: Path) -> Told:
    """SIGTERM in the middle of the feed, then three kills at random moments."""
    worker = live.Worker(folder, feeding(day, rate=LINES // 20), **CALM)
    worker.until((folder / "data" / "log.db").exists)
    shares = sorted(random.Random(SEED).uniform(0.3, 0.99) for _ in range(3))
    with closing(live.open_log(folder)) as log:
        worker.until(lambda: live.acknowledged(log, MIXED) > 0 and live.acknowledged(log, LOG) > 0)
        assert listening(worker) == []
        assert worker.stop() == 0, worker.words()[-3_000:]
        assert live.acknowledged(log, MIXED) < LINES, "the feed was to be stopped in its middle"
        for share in shares:
            worker = live.Worker(folder, feeding(day), **CALM)
            worker.until(partial(read_up_to, log, share * LINES))
            worker.kill()
            assert worker.process.returncode == -signal.SIGKILL
    return finish(day, folder)


def kill_at_lines(day: Path, folder: Path, **servers: str) -> Told:
    """One kill at each failpoint, one after the other."""
    for failpoint in FAILPOINTS:
        worker = live.Worker(folder, feeding(day), failpoint=failpoint, **CALM, **servers)
        assert worker.ended() == -signal.SIGKILL, (failpoint, worker.words()[-3_000:])
    return finish(day, folder, **servers)


def test_a_feed_that_a_worker_finishes(runs: Runs) -> None:
    """The undisturbed run is about alerts of several levels and their orders, all of them on their topics too."""
    facts = runs.undisturbed.result()
    assert {json.loads(change)["level"] for change in facts["changes"]} >= {1, 2, 3}
    assert len(facts["orders"]) > 5
    assert sorted(facts["changes"]) == facts["topic alerts"]
    assert set(facts["orders"]) <= set(facts["topic orders"])


def test_stopped_and_killed_at_any_moment(runs: Runs) -> None:
    """SIGTERM drains and exits 0; after it and three kills the day ends as ever, and no port was open."""
    assert runs.stopped.result() == runs.undisturbed.result()


def test_killed_at_the_lines_between_stages(runs: Runs) -> None:
    """Killed before acknowledging, after sending and inside a checkpoint, a site loses and doubles nothing."""
    assert runs.killed.result() == runs.undisturbed.result()


@pytest.mark.usefixtures("site_apache_kafka")
def test_killed_on_servers(runs: Runs) -> None:
    """The same kills on Kafka, PostgreSQL and Valkey: the same day, and no such file is made."""
    assert runs.on_servers
    assert runs.on_servers.result() == runs.undisturbed.result()


def listening(worker: live.Worker) -> list[Any]:
    """TCP ports and bound UDP ports of the process and its children."""
    process = psutil.Process(worker.process.pid)
    found = [c for p in (process, *process.children(recursive=True)) for c in p.net_connections("inet")]
    return [c for c in found if c.status == psutil.CONN_LISTEN or c.type == 2]


def test_live_equals_replay(runs: Runs, day: Path, tmp_path: Path) -> None:
    """With clocks off, the live workers tell exactly what `replay --reorder 0s` tells, but for the name of the subject."""
    given = live.given(tmp_path)
    files = [f"--{name}={tmp_path / name}" for name in ("alerts", "orders")]
    tables = [f"--{name}={given[name]}" for name in ("subjects", "stations")]
    key = [f"--rules={given['rules_dir']}", f"--site-key={live.KEY}"]
    result = CliRunner().invoke(cli, ["replay", str(day), "--reorder", "0s", "--quiet", *files, *tables, *key])
    assert result.exit_code == 0, result.output
    tokens = Tokeniser(Keys.from_site_key(live.KEY).token)
    replayed = [json.loads(line) for line in lines_of(tmp_path / "alerts")]
    for change in replayed:
        change["subject"] = tokens.token(change["subject"]).hex()
    lived = runs.undisturbed.result()
    assert [json.loads(line) for line in lived["changes"]] == replayed
    ended = {order["order_id"]: order for order in map(json.loads, lines_of(tmp_path / "orders"))}
    assert {order["order_id"]: order for order in map(json.loads, lived["orders"])} == ended


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[live.Worker]:
    """A worker under Faust's own command, ready."""
    worker = live.Worker(tmp_path, live.FAUST, **CALM)
    worker.until((tmp_path / "data" / "memory.db").exists)  # it is opened last: the log is there and laid out
    with closing(live.open_log(tmp_path)) as log:
        worker.until(lambda: live.acknowledged(log, LOG) > 0)
    yield worker
    worker.kill()


def test_one_worker_a_site(serving: live.Worker, tmp_path: Path) -> None:
    """Faust's own command listens nowhere and tells no debugger its secrets; a second worker is refused (4), another key, too (7)."""
    assert listening(serving) == []
    for nosy in (signal.SIGUSR1, signal.SIGUSR2):
        serving.process.send_signal(nosy)
    second = live.Worker(tmp_path, name="second", **CALM)
    stranger = live.Worker(tmp_path, name="stranger", site_key="another key of this site, long enough it is", **CALM)
    assert second.ended() == 4, second.words()
    assert f"another worker (process {serving.process.pid})" in second.words()
    assert stranger.ended() in {3, 7}, stranger.words()
    assert "key" in stranger.words()
    assert serving.stop() == 0, serving.words()[-3_000:]
    assert live.KEY not in serving.words()
    assert "Traceback" not in second.words() + stranger.words()
