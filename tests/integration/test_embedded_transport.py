from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from faust.types import TP

from fraud_guard.adapters.chunking import ChunkSchema
from fraud_guard.adapters.embedded.log import EmbeddedLog
from fraud_guard.adapters.embedded.partitioner import partition_for
from fraud_guard.adapters.embedded.registry import close_log, open_log
from fraud_guard.adapters.embedded.transport import Transport, register
from fraud_guard.adapters.quiet_app import QuietApp
from fraud_guard.errors import ConfigurationError, DependencyError
from fraud_guard.log import Record

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FAUST = [sys.executable, "-m", "faust", "-A", "embedded_worker", "--loglevel", "warn"]
register()


def records(first: int, last: int) -> list[Record]:
    return [Record(None, str(number).encode()) for number in range(first, last + 1)]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EmbeddedLog]:
    log = EmbeddedLog(tmp_path / "log.db")
    log.declare("t", 2)
    yield log
    log.close()


@contextmanager
def worker(
    log: EmbeddedLog, command: list[str] | None = None, fail: str = ""
) -> Iterator[subprocess.Popen[str]]:
    """A worker subprocess that has said `ready`."""
    process = subprocess.Popen(
        command or [sys.executable, str(HERE / "embedded_worker.py")],
        cwd=log.path.parent,
        env=os.environ
        | {"PYTHONPATH": f"{ROOT}:{HERE}", "EW_LOG": str(log.path), "EW_FAIL": fail, "FAUST_LOOP": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def lines_until(process: subprocess.Popen[str], last: str) -> list[str]:
    """What the worker says up to and with the line that ends like `last`."""
    assert process.stdout
    said: list[str] = []
    for line in process.stdout:
        said.append(line.strip())
        if said[-1].endswith(last):
            return said
    raise AssertionError(
        f"the worker ended without {last!r}: {said} {process.stderr and process.stderr.read()}"
    )


def stop(process: subprocess.Popen[str]) -> int:
    process.send_signal(signal.SIGTERM)
    process.communicate()
    return process.returncode


def quiet_app(path: Path, **options: Any) -> QuietApp:
    return QuietApp(
        "embedded-test",
        broker=f"embedded://{path}",
        topic_disable_leader=True,
        topic_partitions=2,
        stream_recovery_delay=0.0,
        stream_wait_empty=False,
        datadir=path.parent,
        **options,
    )


def run(app: QuietApp, body: Callable[[], Awaitable[None]], path: Path) -> None:
    async def whole() -> None:
        async with app:
            await body()

    try:
        asyncio.run(whole())
    finally:
        close_log(path)


async def never() -> None:
    """The body of an app that must not come up."""
    raise AssertionError("the app started")


def test_faust_worker_drains_and_resumes(log: EmbeddedLog) -> None:
    """`faust worker` consumes own and foreign appends in chunks, listens on no port although asked to,
    exits 0 on SIGTERM with everything committed, and the next one resumes exactly there.
    """
    log.append("t", 0, records(0, 24))
    with worker(log, [*FAUST, "--debug", "worker", "--with-web", "--web-port", "16066"]) as process:
        assert lines_until(process, "24")[-3:] == [
            "0 0 9 " + ",".join(map(str, range(10))),
            "0 10 19 " + ",".join(map(str, range(10, 20))),
            "0 20 24 20,21,22,23,24",
        ]
        log.append("t", 1, records(100, 101))  # from another process than the worker's
        assert lines_until(process, "101") == ["1 0 1 100,101"]
        sockets = psutil.Process(process.pid).net_connections("inet")
        assert [socket for socket in sockets if socket.status == psutil.CONN_LISTEN] == []
        assert stop(process) == 0
    assert (log.committed("t", 0), log.committed("t", 1)) == (25, 2)
    log.append("t", 0, records(25, 25))
    with worker(log) as process:  # by faust.Worker this time
        assert lines_until(process, "25")[-1] == "0 25 25 25"


def test_failed_chunk_comes_again(log: EmbeddedLog) -> None:
    """An exception in the agent commits neither its chunk nor a later one; after a restart both come again."""
    log.append("t", 0, records(0, 9))
    log.append("t", 0, records(10, 19))
    with worker(log, fail="5") as process:
        assert "failing" in lines_until(process, "19")
        assert stop(process) == 0
    assert log.committed("t", 0) is None
    with worker(log) as process:
        said = lines_until(process, "19")
        assert [line.split()[:3] for line in said[-2:]] == [["0", "0", "9"], ["0", "10", "19"]]


def test_killed_worker_frees_the_log(log: EmbeddedLog) -> None:
    """A second worker is refused with the first one's process id; after kill -9 it may start and gets all again."""
    log.append("t", 0, records(0, 3))
    with worker(log) as first:
        lines_until(first, "3")
        with pytest.raises(DependencyError, match=f"another worker .process {first.pid}. already consumes"):
            run(quiet_app(log.path), never, log.path)
        first.kill()
        first.wait()
    assert log.committed("t", 0) is None
    with worker(log) as second:
        assert lines_until(second, "3")[-1] == "0 0 3 0,1,2,3"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    log = open_log(tmp_path / "log.db")
    log.declare("t", 2)
    return log.path


def test_commits_only_the_acknowledged_prefix(path: Path) -> None:
    """Chunks acknowledged out of order are committed only as far as no open chunk lies before them."""
    log = open_log(path)
    log.append("t", 0, records(0, 39))
    app = quiet_app(path)
    events: asyncio.Queue[Any] = asyncio.Queue()

    @app.agent(app.topic("t", schema=ChunkSchema(max_records=10)))
    async def agent(stream: Any) -> None:
        async for event in stream.noack().events():
            await events.put(event)

    async def body() -> None:
        chunks = [await events.get() for _ in range(4)]
        seen = []
        for index in (1, 0, 3, 2):
            chunks[index].ack()
            await app.consumer.commit()
            seen.append(log.committed("t", 0))
        assert seen == [None, 20, 20, 40]

    run(app, body, path)


def test_reading_starts_where_the_application_says(path: Path) -> None:
    """The position hook wins over committed offsets, before anything is fetched, for the partitions it names."""
    log = open_log(path)
    log.append_many([("t", 0, records(0, 9)), ("t", 1, records(100, 109))])
    log.commit({("t", 0): 9, ("t", 1): 8})
    app = quiet_app(path)
    got: asyncio.Queue[Any] = asyncio.Queue()
    asked: list[frozenset[TP]] = []

    async def positions(assigned: frozenset[TP]) -> Mapping[TP, int]:
        asked.append(assigned)
        return {TP("t", 0): 4}

    assert isinstance(app.transport, Transport)
    app.transport.on_assigned = positions

    @app.agent(app.topic("t", schema=ChunkSchema()))
    async def agent(stream: Any) -> None:
        async for event in stream.noack().events():
            await got.put([record.value.decode() for record in event.value])
            event.ack()

    async def body() -> None:
        chunks = [await got.get(), await got.get()]
        assert sorted(chunks) == [["108", "109"], ["4", "5", "6", "7", "8", "9"]]
        assert {TP("t", 0), TP("t", 1)} <= asked[0]

    run(app, body, path)


def test_rewinds_deliver_again_and_ignore_late_acknowledgements(path: Path) -> None:
    """After a new assignment and after a seek, what was not committed comes again; acknowledging a delivery
    from before counts for nothing.
    """
    log = open_log(path)
    log.append("t", 0, records(0, 29))
    app = quiet_app(path)
    events: asyncio.Queue[Any] = asyncio.Queue()

    @app.agent(app.topic("t", schema=ChunkSchema(max_records=10)))
    async def agent(stream: Any) -> None:
        async for event in stream.noack().events():
            await events.put(event)

    async def chunks(count: int) -> list[Any]:
        return [await events.get() for _ in range(count)]

    async def body() -> None:
        before = await chunks(3)
        before[0].ack()
        await app.consumer.subscribe(["t"])
        again = await chunks(2)
        assert [event.value[0].offset for event in again] == [10, 20]
        assert log.committed("t", 0) == 10
        before[1].ack()
        await app.consumer.commit()
        assert log.committed("t", 0) == 10
        await app.consumer.seek(TP("t", 0), 5)
        sought = await chunks(3)
        assert [(event.value[0].offset, event.value[-1].offset) for event in sought] == [
            (5, 14),
            (15, 24),
            (25, 29),
        ]
        again[0].ack()
        sought[0].ack()
        await app.consumer.commit()
        assert log.committed("t", 0) == 15

    run(app, body, path)


def test_what_comes_meanwhile_arrives_as_one(path: Path) -> None:
    """While the agent has a chunk of a partition in its hands, what is appended to it waits, others are delivered; then it is one chunk."""
    log = open_log(path)
    log.append("t", 0, records(0, 0))
    app = quiet_app(path)
    events: asyncio.Queue[Any] = asyncio.Queue()

    @app.agent(app.topic("t", schema=ChunkSchema()))
    async def agent(stream: Any) -> None:
        async for event in stream.noack().events():
            await events.put(event)

    async def next_chunk() -> list[int]:
        event = await events.get()
        held.append(event)
        return [int(record.value) for record in event.value]

    held: list[Any] = []

    async def body() -> None:
        assert await next_chunk() == [0]
        for number in (1, 2, 3):
            log.append("t", 0, records(number, number))
            log.append("t", 1, records(number + 10, number + 10))
            assert await next_chunk() == [number + 10]
            held[-1].ack()
        held[0].ack()
        assert await next_chunk() == [1, 2, 3]

    run(app, body, path)


def test_failed_sends_reach_the_sender(path: Path) -> None:
    """A send that cannot be written raises where it is awaited, and the next one works."""
    app = quiet_app(path)
    app.producer_only = True

    async def body() -> None:
        with pytest.raises(ConfigurationError, match="no partition 9"):
            await app.producer.send_and_wait("t", None, b"x", 9, None, None)
        with pytest.raises(TypeError):
            await app.producer.send_and_wait("t", None, "text", 0, None, None)
        assert (await app.producer.send_and_wait("t", None, b"x", 0, None, None)).offset == 0

    run(app, body, path)


def test_sent_records_are_durable_and_placed_by_key(path: Path) -> None:
    """Awaited sends are in the file with headers and time, in order of sending, where murmur2 puts their key."""
    app = quiet_app(path)
    app.producer_only = True
    topic = app.topic("t", value_serializer="raw", key_serializer="raw")

    async def body() -> None:
        sent = [
            await topic.send(key=key, value=str(i).encode(), headers={"n": b"1"}, timestamp=1.5)
            for i, key in enumerate([b"foobar", b"21", b"foobar", b"abc"])
        ]
        metadata = [await future for future in sent]
        assert await app.producer.send_and_wait("t", None, b"last", 1, None, None) is not None
        for i, (key, place) in enumerate(zip([b"foobar", b"21", b"foobar", b"abc"], metadata, strict=True)):
            assert place.partition == partition_for(key, 2)
            stored = open_log(path).read("t", place.partition, place.offset, 1)[0]
            assert stored[3:] == (1_500, key, str(i).encode(), (("n", b"1"),))
        assert open_log(path).end("t", 0) + open_log(path).end("t", 1) == 5

    run(app, body, path)


def test_small_buffers_only_slow_down(path: Path) -> None:
    """With room for two chunks and a slow agent, every record of every partition arrives once, in order;
    a topic without ChunkSchema beside it arrives record by record.
    """
    log = open_log(path)
    log.declare("plain", 1)
    log.append_many([("t", 0, records(0, 299)), ("t", 1, records(300, 599)), ("plain", 0, records(0, 99))])
    app = quiet_app(path, stream_buffer_maxsize=2)
    seen: dict[str, list[int]] = {"0": [], "1": [], "plain": []}
    complete = asyncio.Event()

    def note(name: str, values: list[int]) -> None:
        seen[name] += values
        if sum(map(len, seen.values())) == 700:
            complete.set()

    @app.agent(app.topic("t", schema=ChunkSchema(max_records=7)))
    async def chunked(stream: Any) -> None:
        async for event in stream.noack().events():
            await asyncio.sleep(0)
            note(str(event.value[0].partition), [int(record.value) for record in event.value])
            event.ack()

    @app.agent(app.topic("plain", value_serializer="raw"))
    async def plain(stream: Any) -> None:
        async for value in stream:
            note("plain", [int(value)])

    async def body() -> None:
        await complete.wait()
        await app.consumer.commit()

    run(app, body, path)
    assert seen == {"0": list(range(300)), "1": list(range(300, 600)), "plain": list(range(100))}
    reopened = EmbeddedLog(path)
    assert [reopened.committed(*place) for place in (("t", 0), ("t", 1), ("plain", 0))] == [300, 300, 100]
    reopened.close()


def test_broker_urls_name_a_file(tmp_path: Path) -> None:
    """A broker URL without a path is refused with the form that is wanted."""
    for url in ("embedded://", "embedded://localhost"):
        with pytest.raises(ConfigurationError, match="embedded:///folder"):
            _ = QuietApp("x", broker=url).transport
