"""Two workers of one site on Kafka, PostgreSQL and Valkey: killed in turn, together they tell what one undisturbed worker on files tells."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError

from fraud_guard.adapters.history.folder import HistoryFolder
from fraud_guard.adapters.history.reading import Reel
from fraud_guard.adapters.history.tidying import merge
from fraud_guard.adapters.kafka.log import KafkaLog
from fraud_guard.app.stores import WORKERS
from fraud_guard.app.topics import LOG, MIXED
from fraud_guard.tags.block import Block, decode_record, text
from fraud_guard.testing import lines_of
from scripts.servers.broker import Broker
from tests.integration import live
from tests.servers import NewDatabase

PARTITIONS = 4
FED = 60
"""Records fed between two kills."""


@pytest.fixture
def shared(site_apache_kafka: Broker, new_database: NewDatabase, valkey: str, tmp_path: Path) -> dict[str, Any]:
    """Settings of a site that several workers share."""
    return {
        "kafka": site_apache_kafka.address, "truth_url": new_database(), "memory_url": valkey, "site_name": "two-workers",
        "tags_partitions": PARTITIONS, "idle_ms": 600_000,
        "history_dir": tmp_path / "history", "history_days": 3_660, "history_write_ms": 1_000,
    }  # fmt: skip


@pytest.fixture
def log(site_apache_kafka: Broker) -> Iterator[KafkaLog]:
    with closing(KafkaLog(site_apache_kafka.address)) as opened:
        yield opened


def scored(log: KafkaLog, folder: Path, shared: dict[str, Any]) -> bool:
    """Whether everything that was fed is scored, and everything that was told is delivered."""
    if (log.committed(MIXED, 0) or 0) < log.end(MIXED, 0):
        return False
    if any((log.committed(LOG, p) or 0) < log.end(LOG, p) for p in range(PARTITIONS)):
        return False
    with closing(live.open_truth(folder, **shared)) as truth:
        return not truth.counts().get("outbox.waiting", 0)


def test_killed_in_turn(log: KafkaLog, shared: dict[str, Any], tmp_path: Path) -> None:
    """While tags come in, each worker is killed and started again: nothing is lost, nothing is told twice, nor kept twice in the history."""
    lines = lines_of(live.DAY / "tags.ndjson")
    for name in ("one", "two", "alone"):
        (tmp_path / name).mkdir()
    alone = live.Worker(tmp_path / "alone", [*live.RUN, "--tags", str(live.DAY / "tags.ndjson"), "--until-idle"], idle_ms=600_000)
    with ExitStack() as stack:
        workers = {name: start(tmp_path, name, shared) for name in ("one", "two")}
        stack.callback(lambda: [worker.kill() for worker in workers.values()])
        workers["one"].until(lambda: asyncio.run(members(shared["kafka"])) == 2)
        for number, at in enumerate(range(0, len(lines), FED)):
            log.append_values(MIXED, 0, lines[at : at + FED])
            workers["one"].until(lambda: (log.committed(MIXED, 0) or 0) >= log.end(MIXED, 0))
            name = ("one", "two")[number % 2]
            workers[name].kill()
            workers[name] = start(tmp_path, name, shared)
        workers["one"].until(lambda: scored(log, tmp_path / "one", shared))
        workers["one"].until(lambda: Reel(HistoryFolder(tmp_path / "history")).count() >= logged(log).total())
        workers["two"].until(lambda: asyncio.run(members(shared["kafka"])) == 2)  # a worker that still starts dies of SIGTERM
        assert [worker.stop() for worker in workers.values()] == [0, 0], [w.words()[-2_000:] for w in workers.values()]
    assert alone.ended() == 0
    assert kept(tmp_path) == logged(log)
    together, undisturbed = live.told(tmp_path / "one", **shared), live.told(tmp_path / "alone")
    assert together == undisturbed


def logged(log: KafkaLog) -> Counter[tuple[str, int]]:
    """(id, position) of every tag in the log."""
    found = Counter[tuple[str, int]]()
    for partition in range(PARTITIONS):
        records = log.read(LOG, partition, 0, 100_000)
        assert len(records) == log.end(LOG, partition)
        blocks = [decode_record(record.value, record.offset) for record in records]
        found.update((text(b.ids, i), int(b.rows["position"][i])) for b in blocks if isinstance(b, Block) for i in range(len(b)) if b.rows["kind"][i])
    return found


def kept(folder: Path) -> Counter[tuple[str, int]]:
    """(id, position) of every tag in the history that the workers share."""
    merge(HistoryFolder(folder / "history"), date.max)
    table = pl.read_parquet(folder / "history" / "day=*" / "*.parquet")
    return Counter(zip(table["id"].to_list(), table["position"].to_list(), strict=True))


async def members(address: str) -> int:
    """How many workers are in the group and share its partitions."""
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        (answer,) = await admin.describe_consumer_groups([WORKERS])
    except GroupCoordinatorNotAvailableError:  # a young cluster has none yet
        return 0
    finally:
        await admin.close()
    ((_, _, state, _, _, found),) = answer.groups
    return len(found) if state == "Stable" else 0


def start(folder: Path, name: str, shared: dict[str, Any]) -> live.Worker:
    return live.Worker(folder / name, worker_name=f"slot-{name}", **shared)
