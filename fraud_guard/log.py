"""The log as the stages need it: its records, and what an adapter promises (`tests/conformance/test_log.py`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

RECORD_BYTES_MOST = 8 << 20
"""Blocks of the log are smaller."""
Headers = tuple[tuple[str, bytes], ...]


class Record(NamedTuple):
    """What a writer gives. `timestamp_ms` None means: the time of appending."""

    key: bytes | None
    value: bytes
    headers: Headers = ()
    timestamp_ms: int | None = None


class StoredRecord(NamedTuple):
    """What a reader gets: the record and its place in the log."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes
    headers: Headers = ()

    @property
    def timestamp(self) -> int:
        """The same milliseconds under the name that records of the Kafka driver use."""
        return self.timestamp_ms


Append = tuple[str, int, Sequence[Record]]
"""Topic, partition, and 1..N records for it."""


class Log(Protocol):
    """Topics of partitions of records, each record with an offset. Calls may come from any thread.

    Raises ConfigurationError for a topic or partition that does not exist, DependencyError when the log cannot
    be reached (the call may be repeated), IntegrityError when it is damaged.
    """

    def declare(self, topic: str, partitions: int) -> None:
        """Make sure the topic exists with so many partitions. Raises ConfigurationError if it has others."""

    def append(self, topic: str, partition: int, records: Sequence[Record]) -> int:
        """Append 1..N records in order; return the first one's offset. Durable when it returns."""

    def append_values(self, topic: str, partition: int, values: Sequence[bytes]) -> int:
        """As `append` for records that are nothing but their values."""

    def append_many(self, appends: Sequence[Append]) -> list[int]:
        """Append several; return their first offsets. Whoever can read one of a topic can read all of the topics before it."""

    def read(self, topic: str, partition: int, offset: int, max_records: int) -> list[StoredRecord]:
        """Up to `max_records` records from `offset` on; empty at the end. Below the start, reading begins at the start."""

    def start(self, topic: str, partition: int) -> int:
        """The lowest offset that can be read."""

    def end(self, topic: str, partition: int) -> int:
        """The offset that the next appended record will get."""

    def commit(self, offsets: Mapping[tuple[str, int], int]) -> None:
        """Note the next offset to read of each (topic, partition) that no worker consumes."""

    def committed(self, topic: str, partition: int) -> int | None:
        """The next offset to read as committed by workers or noted by `commit`; None before the first."""

    def trim_older(self, topic: str, before_ms: int, keep_from_offset: Mapping[int, int]) -> None:
        """Let records appended before `before_ms` go that lie below the partition's offset to keep."""

    def close(self) -> None:
        """Release files and connections."""
