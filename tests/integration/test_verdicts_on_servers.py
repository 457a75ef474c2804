"""A verdict on Kafka, PostgreSQL and Valkey: two workers, one killed in the hunt, tell of everybody once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from fraud_guard.adapters.kafka.log import KafkaLog
from fraud_guard.app.topics import APK_VERDICTS, LOG, MIXED
from fraud_guard.log import Record
from scripts.servers.broker import Broker
from tests.integration import live
from tests.integration.test_verdicts import TOUCHED, morning, verdict
from tests.servers import NewDatabase

PARTITIONS = 2


@pytest.fixture
def shared(site_apache_kafka: Broker, new_database: NewDatabase, valkey: str, point: str) -> dict[str, Any]:
    """Settings of a site that several workers share."""
    return {
        "kafka": site_apache_kafka.address, "truth_url": new_database(), "memory_url": valkey, "site_name": f"verdicts-{point}",
        "tags_partitions": PARTITIONS, "idle_ms": 600_000,
    }  # fmt: skip


@pytest.fixture
def log(site_apache_kafka: Broker) -> Iterator[KafkaLog]:
    with closing(KafkaLog(site_apache_kafka.address)) as opened:
        yield opened


@pytest.mark.parametrize("point", ["hunt-after-append"])     # one a broker: its topics have fixed names
def test_killed_in_the_hunt(point: str, log: KafkaLog, shared: dict[str, Any], tmp_path: Path) -> None:
    """The worker that hunts first dies over it, the other takes over: all who touched the host, each once."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with ExitStack() as stack:
        one = live.Worker(tmp_path / "one", worker_name="slot-one", failpoint=point, **shared)
        stack.callback(one.kill)
        one.until(lambda: log_is_there(log))
        log.append_values(MIXED, 0, morning())
        one.until(lambda: scored(log))
        log.append(APK_VERDICTS, 0, [Record(None, verdict())])
        assert one.ended() == -9
        two = live.Worker(tmp_path / "two", worker_name="slot-two", **shared)
        stack.callback(two.kill)
        two.until(lambda: told(tmp_path / "two", shared) >= TOUCHED and scored(log))
        assert two.stop() == 0
    with closing(live.open_truth(tmp_path / "two", **shared)) as truth:
        changes = list(truth.changes())
    assert len(changes) == len({c.subject for c in changes}) == TOUCHED


def log_is_there(log: KafkaLog) -> bool:
    try:
        return log.end(LOG, PARTITIONS - 1) > 0
    except Exception:  # noqa: BLE001  the worker has yet to make the topics
        return False


def scored(log: KafkaLog) -> bool:
    if (log.committed(MIXED, 0) or 0) < log.end(MIXED, 0):
        return False
    return all((log.committed(LOG, p) or 0) >= log.end(LOG, p) for p in range(PARTITIONS))


def told(folder: Path, shared: dict[str, Any]) -> int:
    with closing(live.open_truth(folder, **shared)) as truth:
        return len(truth.alerts(limit=10_000))
