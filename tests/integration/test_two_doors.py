"""Two workers that both are doors: killed in turn while tags come in, together they tell what one undisturbed worker on files tells."""

from __future__ import annotations

import asyncio
import json
import re
from collections import defaultdict
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from datasets import numbers
from fraud_guard.adapters.embedded.partitioner import partition_for
from fraud_guard.adapters.kafka.log import KafkaLog
from fraud_guard.app.topics import LOG, MIXED
from fraud_guard.log import Record
from fraud_guard.tags.block import Block, decode_record
from fraud_guard.testing import lines_of
from scripts.servers.broker import Broker
from tests.integration import live
from tests.integration.test_two_workers import members, start
from tests.servers import NewDatabase

DOORS, PARTITIONS = 2, 4
FED = 95
"""Records fed between two kills."""
END_MS = 1_773_673_500_000
"""The newest time of the golden day."""


@pytest.fixture
def shared(site_apache_kafka: Broker, new_database: NewDatabase, valkey: str) -> dict[str, Any]:
    """Settings of a site that several doors share."""
    return {
        "kafka": site_apache_kafka.address, "truth_url": new_database(), "memory_url": valkey, "site_name": "two-doors",
        "tags_partitions": PARTITIONS, "inlet_partitions": DOORS, "idle_ms": 600_000,
    }  # fmt: skip


def test_both_doors_killed_in_turn(shared: dict[str, Any], tmp_path: Path) -> None:
    """Each worker is killed as soon as something was fed, whatever it is doing: nothing is lost, nothing is told twice.

    The tags of the day come in order of time: what is late is late by its own inlet partition, not by that of others.
    """
    lines = [*sorted(lines_of(live.DAY / "tags.ndjson"), key=time_of), *farewells()]
    day = tmp_path / "day.ndjson"
    day.write_bytes(b"\n".join(lines) + b"\n")
    for name in ("one", "two", "alone"):
        (tmp_path / name).mkdir()
    alone = live.Worker(tmp_path / "alone", [*live.RUN, "--tags", str(day), "--until-idle"], idle_ms=600_000)
    with ExitStack() as stack:
        workers = {name: start(tmp_path, name, shared) for name in ("one", "two")}
        stack.callback(lambda: [worker.kill() for worker in workers.values()])
        workers["one"].until(lambda: asyncio.run(members(shared["kafka"])) == len(workers))
        log = stack.enter_context(closing(KafkaLog(shared["kafka"])))
        for number, at in enumerate(range(0, len(lines), FED)):
            feed(log, lines[at : at + FED])
            name = ("one", "two")[number % 2]
            workers[name].kill()
            workers[name] = start(tmp_path, name, shared)
            workers["one"].until(lambda: read(log))
        workers["one"].until(lambda: done(log, tmp_path / "one", shared))
        assert [worker.stop() for worker in workers.values()] == [0, 0], [w.words()[-2_000:] for w in workers.values()]
    assert alone.ended() == 0
    together, undisturbed = live.told(tmp_path / "one", **shared), live.told(tmp_path / "alone")
    assert together == undisturbed


def time_of(line: bytes) -> int:
    """Epoch milliseconds; damaged lines come first."""
    return int(found[1]) if (found := re.search(rb'"ts_ms": (\d{13})\b', line)) else 0


def farewells() -> list[bytes]:
    """A harmless tag for each inlet partition, so that the watermark comes to the end of the day in both."""
    subjects = {partition_for(key_of(one.encode()), DOORS): one for one in map(numbers.subject_number, range(5_000, 5_020))}
    assert len(subjects) == DOORS
    return [
        json.dumps({"id": f"end {p}", "source": "town", "ts_ms": END_MS, "subject": one, "channel": "net", "kind": "visit",
                    "host": "www.baidu.com"}).encode()
        for p, one in sorted(subjects.items())
    ]  # fmt: skip


def feed(log: KafkaLog, lines: list[bytes]) -> None:
    """As a feed writes that tells a person by one key, however the number is written in the record."""
    parts = defaultdict[int, list[Record]](list)
    for line in lines:
        found = re.search(rb'"subject": ?"([^"]*)"', line)
        key = key_of(found[1]) if found else b""
        parts[partition_for(key, DOORS)].append(Record(key, line))
    log.append_many([(MIXED, p, records) for p, records in parts.items()])


def key_of(subject: bytes) -> bytes:
    """The last eleven digits."""
    return subject[-11:]


def read(log: KafkaLog) -> bool:
    """Whether the doors have read everything."""
    return all((log.committed(MIXED, p) or 0) >= log.end(MIXED, p) for p in range(DOORS))


def done(log: KafkaLog, folder: Path, shared: dict[str, Any]) -> bool:
    """Whether everything is read, scored and delivered, and the watermark is at the end of the day."""
    if not read(log) or max(map(partial(watermark_ms, log), range(PARTITIONS))) < END_MS or any((log.committed(LOG, p) or 0) < log.end(LOG, p) for p in range(PARTITIONS)):
        return False
    with closing(live.open_truth(folder, **shared)) as truth:
        return not truth.counts().get("outbox.waiting", 0)


def watermark_ms(log: KafkaLog, partition: int) -> int:
    """What the last record of a partition of the log carries."""
    for record in log.read(LOG, partition, log.end(LOG, partition) - 1, 1):
        last = decode_record(record.value, record.offset)
        return int(last.rows["watermark_ms"][-1]) if isinstance(last, Block) else last.watermark_ms
    return 0
