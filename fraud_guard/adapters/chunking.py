"""Chunked consumption: consecutive records of one partition arrive as one Faust event.

Faust costs about 80 µs a message whatever the agent does; a chunk of 1,000 records pays that once. A
topic declared with `ChunkSchema` is chunked: `event.value` is a list of records (`LogRecord`), and
`event.ack()` makes the whole chunk committable, in order of delivery, so that only a prefix of
acknowledged chunks is ever committed. What comes of a partition while its chunk is in the agent's hands
arrives as one when that is acknowledged: the busier the agent, the larger its chunks. Works on any Faust consumer: mix `ChunkingMixin` in before it.
Overrides follow the method signatures of faust-streaming 0.15.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, cast

import faust
from faust.events import Event
from faust.transport.consumer import Consumer, RecordMap
from faust.types import TP, AppT, ConsumerMessage, EventT, Message
from faust.types.tuples import ack_lock
from mode.utils.futures import notify

from fraud_guard.adapters.deliveries import Deliveries, Delivery
from fraud_guard.errors import ConfigurationError

CHUNK_RECORDS = 1_000
YIELD_EVERY_MESSAGES = 100
BUSY_S = 0.02
"""So long the others are waited for while the agent has a chunk of some partitions in its hands."""

PositionHook = Callable[[frozenset[TP]], Awaitable[Mapping[TP, int]]]
"""Told the assigned partitions, answers from which offset to read those whose position the app keeps."""


ReleaseHook = Callable[[], Awaitable[None]]
"""Called before partitions are taken away."""


class LogRecord(Protocol):
    """One record of a chunk, whichever driver fetched it."""

    @property
    def topic(self) -> str:
        """Name of the topic."""

    @property
    def partition(self) -> int:
        """Number of the partition."""

    @property
    def offset(self) -> int:
        """Position in the partition."""

    @property
    def timestamp(self) -> int:
        """Epoch milliseconds, as the producer gave it."""

    @property
    def key(self) -> bytes | None:
        """Raw key."""

    @property
    def value(self) -> bytes | None:
        """Raw value."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """Names and raw values."""


class ChunkSchema(faust.Schema):  # type: ignore[type-arg]
    """Marks a topic as chunked; its records are never decoded by Faust, so no record can kill the agent."""

    def __init__(self, max_records: int = CHUNK_RECORDS) -> None:
        super().__init__(key_serializer="raw", value_serializer="raw")
        if max_records < 1:
            raise ConfigurationError(f"a chunk holds at least one record, not {max_records}")
        self.max_records = max_records

    def compile(self, app: AppT, **_: Any) -> Callable[..., Awaitable[EventT[Any]]]:
        """Wrap the message as it is: its value already is the list of records."""

        async def decode(message: Message, *, propagate: bool = False) -> EventT[Any]:  # noqa: ARG001
            return Event(app, None, message.value, None, message)

        return decode


def chunk_records(topic: str, channels: Iterable[Any]) -> int:
    """Records in a chunk of this topic, 0 for a plain topic.

    Raises ConfigurationError when some of its subscribers want chunks and others single records.
    """
    sizes = [getattr(channel.schema, "max_records", 0) for channel in channels]
    if any(sizes) and not all(sizes):
        raise ConfigurationError(
            f"topic {topic} has subscribers with and without ChunkSchema; give all the same"
        )
    return min(sizes)


class ChunkMessage(ConsumerMessage):
    """A message whose value is a list of records; it knows which delivery it is."""

    __slots__ = ("delivery",)
    delivery: Delivery


class ChunkingMixin(Consumer):
    """Put before a Faust consumer class. Topics without ChunkSchema are consumed as ever.

    The transport may carry `on_assigned`, a PositionHook: it is asked after every rewind to the
    committed offsets (at the start and after a rebalance), before anything is fetched. And `on_revoked`, a ReleaseHook.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._deliveries = Deliveries()
        self._has_room = asyncio.Event()
        self._channels: dict[str, list[Any]] = {}
        self._chunk_records: dict[str, int] = {}
        super().__init__(*args, **kwargs)

    # --- what is chunked ---------------------------------------------------------------

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Also learn which topics are chunked: all agents have subscribed by now."""
        self._index_channels()
        await super().on_partitions_assigned(assigned, generation_id)

    def _index_channels(self) -> None:
        channels: defaultdict[str, list[Any]] = defaultdict(list)
        for channel in list(self.app.topics):
            for topic in channel.topics:
                channels[topic].append(channel)
        self._channels = dict(channels)
        self._chunk_records = {
            topic: size for topic, among in channels.items() if (size := chunk_records(topic, among))
        }

    # --- rewinding: chunks under way no longer count -----------------------------------

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Also commit what was acknowledged, then forget the chunks of these partitions."""
        await super().on_partitions_revoked(revoked)
        on_revoked: ReleaseHook | None = getattr(self.transport, "on_revoked", None)
        if revoked and on_revoked is not None:
            await on_revoked()
        await self.commit()
        self._deliveries.drop(revoked)

    async def perform_seek(self) -> None:
        """Also commit first, forget all chunks, and go where the application's own store stands."""
        await self.commit()
        self._deliveries.drop()
        await super().perform_seek()
        on_assigned: PositionHook | None = getattr(self.transport, "on_assigned", None)
        if on_assigned is not None:
            for tp, offset in (await on_assigned(frozenset(self.assignment()))).items():
                await self.seek(tp, offset)

    async def seek(self, partition: TP, offset: int) -> None:
        """Also forget the chunks of the partition."""
        self._deliveries.drop([partition])
        await super().seek(partition, offset)

    # --- fetching ----------------------------------------------------------------------

    def on_buffer_drop(self, tp: TP) -> None:
        """Also wake the fetcher that waits because every buffer was full."""
        super().on_buffer_drop(tp)
        self._has_room.set()

    def resume_partitions(self, tps: Iterable[TP]) -> None:
        """Also wake the fetcher that waits because every partition was paused."""
        super().resume_partitions(tps)
        self._has_room.set()

    async def _wait_for_room(self, timeout_s: float) -> set[TP] | None:
        """The partitions to fetch from: the agent has nothing of them in its hands, so what came meanwhile arrives as one.

        Waits a moment when there are none, where Faust sleeps a whole second.
        """
        if not self.flow_active:
            await self.wait(self.can_resume_flow)  # type: ignore[arg-type]
        if self.app.client_only:
            return None
        active = {tp for tp in self._get_active_partitions() if not self._deliveries.is_under_way(tp)}
        if not active:
            self._has_room.clear()
            await self._wait_for(self._has_room, timeout_s)
        return active

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Message]]:  # noqa: ASYNC109
        """As in Faust, but yields chunks for chunked topics, and delivers nothing that a rewind has crossed."""
        active = await self._wait_for_room(timeout)
        if active is not None and not active:
            return
        if active is not None and len(active) < len(self._get_active_partitions()):
            timeout = BUSY_S
        before = self.app.consumer_generation_id, self._deliveries.rewinds
        records = await self._getmany(active_partitions=active, timeout=timeout)
        if self.should_stop or self.app.should_stop:
            return  # what is committed is where the next one goes on
        if self._has_moved_since(before):
            await self._put_back(records)
            return
        for tp, item in self._scheduled(records):
            if self._has_moved_since(before):
                return
            if active is None or tp in active or tp in self._buffered_partitions:
                self.app.monitor.track_tp_end_offset(tp, self.highwater(tp))
                yield tp, self._chunk(tp, item) if type(item) is list else self._to_message(tp, item)

    async def _put_back(self, records: RecordMap) -> None:
        """Fetch them again, in their order, unless the rewind went back further or will."""
        for tp, rows in records.items():
            if rows and tp in self.assignment() and (await self.position(tp) or 0) > rows[0].offset:
                await self._seek(tp, rows[0].offset)

    def _has_moved_since(self, before: tuple[int, int]) -> bool:
        """Whether records fetched then may no longer be delivered."""
        return not self.flow_active or before != (self.app.consumer_generation_id, self._deliveries.rewinds)

    def _scheduled(self, records: RecordMap) -> Iterator[tuple[TP, Any]]:
        """Records and chunks in turn: partition by partition, topic by topic."""
        sizes = self._chunk_records
        items = {
            tp: [rows[i : i + size] for i in range(0, len(rows), size)]
            if (size := sizes.get(tp.topic, 0))
            else rows
            for tp, rows in records.items()
        }
        return self.scheduler.iterate(items)

    def _chunk(self, tp: TP, records: list[Any]) -> ChunkMessage:
        last = records[-1]
        message = ChunkMessage(
            tp.topic, tp.partition, last.offset, (last.timestamp or 0) / 1000, 0, None, None,
            cast(Any, records), None, 0, 0, tp, generation_id=self.app.consumer_generation_id,
        )  # fmt: skip
        message.delivery = self._deliveries.add(tp, last.offset)
        return message

    async def _wait_for(self, event: asyncio.Event, timeout_s: float) -> bool:
        """Wait for the event; False when the time is over."""
        try:
            await asyncio.wait_for(event.wait(), timeout_s)
        except TimeoutError:
            return False
        return True

    # --- delivering --------------------------------------------------------------------

    async def _drain_messages(self, fetcher: Any) -> None:
        """As in Faust, without its two asyncio tasks a message and without gaps inside chunked topics."""
        since_yield = 0
        stopped: tuple[type[BaseException], ...] = (*self.consumer_stopped_errors, asyncio.CancelledError)
        try:
            while not (self._stopped.is_set() or fetcher._stopped.is_set()):  # noqa: SLF001
                await asyncio.sleep(0)
                async for tp, message in self.getmany(timeout=1.0):
                    since_yield += 1
                    is_chunk = isinstance(message, ChunkMessage)
                    if is_chunk or since_yield >= YIELD_EVERY_MESSAGES:
                        since_yield = 0
                        await asyncio.sleep(0)
                    await self._deliver(tp, message, is_chunk=is_chunk)
        except stopped:
            if not self.app.should_stop:
                raise
        except Exception:
            self.log.exception("the fetcher failed")
            raise

    async def _deliver(self, tp: TP, message: Message, *, is_chunk: bool) -> None:
        read_offset = self._read_offset[tp]
        if read_offset is not None and message.offset < read_offset:
            return
        is_gap = not is_chunk and read_offset and message.offset - read_offset > 1
        if is_gap and self.app.topics.acks_enabled_for(message.topic):
            await self._add_gap(tp, (read_offset or 0) + 1, message.offset)
        if self._commit_every is not None and self._n_acked >= self._commit_every:
            self._n_acked = 0
            await self.commit()
        if self._may_block(message.topic):
            await self.wait_first(self.callback(message), self.suspend_flow.wait())
        else:
            await self.callback(message)
        self._read_offset[tp] = message.offset

    def _may_block(self, topic: str) -> bool:
        """Whether delivering may wait so long that suspending the flow must interrupt it."""
        buffer = self.app.producer.buffer
        return (
            self.suspend_flow.is_set()
            or not self.app.flow_control.is_active()
            or buffer.size > buffer.max_messages
            or any(channel.queue.full() for channel in self._channels.get(topic, ()))
        )

    # --- acknowledging and committing --------------------------------------------------

    def ack(self, message: Message) -> bool:
        """As in Faust for plain messages; a chunk marks its delivery, so a stale one cannot be mixed up."""
        if not isinstance(message, ChunkMessage):
            return super().ack(message)
        with ack_lock:
            if message.acked:
                return False
            message.acked = True
            self._unacked_messages.discard(message)
            message.delivery.done = True
            message.delivery.acked = self.app.topics.acks_enabled_for(message.topic)
            self._has_room.set()
            self._n_acked += 1
            notify(self._waiting_for_ack)
        return True

    async def commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:  # noqa: FBT001, FBT002  Faust's signature
        """As in Faust, but also what was acknowledged after a commit began that is still under way: at a stop it would be forgotten."""
        is_under_way = self._commit_fut is not None
        committed = await super().commit(topics, start_new_transaction)
        return await super().commit(topics, start_new_transaction) if is_under_way else committed

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        """Also the partitions with chunks, whose acknowledgements Faust does not see."""
        yield from super()._filter_tps_with_pending_acks(topics)
        for tp in self._deliveries.partitions():
            if topics is None or tp in topics or tp.topic in topics:
                yield tp

    def _new_offset(self, tp: TP) -> int | None:
        """As in Faust for plain topics; else the acknowledged prefix, never past an open chunk."""
        if tp.topic in self._chunk_records:
            return self._deliveries.take_committable(tp)
        return super()._new_offset(tp)
