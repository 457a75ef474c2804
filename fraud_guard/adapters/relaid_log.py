"""A log that was laid out anew with more partitions: one run of offsets over all its generations.

Each generation is a topic of its own (`tags`, `tags.2`, …). Offsets of a generation count from its `base`, which lies behind
every offset of those before it, so a position of the log means one record for good. A partition is written and begins in
the newest generation; what lies below is read where its shards were then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from fraud_guard.log import Append, Log, Record, StoredRecord


class Generation(msgspec.Struct, frozen=True):
    """One layout of the log. `base`: the offset that its first records count from."""

    number: int
    partitions: int
    base: int = 0


Generations = tuple[Generation, ...]
"""Oldest first; the number of partitions is a multiple of that of the one before."""


def topic_of(topic: str, number: int) -> str:
    """The name of a generation's topic."""
    return topic if number == 1 else f"{topic}.{number}"


def generation_of(generations: Generations, offset: int) -> Generation:
    """The generation that an offset belongs to."""
    return next((one for one in reversed(generations) if one.base <= offset), generations[0])


class RelaidLog:
    """See `log.Log`. `topic` and the newest generation's own name both mean all of it; other topics are as they are."""

    def __init__(self, log: Log, topic: str, generations: Generations) -> None:
        self._log, self._topic, self.generations = log, topic, generations
        self._newest = generations[-1]
        self._names = (topic, topic_of(topic, self._newest.number))

    def declare(self, topic: str, partitions: int) -> None:
        """Make sure the topic exists with so many partitions."""
        self._log.declare(self._name(topic), partitions)

    def append(self, topic: str, partition: int, records: Sequence[Record]) -> int:
        """Append 1..N records in order; return the first one's offset."""
        return self._log.append(self._name(topic), partition, records) + self._base(topic)

    def append_values(self, topic: str, partition: int, values: Sequence[bytes]) -> int:
        """As `append` for records that are nothing but their values."""
        return self._log.append_values(self._name(topic), partition, values) + self._base(topic)

    def append_many(self, appends: Sequence[Append]) -> list[int]:
        """Append several; return their first offsets."""
        first = self._log.append_many([(self._name(topic), partition, records) for topic, partition, records in appends])
        return [offset + self._base(topic) for offset, (topic, _, _) in zip(first, appends, strict=True)]

    def read(self, topic: str, partition: int, offset: int, max_records: int) -> list[StoredRecord]:
        """Up to `max_records` records from `offset` on; below the newest generation of the older one's partition."""
        if topic not in self._names:
            return self._log.read(topic, partition, offset, max_records)
        for one in self.generations[self.generations.index(generation_of(self.generations, offset)) :]:
            name, at = topic_of(self._topic, one.number), partition % one.partitions
            found = self._log.read(name, at, max(0, offset - one.base), max_records)
            if found:
                return [r._replace(topic=topic, partition=partition, offset=r.offset + one.base) for r in found]
        return []

    def start(self, topic: str, partition: int) -> int:
        """The lowest offset of the newest generation that can be read."""
        return self._log.start(self._name(topic), partition) + self._base(topic)

    def end(self, topic: str, partition: int) -> int:
        """The offset that the next appended record will get."""
        return self._log.end(self._name(topic), partition) + self._base(topic)

    def commit(self, offsets: Mapping[tuple[str, int], int]) -> None:
        """Note the next offset to read of each (topic, partition) that no worker consumes."""
        self._log.commit({(self._name(topic), p): offset - self._base(topic) for (topic, p), offset in offsets.items()})

    def committed(self, topic: str, partition: int) -> int | None:
        """The next offset to read as committed by workers or noted by `commit`."""
        found = self._log.committed(self._name(topic), partition)
        return None if found is None else found + self._base(topic)

    def trim_older(self, topic: str, before_ms: int, keep_from_offset: Mapping[int, int]) -> None:
        """Let old records go; of older generations all that are old."""
        base = self._base(topic)
        self._log.trim_older(self._name(topic), before_ms, {p: max(0, offset - base) for p, offset in keep_from_offset.items()})
        for one in self.generations[:-1] if topic in self._names else ():
            name = topic_of(self._topic, one.number)
            self._log.trim_older(name, before_ms, {p: self._log.end(name, p) for p in range(one.partitions)})

    def close(self) -> None:
        """Release files and connections."""
        self._log.close()

    def _name(self, topic: str) -> str:
        return self._names[1] if topic in self._names else topic

    def _base(self, topic: str) -> int:
        return self._newest.base if topic in self._names else 0
