"""The log is laid out anew in the middle of a day: the day is told as if it had always been so."""

from __future__ import annotations

import functools
import signal
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fraud_guard import failpoints
from fraud_guard.adapters.embedded.consumer_lock import ConsumerLock
from fraud_guard.adapters.kafka.log import KafkaLog
from fraud_guard.app.cli.main import app
from fraud_guard.app.layout import read_layout
from fraud_guard.app.repartition import repartition
from fraud_guard.app.stores import open_memory
from fraud_guard.app.topics import LOG, MIXED
from fraud_guard.errors import ConfigurationError, DependencyError
from fraud_guard.testing import Driver, ToldClock, lines_of
from scripts.servers.broker import Broker
from tests.integration import live
from tests.integration.test_crash import in_child
from tests.servers import NewDatabase

NIGHT_MS = 1_773_690_000_000
DAY = lines_of(live.DAY / "tags.ndjson")
THIRD = len(DAY) // 3


def driver(folder: Path, partitions: int, generation: int = 1, **more: Any) -> Driver:
    return Driver(settings_of(folder, partitions, generation, **more), ToldClock(NIGHT_MS))


def settings_of(folder: Path, partitions: int, generation: int = 1, **more: Any) -> Any:
    return live.settings_of(folder, tags_partitions=partitions, tags_generation=generation, **more)


def feed(run: Driver, lines: list[bytes]) -> None:
    for start in range(0, len(lines), 40):
        run.feed(lines[start : start + 40])
        run.settle()


def told(run: Driver) -> tuple[list[str], list[str]]:
    truth = run.site.truth
    return [c.model_dump_json() for c in truth.changes()], sorted(o.model_dump_json() for o in truth.orders(limit=10_000))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], list[str]]:
    """What a worker tells whose log is never laid out anew."""
    run = driver(tmp_path_factory.mktemp("calm"), 4)
    feed(run, DAY)
    facts = told(run)
    run.close()
    assert len(facts[0]) > 10
    return facts


@pytest.mark.parametrize("history", [False, True])
def test_twice_in_a_day(undisturbed: tuple[list[str], list[str]], tmp_path: Path, history: bool) -> None:
    """From 1 to 2 to 4 partitions: alerts, their evidence and orders are the same, every tag is counted once, nobody is kept twice."""
    more: dict[str, Any] = {"history_dir": tmp_path / "history", "history_days": 3_660} if history else {}
    for generation, partitions in enumerate((1, 2, 4), 1):
        run = driver(tmp_path, partitions, generation, **more)
        feed(run, DAY[(generation - 1) * THIRD : generation * THIRD if generation < 3 else None])
        if generation < 3:
            run.close()
            repartition(settings_of(tmp_path, partitions, generation, **more), partitions * 2, ToldClock(NIGHT_MS))
    assert told(run) == undisturbed
    journals = [one.memory.journal for one in run.site.scorers.values()]
    assert sum(j.scored + j.duplicate for j in journals) + sum(run.site.letters.totals().values()) == len(DAY)
    run.close()
    with closing(open_memory(settings_of(tmp_path, 4, 3))) as memory:
        assert not any(memory.load(name).blobs for name in ("tags-0", "tags.2-0", "tags.2-1"))
        tokens = [key for q in range(4) for key in memory.load(f"tags.3-{q}").blobs if key.startswith("e/")]
    assert len(tokens) == len(set(tokens))


def test_what_was_not_scored_is_drained_first(undisturbed: tuple[list[str], list[str]], tmp_path: Path) -> None:
    """Tags that lie in the log or the inlet when the worker dies are scored by the old partitions and taken in by the new doors."""
    run = driver(tmp_path, 2)
    feed(run, DAY[:THIRD])
    run.feed(DAY[THIRD : THIRD + 200])
    run.admit(100)
    run.site.abandon()
    done = repartition(settings_of(tmp_path, 2), 4, ToldClock(NIGHT_MS))
    assert done.drained > 0
    run = driver(tmp_path, 4, 2)
    run.settle()
    feed(run, DAY[THIRD + 200 :])
    assert told(run) == undisturbed
    run.close()


@pytest.mark.parametrize("point", ["repartition-parted", "repartition-before-layout"])
def test_broken_off_and_given_again(undisturbed: tuple[list[str], list[str]], tmp_path: Path, point: str) -> None:
    """Killed before the switch, a worker may go on with the old layout; the command given again does all of it."""
    run = driver(tmp_path, 2)
    feed(run, DAY[:THIRD])
    run.close()
    assert in_child(functools.partial(killed_at, point, tmp_path)) == -signal.SIGKILL
    run = driver(tmp_path, 2)
    feed(run, DAY[THIRD : 2 * THIRD])
    run.close()
    repartition(settings_of(tmp_path, 2), 4, ToldClock(NIGHT_MS))
    run = driver(tmp_path, 4, 2)
    feed(run, DAY[2 * THIRD :])
    assert told(run) == undisturbed
    run.close()


def killed_at(point: str, folder: Path) -> None:
    failpoints.arm(point, 1)
    repartition(settings_of(folder, 2), 4, ToldClock(NIGHT_MS))


def test_what_cannot_be(tmp_path: Path) -> None:
    """Fewer partitions, a number that does not fit, a worker that runs, and settings of another layout are refused with the remedy."""
    run = driver(tmp_path, 2)
    feed(run, DAY[:40])
    run.close()
    settings = settings_of(tmp_path, 2)
    for wrong in (1, 2, 3, 6, 1_024):
        with pytest.raises(ConfigurationError, match="choose a larger number"):
            repartition(settings, wrong, ToldClock(NIGHT_MS))
    lock = ConsumerLock(tmp_path / "data" / "log.db")
    lock.acquire()
    with pytest.raises(DependencyError, match="stop it first"):
        repartition(settings, 4, ToldClock(NIGHT_MS))
    lock.release()
    repartition(settings, 4, ToldClock(NIGHT_MS))
    for partitions, generation in ((2, 1), (4, 1), (2, 2)):
        with pytest.raises(ConfigurationError, match="set FG_TAGS_GENERATION=2 and FG_TAGS_PARTITIONS=4"):
            driver(tmp_path, partitions, generation)


@pytest.fixture
def shared(site_apache_kafka: Broker, new_database: NewDatabase, valkey: str) -> dict[str, Any]:
    return {"kafka": site_apache_kafka.address, "truth_url": new_database(), "memory_url": valkey, "site_name": "repartition", "idle_ms": 600_000}


def test_on_servers(shared: dict[str, Any], tmp_path: Path) -> None:
    """On Kafka, PostgreSQL and Valkey from 2 to 4 partitions in the middle of the day: the day of one undisturbed worker on files."""
    (tmp_path / "alone").mkdir()
    alone = live.Worker(tmp_path / "alone", [*live.RUN, "--tags", str(live.DAY / "tags.ndjson"), "--until-idle"], idle_ms=600_000)
    with closing(KafkaLog(shared["kafka"])) as log:
        half = live.Worker(tmp_path, tags_partitions=2, **shared)
        scored_on(half, log, LOG, 2, DAY[: 2 * THIRD])
        assert half.stop() == 0, half.words()[-2_000:]
        result = CliRunner().invoke(app, ["topics", "repartition", "--partitions", "4"], env=environment(tmp_path, tags_partitions=2, **shared))
        assert result.exit_code == 0, result.output
        assert result.stdout.split() == ["FG_TAGS_GENERATION=2", "FG_TAGS_PARTITIONS=4"]
        assert [g.partitions for g in read_layout(log, 2)] == [2, 4]
        rest = live.Worker(tmp_path, name="rest", tags_partitions=4, tags_generation=2, **shared)
        scored_on(rest, log, "tags.2", 4, DAY[2 * THIRD :])
        with closing(live.open_truth(tmp_path, **shared)) as truth:
            rest.until(lambda: not truth.counts().get("outbox.waiting", 0))
        assert rest.stop() == 0, rest.words()[-2_000:]
    assert alone.ended() == 0
    assert live.told(tmp_path, **shared, tags_partitions=4, tags_generation=2) == live.told(tmp_path / "alone")


def scored_on(worker: live.Worker, log: KafkaLog, topic: str, partitions: int, lines: list[bytes]) -> None:
    """Feed lines, and wait until they are scored."""
    worker.until(lambda: log.facts([topic, MIXED])[topic] is not None)
    log.append_values(MIXED, 0, lines)
    worker.until(lambda: (log.committed(MIXED, 0) or 0) >= log.end(MIXED, 0))
    worker.until(lambda: all((log.committed(topic, p) or 0) >= log.end(topic, p) for p in range(partitions)))


def environment(folder: Path, **more: Any) -> dict[str, str]:
    return {f"FG_{name.upper()}": str(value) for name, value in live.given(folder, **more).items()}
