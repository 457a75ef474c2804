"""Faust's way out of the log: one process reads all partitions, from where the application says."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, cast

from faust.app import App
from faust.assignor.client_assignment import ClientAssignment
from faust.assignor.partition_assignor import PartitionAssignor
from faust.transport.consumer import Consumer as FaustConsumer
from faust.transport.consumer import RecordMap, ensure_TP
from faust.types import TP, ConsumerMessage

from fraud_guard.adapters.chunking import ChunkingMixin
from fraud_guard.adapters.embedded.consumer_lock import ConsumerLock
from fraud_guard.adapters.embedded.log import EmbeddedLog
from fraud_guard.adapters.embedded.producer import Producer, declare_if_missing
from fraud_guard.errors import IntegrityError
from fraud_guard.log import StoredRecord

FETCH_RECORDS = 4_000
SHORTEST_POLL_S, LONGEST_POLL_S = 0.020, 0.200


class Consumer(ChunkingMixin, FaustConsumer):
    """Consumes its topics of a log file alone: the lock of its group is held from start to stop.

    Appends of this process wake it at once, those of other processes within LONGEST_POLL_S.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._assigned: set[TP] = set()
        self._positions: dict[TP, int] = {}
        self._ends: dict[TP, int] = {}
        self._appended = asyncio.Event()
        self._wake: Callable[[], object] = self._appended.set
        self._seen_version = -1
        self._poll_s = SHORTEST_POLL_S
        super().__init__(*args, **kwargs)
        self._lock = ConsumerLock(self.transport.path, self.transport.group)  # type: ignore[attr-defined]  # the log opens at the start

    @property
    def embedded_log(self) -> EmbeddedLog:
        """The log of this transport."""
        return cast(EmbeddedLog, self.transport.embedded_log)  # type: ignore[attr-defined]

    async def on_start(self) -> None:
        """Become the only reader. Raises DependencyError while another worker is."""
        self._lock.acquire()
        self._wake = partial(asyncio.get_running_loop().call_soon_threadsafe, self._appended.set)
        self.embedded_log.listen(self._wake)
        await super().on_start()

    async def on_stop(self) -> None:
        """Commit, then let another worker read."""
        await super().on_stop()
        self.embedded_log.unlisten(self._wake)
        self._lock.release()

    # --- assignment --------------------------------------------------------------------

    async def create_topic(self, topic: str, partitions: int, *_: Any, **__: Any) -> None:
        """Declare the topic unless it exists."""
        declare_if_missing(self.embedded_log, topic, partitions)

    async def subscribe(self, topics: Iterable[str]) -> None:
        """Take every partition of the topics, as a broker would give them to a group of one."""
        assigned = {
            TP(topic, partition)
            for topic in topics
            for partition in range(
                declare_if_missing(self.embedded_log, topic, self.app.conf.topic_partitions)
            )
        }
        app = cast(App, self.app)
        app.on_rebalance_start()
        await self.on_partitions_revoked(set(self._assigned))
        self._assigned = assigned
        self._tell_assignor(assigned)
        app.consumer_generation_id += 1
        # Not awaited: the callback itself waits until this method has returned.
        self.add_future(self.on_partitions_assigned(set(assigned), app.consumer_generation_id))

    def _tell_assignor(self, assigned: set[TP]) -> None:
        """Fill in what Faust's assignor would have learnt from a group coordinator."""
        actives: defaultdict[str, list[int]] = defaultdict(list)
        for tp in sorted(assigned):
            actives[tp.topic].append(tp.partition)
        changelogs = {t: parts for t, parts in actives.items() if t in self.app.tables.changelog_topics}
        assignor = cast(PartitionAssignor, self.app.assignor)
        assignor._assignment = ClientAssignment(actives=dict(actives), standbys={})  # noqa: SLF001
        assignor._active_tps, assignor._standby_tps = set(assigned), set()  # noqa: SLF001
        assignor.changelog_distribution = {str(self.app.conf.canonical_url): changelogs}

    def assignment(self) -> set[TP]:
        """All partitions of the subscribed topics."""
        return set(self._assigned)

    # --- fetching ----------------------------------------------------------------------

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> RecordMap:  # noqa: ASYNC109
        self._appended.clear()
        self._seen_version = self.embedded_log.data_version()
        records = self._collect(active_partitions)
        if records:
            self._poll_s = SHORTEST_POLL_S
            return records
        await self._wait_for_append(timeout)
        return self._collect(active_partitions) if self.flow_active else {}

    def _collect(self, active_partitions: set[TP] | None) -> dict[TP, list[StoredRecord]]:
        found: dict[TP, list[StoredRecord]] = {}
        for tp in self._assigned if active_partitions is None else active_partitions & self._assigned:
            position = self._positions.get(tp)
            if position is None:
                continue  # not sought yet
            records = self.embedded_log.read(tp.topic, tp.partition, position, FETCH_RECORDS)
            if records:
                self._note_gap(tp, position, records[0].offset)
                found[tp] = records
                self._positions[tp] = records[-1].offset + 1
                self._ends[tp] = self.embedded_log.end(tp.topic, tp.partition)
        return found

    def _note_gap(self, tp: TP, wanted: int, first: int) -> None:
        if first > wanted:
            self.log.warning("%s-%s: offsets %s to %s were trimmed unread", *tp, wanted, first - 1)

    async def _wait_for_append(self, timeout_s: float) -> None:
        """Return when this process appended, another one wrote, or the time is over."""
        while timeout_s > 0:
            wait_s = min(self._poll_s, timeout_s)
            if await self._wait_for(self._appended, wait_s):
                return
            timeout_s -= wait_s
            self._poll_s = min(self._poll_s * 2, LONGEST_POLL_S)
            if self.embedded_log.data_version() != self._seen_version:
                return

    def _to_message(self, tp: TP, record: StoredRecord) -> ConsumerMessage:
        return ConsumerMessage(
            record.topic, record.partition, record.offset, record.timestamp_ms / 1000, 0, list(record.headers),
            record.key, record.value, None, None, None, tp,
            generation_id=self.app.consumer_generation_id,
        )  # fmt: skip

    # --- positions ---------------------------------------------------------------------

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        self.embedded_log.commit({(tp.topic, tp.partition): offset for tp, offset in offsets.items()})
        return True

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Go to the committed offset of every partition, to the start where there is none."""
        for tp in self._assigned:
            committed = self.embedded_log.committed(*tp)
            self._positions[tp] = self.embedded_log.start(*tp) if committed is None else committed
        return dict(self._positions)

    async def seek_wait(self, partitions: Mapping[TP, int]) -> None:
        """Go to these offsets."""
        for tp, offset in partitions.items():
            await self.seek(tp, offset)

    async def _seek(self, partition: TP, offset: int) -> None:
        tp = ensure_TP(partition)
        if offset > (end := self.embedded_log.end(*tp)):
            raise IntegrityError(
                f"{tp.topic}-{tp.partition} shall be read from offset {offset}, but the log "
                f"{self.embedded_log.path} ends at {end}: it lost records; restore it and the memory from one snapshot"
            )
        self._positions[tp] = max(offset, 0)

    async def position(self, tp: TP) -> int | None:
        """The offset that is fetched next."""
        return self._positions.get(tp)

    async def earliest_offsets(self, *partitions: TP) -> Mapping[TP, int]:
        """The lowest offset that can be read of each partition."""
        return {tp: self.embedded_log.start(*tp) for tp in partitions}

    async def highwaters(self, *partitions: TP) -> Mapping[TP, int]:
        """The next offset to be appended of each partition."""
        return {tp: self.embedded_log.end(*tp) for tp in partitions}

    def highwater(self, tp: TP) -> int:
        """The end of the partition as of the last fetch."""
        return self._ends.get(tp, 0)

    def topic_partitions(self, topic: str) -> int | None:
        """Number of partitions; None for an unknown topic."""
        return self.embedded_log.partitions(topic)

    def key_partition(self, topic: str, key: bytes | None, partition: int | None = None) -> int | None:
        """The partition that a key belongs to."""
        if partition is not None:
            return partition
        return cast(Producer, self.app.producer).key_partition(topic, key).partition

    def _new_topicpartition(self, topic: str, partition: int) -> TP:
        return TP(topic, partition)
