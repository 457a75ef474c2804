"""KafkaLog: the log on Apache Kafka, for stages that call and wait.

The driver is asynchronous; it lives on a loop of its own thread, and each call waits there for its answer. An
append returns when all in-sync replicas have it. Retention is the broker's business.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import groupby
from typing import Any, NamedTuple, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import GroupCoordinatorNotAvailableError, KafkaError, TopicAlreadyExistsError, for_code
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth

from fraud_guard.adapters.kafka.access import Credentials
from fraud_guard.errors import ConfigurationError, DependencyError
from fraud_guard.log import RECORD_BYTES_MOST, Append, Record, StoredRecord

T = TypeVar("T")


class TopicFacts(NamedTuple):
    """One topic as it is laid out; `replicas`: of the partition with the fewest."""

    partitions: int
    replicas: int
    config: Mapping[str, str]


PATIENCE_MS = 15_000
RETRY_S = 0.1
BATCH_BYTES = 512 << 10
"""Records packed together, unless one alone is larger; less than what a topic takes by Kafka's default."""
FETCH_BYTES = 512 << 10
"""In one fetch of a partition; the broker gives a larger record whole, and each seek throws the rest away."""
FETCH_MS = 200


class KafkaLog:
    """See `log.Log`. `servers`: host:port,host:port; `replicas`: of topics that `declare` makes; `group`: of the workers;
    `access`: see `access.credentials`; `config_of`: settings of topics that `declare` makes, by name.

    A call that the brokers do not answer within `patience_ms` raises DependencyError and may be repeated; an append
    that was given up may have arrived all the same.
    """

    def __init__(
        self, servers: str, replicas: int = 1, group: str = "fraud_guard", access: Credentials | None = None,
        patience_ms: int = PATIENCE_MS, config_of: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:  # fmt: skip
        self._config_of = config_of or {}
        self.name, self._replicas, self._patience_ms = f"kafka {servers}", replicas, patience_ms
        self._groups = (group, f"{group}.notes")
        self._readers: dict[TopicPartition, AIOKafkaConsumer] = {}
        self._found: set[TopicPartition] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="kafka-log", daemon=True)
        self._thread.start()
        self._client: dict[str, Any] = {"bootstrap_servers": servers, "request_timeout_ms": patience_ms, **credentials_to_aiokafka_auth(access)}
        try:
            self._call(self._open())
        except BaseException:
            self.close()
            raise

    def declare(self, topic: str, partitions: int) -> None:
        """Make sure the topic exists with so many partitions."""
        known = self._call(self._declared(topic, partitions))
        if known != partitions:
            raise ConfigurationError(
                f"topic {topic} has {known} partitions in {self.name}, not {partitions}; drain it and use a new topic name"
            )

    def facts(self, topics: Sequence[str]) -> dict[str, TopicFacts | None]:
        """How topics are laid out; None for those that do not exist."""
        return self._call(self._facts(topics))

    def members(self) -> int:
        """How many workers are in the group, those that died a moment ago among them."""
        return self._call(self._members())

    def append(self, topic: str, partition: int, records: Sequence[Record]) -> int:
        """Append 1..N records in order; return the first one's offset."""
        return self.append_many([(topic, partition, records)])[0]

    def append_values(self, topic: str, partition: int, values: Sequence[bytes]) -> int:
        """As `append` for records that are nothing but their values."""
        return self.append(topic, partition, [Record(None, value) for value in values])

    def append_many(self, appends: Sequence[Append]) -> list[int]:
        """Append several; all of a topic together, one topic after the other."""
        return self._call(self._append_many(appends))

    def read(self, topic: str, partition: int, offset: int, max_records: int) -> list[StoredRecord]:
        """Up to `max_records` records from `offset` on; empty at the end."""
        return self._call(self._read(TopicPartition(topic, partition), offset, max_records))

    def start(self, topic: str, partition: int) -> int:
        """The lowest offset that can be read."""
        return self._call(self._bound(TopicPartition(topic, partition), "beginning_offsets"))

    def end(self, topic: str, partition: int) -> int:
        """The offset that the next appended record will get."""
        return self._call(self._bound(TopicPartition(topic, partition), "end_offsets"))

    def commit(self, offsets: Mapping[tuple[str, int], int]) -> None:
        """Note offsets in a group of their own: Kafka takes those of the workers' group from its members alone."""
        self._call(self._note({TopicPartition(*place): offset for place, offset in offsets.items()}))

    def committed(self, topic: str, partition: int) -> int | None:
        """The next offset to read as committed by workers or noted by `commit`."""
        return self._call(self._committed(TopicPartition(topic, partition)))

    def trim_older(self, topic: str, before_ms: int, keep_from_offset: Mapping[int, int]) -> None:
        """Nothing: the topic's own retention does it."""

    def close(self) -> None:
        """Close the connections, also when the brokers are away; harmless when it was closed."""
        if self._thread.is_alive():
            with suppress(DependencyError):
                self._call(self._close())
            self._end_loop()

    # --- on the thread's loop ----------------------------------------------------------

    async def _open(self) -> None:
        self._turn = asyncio.Lock()
        self._producer = AIOKafkaProducer(**self._client, acks="all", enable_idempotence=True, max_request_size=RECORD_BYTES_MOST, max_batch_size=BATCH_BYTES)
        self._admin = AIOKafkaAdminClient(**self._client)
        self._ends = self._consumer()
        self._notes = self._consumer(group_id=self._groups[1])
        for part in (self._producer, self._admin, self._ends, self._notes):
            await part.start()

    def _consumer(self, **more: Any) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            **self._client, **more, enable_auto_commit=False, auto_offset_reset="earliest", fetch_max_wait_ms=FETCH_MS,
            max_partition_fetch_bytes=FETCH_BYTES,
        )  # fmt: skip

    async def _declared(self, topic: str, partitions: int) -> int:
        settings = {"max.message.bytes": str(RECORD_BYTES_MOST), **self._config_of.get(topic, {})}
        made = await self._admin.create_topics([NewTopic(topic, partitions, self._replicas, topic_configs=settings)])
        for _, code, words in made.topic_errors:
            if code and for_code(code) is not TopicAlreadyExistsError:
                raise ConfigurationError(f"topic {topic} cannot be made in {self.name}: {words or for_code(code).__name__}")
        return len(await self._producer.partitions_for(topic))

    async def _facts(self, topics: Sequence[str]) -> dict[str, TopicFacts | None]:
        there = sorted(set(topics) & set(await self._admin.list_topics()))
        found: dict[str, TopicFacts | None] = dict.fromkeys(topics)
        if there:
            asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in there]
            configs = {r[3]: {entry[0]: entry[1] for entry in r[4]} for a in await self._admin.describe_configs(asked) for r in a.resources}
            for one in await self._admin.describe_topics(there):
                parts = one["partitions"]
                replicas = min((len(p["replicas"]) for p in parts), default=0)
                found[one["topic"]] = TopicFacts(len(parts), replicas, configs.get(one["topic"], {}))
        return found

    async def _members(self) -> int:
        try:
            (answer,) = await self._admin.describe_consumer_groups([self._groups[0]])
        except GroupCoordinatorNotAvailableError:  # a young cluster has none, and no group
            return 0
        return len(answer.groups[0][-1])

    async def _append_many(self, appends: Sequence[Append]) -> list[int]:
        for topic, partition, records in appends:
            if not records:
                raise ValueError("append at least one record")
            await self._known(TopicPartition(topic, partition))
        bases: list[int] = []
        for _, of_topic in groupby(appends, key=lambda one: one[0]):
            sent = [await self._send(topic, partition, records) for topic, partition, records in of_topic]
            for some in sent:
                first, *_ = [(await told).offset for told in some]
                bases.append(first)
        return bases

    async def _send(self, topic: str, partition: int, records: Sequence[Record]) -> list[Any]:
        """In batches that are packed here: the driver's own way costs ten times as much a record."""
        futures, batch = [], self._producer.create_batch()
        for record in records:
            if not _put(batch, record):
                futures.append(await self._producer.send_batch(batch, topic, partition=partition))
                batch = self._producer.create_batch()
                _put(batch, record)
        return [*futures, await self._producer.send_batch(batch, topic, partition=partition)]

    async def _read(self, at: TopicPartition, offset: int, most: int) -> list[StoredRecord]:
        async with self._turn:  # the readers have positions
            end = await self._bound(at, "end_offsets")
            offset = max(offset, await self._bound(at, "beginning_offsets")) if offset < end else offset
            reader = await self._reader(at)
            found: list[StoredRecord] = []
            if await reader.position(at) != offset:
                reader.seek(at, offset)
            while len(found) < most and offset < end:
                some = (await reader.getmany(at, timeout_ms=self._patience_ms, max_records=most - len(found))).get(at, [])
                if not some:
                    raise DependencyError(f"{self.name}: {at.topic}-{at.partition} does not answer; check the broker")
                found += [StoredRecord(r.topic, r.partition, r.offset, r.timestamp, r.key, r.value, tuple(r.headers)) for r in some]
                offset = found[-1].offset + 1
        return found

    async def _reader(self, at: TopicPartition) -> AIOKafkaConsumer:
        if at not in self._readers:
            reader = self._consumer()
            await reader.start()
            reader.assign([at])
            self._readers[at] = reader
        return self._readers[at]

    async def _bound(self, at: TopicPartition, which: str) -> int:
        await self._known(at)
        found: dict[TopicPartition, int] = await getattr(self._ends, which)([at])
        return found[at]

    async def _note(self, offsets: dict[TopicPartition, int]) -> None:
        async with self._turn:  # one assignment at a time
            self._notes.assign(list(offsets))
            await self._notes.commit(offsets)

    async def _committed(self, at: TopicPartition) -> int | None:
        await self._known(at)
        for group in self._groups:
            found = await self._offset_of(group, at)
            if found >= 0:
                return found
        return None

    async def _offset_of(self, group: str, at: TopicPartition) -> int:
        while True:  # a young cluster has no coordinator for a moment; the caller's patience ends this
            try:
                found = await self._admin.list_consumer_group_offsets(group, partitions=[at])
                return int(found[at].offset) if at in found else -1
            except GroupCoordinatorNotAvailableError:
                await asyncio.sleep(RETRY_S)

    async def _known(self, at: TopicPartition) -> None:
        if at in self._found:
            return
        exists = at.topic in await self._admin.list_topics()  # asking for one that does not would wait for it
        if not exists or at.partition not in await self._producer.partitions_for(at.topic):
            raise ConfigurationError(f"topic {at.topic} has no partition {at.partition} in {self.name}; declare the topic first")
        self._found.add(at)

    async def _close(self) -> None:
        for part in (self._producer, self._ends, self._notes, *self._readers.values()):
            await part.stop()
        await self._admin.close()

    # --- between the threads -----------------------------------------------------------

    def _call(self, act: Coroutine[Any, Any, T]) -> T:
        with self._clear_errors():  # an idempotent producer of the driver would try for ever
            return asyncio.run_coroutine_threadsafe(asyncio.wait_for(act, self._patience_ms / 1000), self._loop).result()

    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        try:
            yield
        except (KafkaError, TimeoutError) as error:
            raise DependencyError(f"{self.name}: {error or type(error).__name__}; check that the brokers run and can be reached") from error

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def _put(batch: Any, record: Record) -> bool:
    """Pack one record; False when the batch is full. The first one always fits."""
    packed = batch.append(timestamp=record.timestamp_ms, key=record.key, value=record.value, headers=list(record.headers))
    return packed is not None
