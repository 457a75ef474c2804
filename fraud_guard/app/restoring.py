"""The memory store as a worker uses it: what was lost comes back from a snapshot, and a memory that its log does not reach is refused.

A memory is worth something only together with the log from its position on. Where the log begins later, or ends before,
the worker stops instead of going on with less than it should know.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence

import structlog

from fraud_guard.adapters.clock import has_passed
from fraud_guard.adapters.snapshots import SnapshotFolder
from fraud_guard.app.topics import is_log
from fraud_guard.errors import DependencyError, IntegrityError
from fraud_guard.log import Log
from fraud_guard.ports import MemoryStore, Now, Snapshot
from fraud_guard.tags.block import POSITIONS_PER_RECORD

log = structlog.get_logger()


class RestoringStore:
    """See `ports.MemoryStore`. `shelf`: where snapshots are kept, if anywhere; `every_ms`: how often one is taken."""

    def __init__(
        self, store: MemoryStore, records: Log, now_ms: Now, shelf: SnapshotFolder | None = None, *, every_ms: int = 3_600_000,
        accept_gap: bool = False,
    ) -> None:  # fmt: skip
        self._store, self._records, self._now_ms, self._shelf = store, records, now_ms, shelf
        self._every_ms, self._accept_gap = every_ms, accept_gap
        self._epochs: dict[str, int] = {}
        self._taken_ms: dict[str, int] = {}

    def take_epoch(self, partition: str) -> int:
        """Become the only writer of this partition."""
        epoch = self._epochs[partition] = self._store.take_epoch(partition)
        return epoch

    def load(self, partition: str) -> Snapshot:
        """The last complete checkpoint, or the newest sound snapshot when that is lost.

        Raises IntegrityError when the log does not reach from the memory's position on.
        """
        stored, (start, end) = self._store.load(partition), self._bounds(partition)
        if _next(partition, stored) > end:
            raise IntegrityError(
                f"the memory of {partition} has seen records up to {_next(partition, stored)}, but its log ends at {end}: it was made anew, "
                "or the brokers lost records; give the worker the log that belongs to its memory"
            )
        if stored.position >= 0 and _next(partition, stored) >= start:
            return stored
        restored = self._restored(partition, stored)
        if restored is not None:
            return restored
        if _next(partition, stored) < start:
            self._refuse_gap(partition, _next(partition, stored), start)
        return stored

    def checkpoint(self, partition: str, epoch: int, snapshot: Snapshot, drop: Iterable[str] = ()) -> None:
        """Write blobs and position: all or nothing."""
        self._store.checkpoint(partition, epoch, snapshot, drop)

    def stored(self, partition: str) -> Snapshot:
        """The last complete checkpoint as it is, whatever the log holds."""
        return self._store.load(partition)

    def empty(self, partition: str) -> None:
        """Drop all that is stored of a partition that this worker owns; its position stays."""
        stored = self._store.load(partition)
        bare = Snapshot(stored.position, stored.watermark_ms, stored.generation, {})
        self._store.checkpoint(partition, self._epochs[partition], bare, stored.blobs.keys())

    def close(self) -> None:
        """Release what the store holds."""
        self._store.close()

    def snapshot_if_due(self, partitions: Sequence[str]) -> bool:
        """Take a snapshot of the partition that waits longest, if one is due; one a call, for the worker stands still meanwhile."""
        if self._shelf is None or not partitions:
            return False
        taken_ms = {partition: self._last_ms(self._shelf, partition) for partition in partitions}
        longest = min(partitions, key=taken_ms.__getitem__)
        return has_passed(self._every_ms, taken_ms[longest], self._now_ms()) and self.snapshot(longest)

    def snapshot(self, partition: str) -> bool:
        """Keep the last checkpoint of a partition as a file; whether there was one and it was written."""
        stored = self._store.load(partition)
        self._taken_ms[partition] = self._now_ms()
        mark = self._mark(partition, stored.position) if stored.position >= 0 else None
        if self._shelf is None or mark is None:
            return False
        try:
            self._shelf.write(partition, stored, mark, self._now_ms())
        except DependencyError as failed:  # the worker goes on; the next one may go through
            log.error("snapshot_failed", why=str(failed))  # noqa: TRY400  expected: the words are enough
            return False
        return True

    def _last_ms(self, shelf: SnapshotFolder, partition: str) -> int:
        if partition not in self._taken_ms:
            paths = shelf.paths(partition)
            self._taken_ms[partition] = shelf.taken_ms(paths[0]) if paths else 0
        return self._taken_ms[partition]

    def _restored(self, partition: str, stored: Snapshot) -> Snapshot | None:
        """The newest sound snapshot that the log reaches, written into the store if this worker owns the partition."""
        for path in self._shelf.paths(partition) if self._shelf else ():
            try:
                head, found = self._shelf.read(path)  # type: ignore[union-attr]
            except IntegrityError as damaged:
                log.error("snapshot_damaged", why=str(damaged))  # noqa: TRY400  expected: the words are enough
                continue
            if found.position > stored.position and self._mark(partition, found.position) == head.mark:
                if partition in self._epochs:
                    self._store.checkpoint(partition, self._epochs[partition], found, stored.blobs.keys() - found.blobs.keys())
                log.warning("memory_restored", partition=partition, snapshot=path.name, records_to_read=self._bounds(partition)[1] - _next(partition, found))
                return found
            log.warning("snapshot_unfit", snapshot=path.name, why="the log does not hold the record it ends with")
        return None

    def _refuse_gap(self, partition: str, wanted: int, start: int) -> None:
        words = f"the memory of {partition} goes on at record {wanted}, but its log begins at {start}: {start - wanted} records are gone"
        if not self._accept_gap:
            raise IntegrityError(f"{words}, and no snapshot reaches that far; put one into snapshot_dir, or lose them with FG_ACCEPT_GAP=true")
        log.error("gap", why=words, partition=partition, records=start - wanted)

    def _bounds(self, partition: str) -> tuple[int, int]:
        place = _place(partition)
        return self._records.start(*place), self._records.end(*place)

    def _mark(self, partition: str, position: int) -> int | None:
        """The CRC-32 of the record at a position; None when the log does not hold it."""
        offset = _offset(partition, position)
        start, end = self._bounds(partition)
        if not start <= offset < end:
            return None
        found = self._records.read(*_place(partition), offset, 1)
        return zlib.crc32(found[0].value) if found and found[0].offset == offset else None


def _place(partition: str) -> tuple[str, int]:
    topic, _, number = partition.rpartition("-")
    return topic, int(number)


def _offset(partition: str, position: int) -> int:
    return position // POSITIONS_PER_RECORD if is_log(_place(partition)[0]) else position


def _next(partition: str, snapshot: Snapshot) -> int:
    """The first record that the memory has not seen."""
    return _offset(partition, snapshot.position) + 1 if snapshot.position >= 0 else 0
