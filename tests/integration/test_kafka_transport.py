"""The Kafka transport on a real broker: chunks in order, nothing lost by kills, joins and leaves."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from fraud_guard.adapters.kafka.transport import FETCH_WAIT_MS, broker_url, register
from fraud_guard.adapters.quiet_app import QuietApp
from fraud_guard.errors import ConfigurationError
from scripts.servers.broker import Broker

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PARTITIONS = 4
GROUP = "kafka-worker"


@pytest.fixture
def broker(apache_kafka: Broker) -> Iterator[Broker]:
    """The broker with an empty topic `t`."""
    asyncio.run(_make_topic(apache_kafka.address))
    yield apache_kafka
    asyncio.run(_drop_topic(apache_kafka.address))


async def _make_topic(address: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    await admin.create_topics([NewTopic("t", PARTITIONS, 1)])
    await admin.close()


async def _drop_topic(address: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    await admin.delete_topics(["t"])
    await admin.close()


async def _send(address: str, first: int, last: int) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=address, linger_ms=5)
    await producer.start()
    for number in range(first, last + 1):
        await producer.send("t", str(number).encode(), partition=number % PARTITIONS)
    await producer.stop()


def send(broker: Broker, first: int, last: int) -> None:
    """Numbers first … last, round the partitions."""
    asyncio.run(_send(broker.address, first, last))


async def _committed(address: str) -> dict[int, int]:
    consumer = AIOKafkaConsumer(bootstrap_servers=address, group_id=GROUP, enable_auto_commit=False)
    await consumer.start()
    found = {p: await consumer.committed(TopicPartition("t", p)) or 0 for p in range(PARTITIONS)}
    await consumer.stop()
    return found


def committed(broker: Broker) -> dict[int, int]:
    """Where the group stands."""
    return asyncio.run(_committed(broker.address))


@contextmanager
def worker(broker: Broker, folder: Path, **more: str) -> Iterator[subprocess.Popen[str]]:
    """A worker process; what it says goes to its stdout."""
    given = {"PYTHONPATH": f"{ROOT}:{HERE}", "KW_BROKER": broker.address, "KW_FOLDER": str(folder), "FAUST_LOOP": "", **more}
    process = subprocess.Popen(
        [sys.executable, str(HERE / "kafka_worker.py")], env=os.environ | given, cwd=folder,
        stdout=subprocess.PIPE, stderr=(folder / "worker.err").open("ab"), text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout
        process.stdout.close()


def read_until(processes: list[subprocess.Popen[str]], wanted: set[int]) -> Counter[int]:
    """How often each number was seen, from the first worker's words on until all are there."""
    seen = Counter[int]()
    for process in processes:
        assert process.stdout
        for line in process.stdout:
            if line.startswith("chunk "):
                seen.update(map(int, line.split()[4].split(",")))
            if wanted <= seen.keys():
                return seen
    return seen


def stop(process: subprocess.Popen[str]) -> Counter[int]:
    """SIGTERM; what it said until it ended."""
    process.send_signal(signal.SIGTERM)
    rest = read_until([process], {-1})
    assert process.wait() == 0
    return rest


def test_chunks_come_whole_and_in_order(broker: Broker, tmp_path: Path) -> None:
    """Consecutive records of a partition arrive together, in order, at most as many as asked for; all are committed at the stop."""
    send(broker, 0, 1_999)
    with worker(broker, tmp_path) as process:
        assert process.stdout
        numbers: dict[int, list[int]] = {p: [] for p in range(PARTITIONS)}
        chunks = 0
        for line in process.stdout:
            if not line.startswith("chunk "):
                continue
            _, partition, first, last, values = line.split()
            chunk = list(map(int, values.split(",")))
            assert len(chunk) == int(last) - int(first) + 1 <= 100
            numbers[int(partition)] += chunk
            chunks += 1
            if sum(map(len, numbers.values())) == 2_000:
                break
        assert numbers == {p: list(range(p, 2_000, PARTITIONS)) for p in numbers}
        assert chunks < 200
        stop(process)
    assert committed(broker) == dict.fromkeys(range(PARTITIONS), 500)


def test_a_killed_worker_loses_nothing(broker: Broker, tmp_path: Path) -> None:
    """Killed at a record in the middle, the next worker gets that chunk again and every later one."""
    send(broker, 0, 1_999)
    with worker(broker, tmp_path, KW_FAIL="1042", KW_NAME="slot-1") as process:
        first = read_until([process], {-1})
        assert process.wait() == -signal.SIGKILL
    assert 1_042 not in first
    with worker(broker, tmp_path, KW_NAME="slot-1") as process:
        second = read_until([process], set(range(2_000)) - first.keys())
        stop(process)
    assert (first + second).keys() == set(range(2_000))
    assert committed(broker) == dict.fromkeys(range(PARTITIONS), 500)


def test_a_rewind_before_anything_is_committed(broker: Broker, tmp_path: Path) -> None:
    """Going back to what is committed while nothing is, as a rebalance does, delivers again whatever was fetched."""
    send(broker, 0, 399)
    with worker(broker, tmp_path, KW_REWIND="0") as process:
        assert read_until([process], set(range(400))).keys() == set(range(400))
        stop(process)
    assert committed(broker) == dict.fromkeys(range(PARTITIONS), 100)


def test_workers_join_and_leave(broker: Broker, tmp_path: Path) -> None:
    """A second worker takes over half of the partitions and gives them back: nothing is lost, nothing stays uncommitted."""
    seen = Counter[int]()
    with worker(broker, tmp_path, KW_NAME="slot-1") as one:
        send(broker, 0, 399)
        seen += read_until([one], set(range(400)))
        with worker(broker, tmp_path, KW_NAME="slot-2") as two:
            assert two.stdout
            assert any(line.strip() == "ready" for line in two.stdout)
            send(broker, 400, 799)
            seen += stop(two)
        send(broker, 800, 1_199)
        seen += read_until([one], set(range(1_200)) - seen.keys())
        stop(one)
    assert seen.keys() == set(range(1_200))
    assert committed(broker) == dict.fromkeys(range(PARTITIONS), 300)


def test_a_broker_that_dies_and_comes_back(broker: Broker, tmp_path: Path) -> None:
    """A broker killed and started again is found again; what comes afterwards arrives."""
    with worker(broker, tmp_path) as process:
        send(broker, 0, 399)
        seen = read_until([process], set(range(400)))
        broker.kill()
        broker.start()
        send(broker, 400, 799)
        seen += read_until([process], set(range(400, 800)))
        stop(process)
    assert seen.keys() >= set(range(800))


@pytest.mark.parametrize("servers", ["", " , ", "host:9092/path", "://"])
def test_what_is_no_broker(servers: str) -> None:
    """A list of brokers that is none says how one is written."""
    with pytest.raises(ConfigurationError, match="host:9092"):
        broker_url(servers)


def test_several_brokers() -> None:
    """Every broker of the list becomes a URL of the scheme."""
    assert [str(url) for url in broker_url("a:9092, b:9093")] == ["chunked+kafka://a:9092", "chunked+kafka://b:9093"]


def test_no_fetch_waits_long_for_a_quiet_topic(broker: Broker, tmp_path: Path) -> None:
    """The driver that Faust starts asks the broker to hold an empty fetch no longer than ours says, where Faust fixes 1.5 s."""

    async def nothing(*_: object) -> None:
        pass

    async def waits_ms() -> int:
        register()
        app = QuietApp("kafka-waits", broker=broker_url(broker.address), datadir=str(tmp_path))
        consumer = app.transport.create_consumer(print, on_partitions_revoked=print, on_partitions_assigned=print)
        driver = consumer._new_consumer_thread()._create_worker_consumer(app.transport)
        driver.subscribe(["t"])
        await driver.start()
        try:
            return driver._fetcher._fetch_max_wait_ms
        finally:
            await driver.stop()

    assert asyncio.run(waits_ms()) == FETCH_WAIT_MS
