"""The history's own reader of the log: what the door let in, written to Parquet some minutes later.

It scores nothing and nothing waits for it. Where it goes on is told by the files themselves, so it stores no position.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import groupby
from threading import Lock

import msgspec
import structlog

from fraud_guard.adapters.history.columns import table_of
from fraud_guard.adapters.history.folder import HistoryFile, HistoryFolder, day_of
from fraud_guard.adapters.history.reading import id_at
from fraud_guard.adapters.history.tidying import expire, finish_erasures, merge
from fraud_guard.app.topics import LOG
from fraud_guard.errors import ConfigurationError, DependencyError, IntegrityError
from fraud_guard.log import Log
from fraud_guard.tags.block import Block, Controls, decode_record, join
from fraud_guard.tags.kinds import Kind

log = structlog.get_logger()

RECORDS_AT_ONCE = 128
"""Records of the log in a file at most (up to 128,000 tags), and so many that wait are written before the time."""

TIDY_MS = 3_600_000


class Pace(msgspec.Struct, frozen=True):
    """When to write, and how long to keep."""

    write_ms: int = 300_000
    days: int = 90


class HistoryWriter:
    """Writes the partitions it holds. Calls may come from any thread; `write_due` may take seconds.

    Raises DependencyError when log or folder are away: call again. Raises ConfigurationError for a folder of another log.
    """

    def __init__(self, folder: HistoryFolder, source: Log, partitions: int, now_ms: Callable[[], int], pace: Pace = Pace()) -> None:  # noqa: B008  frozen
        self.folder = folder
        self._log, self._partitions, self._now_ms, self._pace = source, partitions, now_ms, pace
        self._held = frozenset[int]()
        self._next: dict[int, int] = {}
        self._written_ms: dict[int, int] = {}
        self._at_work = Lock()
        self._tidied_ms = 0

    def hold(self, partitions: Iterable[int]) -> None:
        """From here on these partitions are this worker's to write, and no other."""
        held = frozenset(partitions)
        for partition in held - self._held:
            self._next[partition] = self._begin(partition)
            self._written_ms[partition] = self._now_ms()
        self._held = held

    def next_offset(self, partition: int) -> int:
        """The log below this offset is in the history."""
        return self._next[partition]

    def work(self) -> None:
        """Write what is due; once an hour tidy."""
        self.write_due()
        if self._now_ms() - self._tidied_ms >= TIDY_MS:
            self.tidy()

    def write_due(self) -> None:
        """Write every partition for which it is time, or of which much is waiting."""
        with self._at_work:
            for partition in sorted(self._held):
                waiting = self._log.end(LOG, partition) - self._next[partition]
                if waiting >= RECORDS_AT_ONCE or (waiting and self._now_ms() - self._written_ms[partition] >= self._pace.write_ms):
                    self._catch_up(partition)

    def write_all(self) -> None:
        """Write whatever the log holds by now, also of partitions that are held no more: whoever has them may write them, too."""
        with self._at_work:
            for partition in sorted(self._next):
                self._catch_up(partition)

    def id_at(self, partition: int, token: bytes, position: int, partitions: int | None = None) -> str | None:
        """The id of a subject's tag that the log has let go; None when the history does not know it or is away.

        `partitions`: of the log at that position; default: as many as now.
        """
        try:
            return id_at(self.folder, token, partition, partitions or self._partitions, position)
        except (DependencyError, IntegrityError) as trouble:
            log.warning("history_away", why=str(trouble))
            return None

    def tidy(self) -> None:
        """Finish what was interrupted, merge small files, let old days go."""
        self._tidied_ms = self._now_ms()
        today = day_of(self._tidied_ms)
        finish_erasures(self.folder)
        for day in expire(self.folder, self._pace.days, today):
            log.info("history_expired", day=str(day))
        merge(self.folder, today)

    def _begin(self, partition: int) -> int:
        known = self.folder.next_offset(partition, self._partitions)
        start, end = self._log.start(LOG, partition), self._log.end(LOG, partition)
        if known > end:
            raise ConfigurationError(
                f"history_dir (FG_HISTORY_DIR) {self.folder.path} goes on at record {known} of partition {partition}, the log ends at "
                f"{end}: it is the history of another log; give this one a folder of its own"
            )
        if 0 < known < start:
            log.warning("history_gap", partition=partition, first=known, last=start - 1, why="the log was trimmed before it was written")
        return max(known, start)

    def _catch_up(self, partition: int) -> None:
        while (end := self._log.end(LOG, partition)) > self._next[partition]:
            first = self._next[partition]
            records = self._log.read(LOG, partition, first, min(RECORDS_AT_ONCE, end - first))
            read = [(r.offset, decode_record(r.value, r.offset)) for r in records]
            self._next[partition] = self._store(partition, first, read)
        self._written_ms[partition] = self._now_ms()

    def _store(self, partition: int, first: int, read: list[tuple[int, Block | Controls]]) -> int:
        """Write consecutive records; returns the offset to go on from."""
        with self.folder.lock():
            known = self.folder.next_offset(partition, self._partitions)
            if known > first:
                return known  # another worker had the partition meanwhile, and wrote
            for day, last, block in _by_day(read):
                self.folder.write(HistoryFile(day, partition, self._partitions, first, last), table_of(block))
                first = last + 1
        return read[-1][0] + 1 if read else first


def _by_day(read: list[tuple[int, Block | Controls]]) -> Iterator[tuple[date, int, Block]]:
    """(day, last offset, tags) of the stretches of one day each; a record belongs to the day at which its watermark stands."""
    blocks = [(offset, one) for offset, one in read if isinstance(one, Block) and (one.rows["kind"] != Kind.TICK).any()]
    for day, some in groupby(blocks, key=lambda one: day_of(int(one[1].rows["watermark_ms"][0]))):
        stretch = list(some)
        yield day, stretch[-1][0], join([block for _, block in stretch])
