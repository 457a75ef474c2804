"""Memory store on SQLite: every checkpoint is one transaction of blobs, position and fence.

Blobs lie under integer row ids (three times cheaper than text keys) and carry a CRC-32.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fraud_guard.errors import ConfigurationError, DependencyError, FencedError, IntegrityError
from fraud_guard.failpoints import failpoint
from fraud_guard.ports import Snapshot

VERSION = 1
_SCHEMA = """
CREATE TABLE blob (id INTEGER PRIMARY KEY, partition TEXT NOT NULL, key TEXT NOT NULL, crc INTEGER NOT NULL,
                   data BLOB NOT NULL);
CREATE TABLE place (partition TEXT PRIMARY KEY, epoch INTEGER NOT NULL, position INTEGER NOT NULL DEFAULT -1,
                    watermark_ms INTEGER NOT NULL DEFAULT 0, generation TEXT NOT NULL DEFAULT '') WITHOUT ROWID;
"""


class SqliteMemoryStore:
    """See `ports.MemoryStore`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ids: dict[tuple[str, str], int] = {}
        self._next_id = 1
        with self._clear_errors():
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch(0o600)
            except OSError as error:
                raise ConfigurationError(
                    f"{path.parent}: {error.strerror}; set data_dir to a folder you may write"
                ) from None
            self._db = sqlite3.connect(path, isolation_level=None, timeout=10, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._lay_out()

    def take_epoch(self, partition: str) -> int:
        """Become the only writer of this partition."""
        with self._transaction():
            self._db.execute("INSERT INTO place (partition, epoch) VALUES (?, 1) "
                             "ON CONFLICT (partition) DO UPDATE SET epoch = epoch + 1", (partition,))  # fmt: skip
            (epoch,) = self._db.execute(
                "SELECT epoch FROM place WHERE partition = ?", (partition,)
            ).fetchone()
        return int(epoch)

    def load(self, partition: str) -> Snapshot:
        """The last complete checkpoint."""
        with self._clear_errors():
            place = self._db.execute(
                "SELECT position, watermark_ms, generation FROM place WHERE partition = ?", (partition,)
            ).fetchone() or (-1, 0, "")
            blobs: dict[str, bytes] = {}
            for known in [pair for pair in self._ids if pair[0] == partition]:
                del self._ids[known]  # another worker may have dropped and written since
            rows = self._db.execute("SELECT id, key, crc, data FROM blob WHERE partition = ?", (partition,))
            for row_id, key, crc, data in rows:
                if zlib.crc32(data) != crc:
                    raise IntegrityError(
                        f"{self._path}: blob {key} of {partition} is damaged; restore the last snapshot"
                    )
                blobs[key] = data
                self._ids[partition, key] = row_id
        return Snapshot(place[0], place[1], place[2], blobs)

    def checkpoint(self, partition: str, epoch: int, snapshot: Snapshot, drop: Iterable[str] = ()) -> None:
        """Write blobs and position: all or nothing."""
        failpoint("checkpoint-begin")
        new_ids: dict[tuple[str, str], int] = {}
        with self._transaction():
            self._move(partition, epoch, snapshot)
            failpoint("checkpoint-position")
            (self._next_id,) = self._db.execute("SELECT coalesce(max(id), 0) + 1 FROM blob").fetchone()
            self._db.executemany("INSERT OR REPLACE INTO blob (id, partition, key, crc, data) VALUES (?, ?, ?, ?, ?)", (
                (self._id(partition, key, new_ids), partition, key, zlib.crc32(data := snapshot.blobs[key]), data)
                for key in sorted(snapshot.blobs)
            ))  # fmt: skip
            failpoint("checkpoint-blobs")
            dropped = [key for key in drop if (partition, key) in self._ids]
            self._db.executemany(
                "DELETE FROM blob WHERE id = ?", ((self._ids[partition, key],) for key in dropped)
            )
            failpoint("checkpoint-commit")
        failpoint("checkpoint-done")
        self._ids |= new_ids
        for key in dropped:
            del self._ids[partition, key]

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _move(self, partition: str, epoch: int, snapshot: Snapshot) -> None:
        moved = self._db.execute(
            "UPDATE place SET position = ?, watermark_ms = ?, generation = ? WHERE partition = ? AND epoch = ?",
            (snapshot.position, snapshot.watermark_ms, snapshot.generation, partition, epoch),
        )
        if moved.rowcount != 1:
            raise FencedError(
                f"{partition}: another worker took this partition over; epoch {epoch} may not write"
            )

    def _id(self, partition: str, key: str, new_ids: dict[tuple[str, str], int]) -> int:
        known = self._ids.get((partition, key))
        if known is None:
            known = new_ids[partition, key] = self._next_id
            self._next_id += 1
        return known

    def _lay_out(self) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version == 0:
            with self._transaction():
                for statement in filter(str.strip, _SCHEMA.split(";")):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {VERSION}")
        elif version != VERSION:
            raise IntegrityError(
                f"{self._path} has layout {version}, this build reads {VERSION}; run the build that wrote it"
            )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._clear_errors():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise DependencyError(
                f"{self._path}: {error}; check disk space and whether another process holds it"
            ) from error
        except sqlite3.DatabaseError as error:
            raise IntegrityError(
                f"{self._path}: {error}; restore the last snapshot or start with an empty file"
            ) from error
