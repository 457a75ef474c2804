"""The folder of the history: files by day, each named by the stretch of the log that it holds.

`day=2026-03-16/tags-000of001-000000000120-000000000179.parquet`: partition, number of partitions, first and last
offset. A file appears whole by one rename, and where a partition goes on is told by its last file: a crash
neither loses nor doubles a row. A file within the stretch of another one is what a merge left over, and counts for nothing.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.parquet as pq

from fraud_guard.adapters.history.erased import read_erasures, without_erased
from fraud_guard.adapters.whole_file import PART, whole_file
from fraud_guard.errors import ConfigurationError, DependencyError, IntegrityError
from fraud_guard.failpoints import failpoint

ROWS_A_GROUP = 16_384
"""Rows of a row group: what is read at least to find a subject's tags."""
DAY_MS = 86_400_000
_LOCAL_MS = 8 * 3_600_000
_NAME = re.compile(r"tags-(\d+)of(\d+)-(\d+)-(\d+)\.parquet")
_EPOCH = date(1970, 1, 1)


class HistoryFile(NamedTuple):
    """A file: its day (UTC+8), partition of the log, number of partitions, first and last offset."""

    day: date
    partition: int
    partitions: int
    first: int
    last: int

    @property
    def name(self) -> str:
        """Path below the folder."""
        return f"day={self.day}/tags-{self.partition:03d}of{self.partitions:03d}-{self.first:012d}-{self.last:012d}.parquet"

    def holds(self, other: HistoryFile) -> bool:
        """Whether the other one's stretch lies within this one's."""
        same = (self.day, self.partition, self.partitions) == (other.day, other.partition, other.partitions)
        return same and self.first <= other.first and other.last <= self.last


def day_of(ts_ms: int) -> date:
    """The day in UTC+8."""
    return _EPOCH + timedelta(days=(ts_ms + _LOCAL_MS) // DAY_MS)


def start_ms_of(day: date) -> int:
    """When a day begins in UTC+8, epoch milliseconds."""
    return (day - _EPOCH).days * DAY_MS - _LOCAL_MS


class HistoryFolder:
    """One folder, for any number of readers and, by turns, writers (`lock`).

    Raises DependencyError when the file system refuses, so that a worker tries again; IntegrityError for a damaged file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def existing(cls, path: Path) -> HistoryFolder:
        """A folder to read. Raises ConfigurationError when it holds no history."""
        folder = cls(path)
        if not folder.days():
            raise ConfigurationError(f"{path} holds no history; set FG_HISTORY_DIR for the worker, or make one of a file: "
                                     "fraud-guard history write TAGS.ndjson --out DIR")  # fmt: skip
        return folder

    def days(self) -> list[date]:
        """Days that have a folder, oldest first."""
        if not self.path.exists():
            return []
        with told_as_dependency(self.path):
            names = [entry.name for entry in os.scandir(self.path) if entry.name.startswith("day=")]
        return sorted(date.fromisoformat(name[4:]) for name in names)

    def files(self, first_day: date | None = None, last_day: date | None = None) -> list[HistoryFile]:
        """Files of these days (both included), by partition and offset."""
        days = [d for d in self.days() if (first_day or d) <= d <= (last_day or d)]
        return sorted((f for day in days for f in _whole(self._named(day))), key=lambda f: (f.partitions, f.partition, f.first))

    def left_over(self, day: date) -> list[Path]:
        """What an interrupted merge or write of a day left behind."""
        named = self._named(day)
        doubled = [self.path / f.name for f in set(named) - set(_whole(named))]
        return doubled + list((self.path / f"day={day}").glob(f".*{PART}"))

    def next_offset(self, partition: int, partitions: int) -> int:
        """The first offset of the log that no file holds."""
        mine = [f.last for f in self.files() if (f.partition, f.partitions) == (partition, partitions)]
        return max(mine, default=-1) + 1

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Be the only one who changes files."""
        with told_as_dependency(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            file = (self.path / ".lock").open("w")
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def write(self, name: HistoryFile, table: Any) -> None:
        """Make or replace a file, without the rows of those who were erased; only under `lock`."""
        target = self.path / name.name
        table = without_erased(table, read_erasures(self.path))
        with told_as_dependency(target):
            target.parent.mkdir(exist_ok=True)
            with whole_file(target) as file:
                pq.write_table(table, file, compression="zstd", row_group_size=ROWS_A_GROUP, write_page_index=True,
                               sorting_columns=[pq.SortingColumn(0), pq.SortingColumn(1)])  # fmt: skip
                failpoint("history-before-rename")
        failpoint("history-after-rename")

    def remove(self, paths: Iterable[Path]) -> None:
        """Remove files; only under `lock`."""
        with told_as_dependency(self.path):
            for path in paths:
                path.unlink(missing_ok=True)

    def open(self, name: HistoryFile) -> Any:
        """A pq.ParquetFile; close it. Raises FileNotFoundError when a merge has just taken the file away."""
        path = self.path / name.name
        try:
            return pq.ParquetFile(path)
        except FileNotFoundError:
            raise
        except (OSError, ValueError) as broken:
            raise IntegrityError(f"{path} is damaged ({type(broken).__name__}); restore it, or remove it and do without its tags") from broken

    def read(self, name: HistoryFile, columns: tuple[str, ...] | None = None) -> Any:
        """A whole file as pa.Table."""
        with self.open(name) as file:
            return file.read(columns=list(columns) if columns else None)

    def _named(self, day: date) -> list[HistoryFile]:
        found = (_NAME.fullmatch(path.name) for path in (self.path / f"day={day}").glob("tags-*.parquet"))
        return [HistoryFile(day, *map(int, match.groups())) for match in found if match]


@contextmanager
def told_as_dependency(path: Path) -> Iterator[None]:
    """What the file system refuses is worth another try."""
    try:
        yield
    except OSError as error:
        raise DependencyError(f"history {path}: {error.strerror}; give a folder on a disk with room that this user may write") from error


def _whole(files: list[HistoryFile]) -> list[HistoryFile]:
    """Those that no other one holds."""
    ranked = sorted(files, key=lambda f: (f.partitions, f.partition, f.first, -f.last))
    kept: list[HistoryFile] = []
    for file in ranked:
        if not (kept and kept[-1].holds(file)):
            kept.append(file)
    return kept
