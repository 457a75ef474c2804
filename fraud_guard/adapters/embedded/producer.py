"""Faust's way into the log: sends that wait together are written in one durable transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from itertools import count
from typing import Any, NamedTuple, cast

from faust.transport import base
from faust.types import TP, HeadersArg, RecordMetadata

from fraud_guard.adapters.embedded.log import EmbeddedLog
from fraud_guard.adapters.embedded.partitioner import partition_for
from fraud_guard.log import Append, Headers, Record

MAX_WAITING = 10_000
DEFAULT_PARTITIONS = 8


class Waiting(NamedTuple):
    """A record on its way to the disk, and the future that its sender holds."""

    place: TP
    record: Record
    done: asyncio.Future[RecordMetadata]


class Producer(base.Producer):
    """Futures resolve when the record is durable. Keys are placed by murmur2, records without one in turn."""

    def __post_init__(self) -> None:
        self._waiting: list[Waiting] = []
        self._writing: asyncio.Task[None] | None = None
        self._turn = count()

    @property
    def embedded_log(self) -> EmbeddedLog:
        """The log of this transport."""
        return cast(EmbeddedLog, self.transport.embedded_log)  # type: ignore[attr-defined]

    async def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        partition: int | None,
        timestamp: float | None,
        headers: HeadersArg | None,
        *,
        transactional_id: str | None = None,  # noqa: ARG002
    ) -> Awaitable[RecordMetadata]:
        """Queue a record; waits while too many are queued. `timestamp` is in seconds."""
        while len(self._waiting) >= MAX_WAITING and self._writing is not None:
            await asyncio.shield(self._writing)
        done: asyncio.Future[RecordMetadata] = asyncio.get_running_loop().create_future()
        timestamp_ms = None if timestamp is None else int(timestamp * 1000)
        record = Record(key, value or b"", _as_pairs(headers), timestamp_ms)
        self._waiting.append(Waiting(self._place(topic, key, partition), record, done))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_waiting())
        return done

    async def send_and_wait(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        partition: int | None,
        timestamp: float | None,
        headers: HeadersArg | None,
        *,
        transactional_id: str | None = None,  # noqa: ARG002
    ) -> RecordMetadata:
        """Send and wait until the record is durable. Raises DependencyError when it cannot be written."""
        return await (await self.send(topic, key, value, partition, timestamp, headers))

    async def flush(self) -> None:
        """Wait until everything sent so far is on disk."""
        await self.buffer.flush()
        while self._writing is not None:
            await asyncio.shield(self._writing)

    async def on_stop(self) -> None:
        """Write what is waiting before the service goes."""
        await super().on_stop()
        while self._writing is not None:
            await asyncio.shield(self._writing)

    async def create_topic(self, topic: str, partitions: int, *_: Any, **__: Any) -> None:
        """Declare the topic unless it exists; an existing one keeps its number of partitions."""
        declare_if_missing(self.embedded_log, topic, partitions)

    def key_partition(self, topic: str, key: bytes | None) -> TP:
        """The partition that a key belongs to."""
        return self._place(topic, key, None)

    def supports_headers(self) -> bool:
        """Headers are stored."""
        return True

    def _place(self, topic: str, key: bytes | None, partition: int | None) -> TP:
        if partition is not None:
            return TP(topic, partition)
        partitions = self.embedded_log.partitions(topic)
        if partitions is None:
            partitions = declare_if_missing(self.embedded_log, topic, self.app.conf.topic_partitions)
        if key is None:
            return TP(topic, next(self._turn) % partitions)
        return TP(topic, partition_for(key, partitions))

    async def _write_waiting(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                await self._write(batch)
        finally:
            self._writing = None

    async def _write(self, batch: list[Waiting]) -> None:
        by_place: dict[TP, list[Waiting]] = {}
        for one in batch:
            by_place.setdefault(one.place, []).append(one)
        appends: list[Append] = [
            (tp.topic, tp.partition, [one.record for one in ones]) for tp, ones in by_place.items()
        ]
        write = asyncio.ensure_future(asyncio.to_thread(self.embedded_log.append_many, appends))
        await asyncio.wait([write])
        if error := write.exception():
            _fail(batch, error)
            return
        for (tp, ones), base_offset in zip(by_place.items(), write.result(), strict=True):
            _resolve(tp, ones, base_offset)


def declare_if_missing(log: EmbeddedLog, topic: str, partitions: int | None) -> int:
    """Declare a topic that does not exist; return its number of partitions."""
    known = log.partitions(topic)
    if known is None:
        known = partitions or DEFAULT_PARTITIONS
        log.declare(topic, known)
    return known


def _resolve(tp: TP, ones: list[Waiting], base_offset: int) -> None:
    for offset, one in enumerate(ones, base_offset):
        if not one.done.done():
            one.done.set_result(RecordMetadata(tp.topic, tp.partition, tp, offset))


def _fail(batch: list[Waiting], error: BaseException) -> None:
    for one in batch:
        if not one.done.done():
            one.done.set_exception(error)


def _as_pairs(headers: HeadersArg | None) -> Headers:
    if not headers:
        return ()
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return tuple((name, value) for name, value in pairs)
