"""EmbeddedLog: a durable, partitioned log in one SQLite file, with Kafka's offsets and order.

One append is one stored batch. Every answer about the end of a partition is read from the file inside
the transaction that uses it, so several processes may append to and read one file. Batches pass
through `seal` before they are written and through `unseal` when they are read; nothing else of a
record (key, value, headers) is on disk. All methods are synchronous and safe to call from any thread.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from zlib import crc32

from fraud_guard.adapters.embedded.records import (
    Columns,
    decode,
    encode,
    to_columns,
    to_rows,
    values_only,
)
from fraud_guard.adapters.embedded.sqlite_file import (
    Synchronous,
    connect,
    damaged,
    meaningful_errors,
    open_file,
    transaction,
)
from fraud_guard.adapters.embedded.tail import Tail
from fraud_guard.errors import ConfigurationError
from fraud_guard.failpoints import failpoint
from fraud_guard.log import Append, Record, StoredRecord

Seal = Callable[[bytes], bytes]
Listener = Callable[[], object]
TopicPartition = tuple[str, int]

OFFSET_BITS = 40
MAX_FETCH_BYTES = 4 * 1024 * 1024
TRIM_BATCHES = 500  # a transaction: others get the write lock in between

_LAST = "SELECT place, count FROM batch WHERE place >= ? AND place < ? ORDER BY place DESC LIMIT 1"
_COVERING = (
    "SELECT place, count, appended_ms, crc, blob FROM batch WHERE place < ?3 AND place >="
    " coalesce((SELECT max(place) FROM batch WHERE place >= ?1 AND place <= ?2), ?2) ORDER BY place"
)


def wall_clock_ms() -> int:
    """Epoch milliseconds."""
    return time.time_ns() // 1_000_000


class EmbeddedLog:
    """The log in the file `path`, which is created where missing.

    `seal` and `unseal` are inverse functions on bytes; `unseal` raises IntegrityError for bytes it
    did not seal. Methods raise ConfigurationError for a topic or partition that was never declared,
    DependencyError when the file cannot be reached or written, IntegrityError when it is damaged.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        seal: Seal | None = None,
        unseal: Seal | None = None,
        synchronous: Synchronous = "FULL",
        clock_ms: Callable[[], int] = wall_clock_ms,
    ) -> None:
        self.path = Path(path).absolute()
        self._seal, self._unseal, self._clock_ms = seal, unseal, clock_ms
        self._writer = open_file(self.path, synchronous)
        self._reader = connect(self.path, synchronous)
        self._write_lock, self._read_lock = threading.RLock(), threading.RLock()
        self._ids: dict[TopicPartition, int] = {}
        self._counts: dict[str, int] = {}
        self._tail = Tail()
        self._listeners: tuple[Listener, ...] = ()
        self._agree_on_sealing()

    # --- topics ------------------------------------------------------------------------

    def declare(self, topic: str, partitions: int) -> None:
        """Make sure the topic exists with so many partitions. Raises ConfigurationError if it has others."""
        if partitions < 1:
            raise ConfigurationError(f"topic {topic} needs at least one partition, not {partitions}")
        with self._writing() as db:
            (known,) = db.execute("SELECT count(*) FROM partition WHERE topic = ?", (topic,)).fetchone()
            if not known:
                rows = [(topic, number) for number in range(partitions)]
                db.executemany("INSERT INTO partition (topic, number) VALUES (?, ?)", rows)
        if known not in {0, partitions}:
            raise ConfigurationError(
                f"topic {topic} has {known} partitions in {self.path}, not {partitions}; "
                "drain it and use a new topic name"
            )

    def topics(self) -> dict[str, int]:
        """Every declared topic with its number of partitions."""
        with self._reading() as db:
            return dict(db.execute("SELECT topic, count(*) FROM partition GROUP BY topic ORDER BY topic"))

    def partitions(self, topic: str) -> int | None:
        """Number of partitions; None when the topic was never declared."""
        known = self._counts.get(topic)
        if known is None:
            self._counts = self.topics()
            known = self._counts.get(topic)
        return known

    # --- writing -----------------------------------------------------------------------

    def append(self, topic: str, partition: int, records: Sequence[Record]) -> int:
        """Append 1..N records as one batch; return the first one's offset. Durable when it returns.

        Raises ValueError for no records and TypeError for keys or values that are not bytes.
        """
        return self.append_many([(topic, partition, records)])[0]

    def append_values(self, topic: str, partition: int, values: Sequence[bytes]) -> int:
        """As `append` for records that are nothing but their values."""
        return self._write([self._sealed(topic, partition, values_only(values))])[0]

    def append_many(self, appends: Sequence[Append]) -> list[int]:
        """Append several batches in one transaction; return their base offsets, in order given."""
        return self._write([self._sealed(topic, partition, to_columns(records)) for topic, partition, records in appends])

    def _write(self, sealed: Sequence[tuple[int, Columns, bytes]]) -> list[int]:
        now_ms = self._clock_ms()
        with self._writing() as db:
            bases = [self._insert(db, one_id, now_ms, columns, blob) for one_id, columns, blob in sealed]
            failpoint("log.append.before_commit")
        failpoint("log.append.after_commit")
        with self._read_lock:
            for (one_id, columns, _), base in zip(sealed, bases, strict=True):
                self._tail.put((one_id << OFFSET_BITS) + base, columns, sum(map(len, columns.values)))
        for listener in self._listeners:
            listener()
        return bases

    def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Store the next offset to read of each partition; durable when it returns."""
        rows = [(offset, self._id(topic, partition)) for (topic, partition), offset in offsets.items()]
        failpoint("log.commit.before")
        with self._writing() as db:
            db.executemany("UPDATE partition SET committed = ? WHERE id = ?", rows)
        failpoint("log.commit.after")

    def trim(self, topic: str, partition: int, before_offset: int) -> int:
        """Delete the whole batches below `before_offset`; return the new start offset."""
        one_id = self._id(topic, partition)
        while self._trim_slice(one_id, before_offset):
            pass
        return self.start(topic, partition)

    def trim_older(self, topic: str, before_ms: int, keep_from_offset: Mapping[int, int]) -> None:
        """Delete batches appended before `before_ms` that lie below the partition's offset to keep.

        Partitions that `keep_from_offset` does not name are left alone.
        """
        for partition, keep_from in keep_from_offset.items():
            low = self._id(topic, partition) << OFFSET_BITS
            with self._reading() as db:
                row = db.execute(
                    "SELECT place FROM batch WHERE place >= ? AND place < ? AND appended_ms >= ? "
                    "ORDER BY place LIMIT 1",
                    (low, low + keep_from, before_ms),
                ).fetchone()
            self.trim(topic, partition, row[0] - low if row else keep_from)

    # --- reading -----------------------------------------------------------------------

    def read(
        self,
        topic: str,
        partition: int,
        offset: int,
        max_records: int,
        max_bytes: int = MAX_FETCH_BYTES,
    ) -> list[StoredRecord]:
        """Up to `max_records` records from `offset` on; empty at the end of the partition.

        Below the start (trimmed), reading begins at the start: compare the first record's offset.
        Stops after the batch that reaches `max_bytes` as stored.
        """
        low = self._id(topic, partition) << OFFSET_BITS
        records: list[StoredRecord] = []
        size_bytes = 0
        span = (low, low + max(offset, 0), low + (1 << OFFSET_BITS))
        with self._reading() as db, closing(db.execute(_COVERING, span)) as batches:
            for place, count, appended_ms, crc, blob in batches:
                base = place - low
                if base + count > offset:
                    name = f"{topic}-{partition}"
                    columns = self._tail.get(place) or self._open_blob(name, base, crc, blob)
                    rows = to_rows(columns, topic, partition, base, appended_ms)
                    wanted = max(offset - base, 0)
                    records += rows[wanted : wanted + max_records - len(records)]
                    size_bytes += len(blob)
                if len(records) >= max_records or size_bytes >= max_bytes:
                    break
        return records

    def start(self, topic: str, partition: int) -> int:
        """The lowest offset that can be read."""
        return self._column("start", topic, partition) or 0

    def end(self, topic: str, partition: int) -> int:
        """The offset that the next appended record will get."""
        one_id = self._id(topic, partition)
        with self._reading() as db:
            return self._end(db, one_id)

    def committed(self, topic: str, partition: int) -> int | None:
        """The next offset to read as committed; None before the first commit."""
        return self._column("committed", topic, partition)

    def data_version(self) -> int:
        """A number that changes whenever anybody commits to the file; costs microseconds."""
        with self._reading() as db:
            return int(db.execute("PRAGMA data_version").fetchone()[0])

    def check(self) -> None:
        """Read the whole file. Raises IntegrityError when a page or a batch is damaged."""
        with self._reading() as db:
            (answer,) = db.execute("PRAGMA quick_check(1)").fetchone()
            if answer != "ok":
                raise damaged(self.path, answer)
            names = dict(db.execute("SELECT id, topic || '-' || number FROM partition"))
            for place, crc, blob in db.execute("SELECT place, crc, blob FROM batch"):
                self._open_blob(names.get(place >> OFFSET_BITS, "?"), place, crc, blob)

    # --- being told, closing -----------------------------------------------------------

    def listen(self, listener: Listener) -> None:
        """Call `listener` after every append of this process, in the thread that appended."""
        self._listeners = (*self._listeners, listener)

    def unlisten(self, listener: Listener) -> None:
        """Stop calling `listener`; harmless when it was not called."""
        self._listeners = tuple(other for other in self._listeners if other != listener)

    def close(self) -> None:
        """Close the file; waits for calls in other threads."""
        with self._write_lock, self._read_lock:
            self._reader.close()
            self._writer.close()

    # --- inner -------------------------------------------------------------------------

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._write_lock, meaningful_errors(self.path), transaction(self._writer):
            yield self._writer

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._read_lock, meaningful_errors(self.path):
            yield self._reader

    def _agree_on_sealing(self) -> None:
        mine = "no" if self._seal is None else "yes"
        with self._writing() as db:
            db.execute("INSERT OR IGNORE INTO trait VALUES ('sealed', ?)", (mine,))
            (theirs,) = db.execute("SELECT value FROM trait WHERE name = 'sealed'").fetchone()
        if mine != theirs:
            self.close()
            raise ConfigurationError(
                f"log {self.path} was created with sealing: {theirs}, but is opened with sealing: {mine}; "
                "give the same key setting as at its creation"
            )

    def _id(self, topic: str, partition: int) -> int:
        one_id = self._ids.get((topic, partition))
        return self._look_up_id(topic, partition) if one_id is None else one_id

    def _look_up_id(self, topic: str, partition: int) -> int:
        with self._reading() as db:
            rows: Iterable[tuple[int, str, int]] = db.execute("SELECT id, topic, number FROM partition")
            self._ids = {(name, number): one_id for one_id, name, number in rows}
        try:
            return self._ids[topic, partition]
        except KeyError:
            raise ConfigurationError(
                f"topic {topic} has no partition {partition} in {self.path}; declare the topic first"
            ) from None

    def _column(self, name: str, topic: str, partition: int) -> int | None:
        one_id = self._id(topic, partition)
        with self._reading() as db:
            row = db.execute(f"SELECT {name} FROM partition WHERE id = ?", (one_id,)).fetchone()  # noqa: S608
        return None if row[0] is None else int(row[0])

    def _end(self, db: sqlite3.Connection, one_id: int) -> int:
        low = one_id << OFFSET_BITS
        row = db.execute(_LAST, (low, low + (1 << OFFSET_BITS))).fetchone()
        if row is None:
            return int(db.execute("SELECT start FROM partition WHERE id = ?", (one_id,)).fetchone()[0])
        return int(row[0] - low + row[1])

    def _sealed(self, topic: str, partition: int, columns: Columns) -> tuple[int, Columns, bytes]:
        blob = encode(columns)
        return self._id(topic, partition), columns, blob if self._seal is None else self._seal(blob)

    def _insert(self, db: sqlite3.Connection, one_id: int, now_ms: int, columns: Columns, blob: bytes) -> int:
        base = self._end(db, one_id)
        row = ((one_id << OFFSET_BITS) + base, len(columns.values), now_ms, crc32(blob), blob)
        db.execute("INSERT INTO batch VALUES (?, ?, ?, ?, ?)", row)
        return base

    def _trim_slice(self, one_id: int, before_offset: int) -> bool:
        """Delete one slice of batches; True when more may be left."""
        low = one_id << OFFSET_BITS
        with self._writing() as db:
            places = db.execute(
                "SELECT place, count FROM batch WHERE place >= ? AND place + count <= ? ORDER BY place LIMIT ?",
                (low, low + before_offset, TRIM_BATCHES),
            ).fetchall()
            if places:
                start = places[-1][0] + places[-1][1] - low
                db.execute("UPDATE partition SET start = ? WHERE id = ?", (start, one_id))
                db.execute("DELETE FROM batch WHERE place >= ? AND place <= ?", (low, places[-1][0]))
        return len(places) == TRIM_BATCHES

    def _open_blob(self, name: str, base: int, crc: int, blob: bytes) -> Columns:
        if crc32(blob) != crc:
            raise damaged(self.path, f"check sum of batch {name} at offset {base & ((1 << OFFSET_BITS) - 1)}")
        return decode(blob if self._unseal is None else self._unseal(blob), f"log {self.path}, {name}")
