"""Reading the history: a subject's tags, all tags in the order of the log, the ids of some."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fraud_guard.adapters.history.columns import DECISIVE, block_of, rows_of
from fraud_guard.adapters.history.folder import HistoryFile, HistoryFolder, day_of
from fraud_guard.tags.block import BLOCK_MAX, EMPTY, POSITIONS_PER_RECORD, Block

PLACE_BITS = 54
"""`inlet` of a row that was read: number of its stream << PLACE_BITS | position in the log."""
LATE = timedelta(days=1)
"""A tag may come a day after it happened; files go by the day on which it came."""


def tags_of(folder: HistoryFolder, token: bytes, from_ms: int, to_ms: int) -> Block:
    """A subject's tags that happened in [from_ms, to_ms], in order of the log."""
    found = list[Any]()
    for name in folder.files(day_of(from_ms) - LATE, day_of(to_ms) + LATE):
        try:
            found.append(_of_subject(folder, name, token))
        except FileNotFoundError:  # merged at this moment: once more
            return tags_of(folder, token, from_ms, to_ms)
    block = block_of(pa.concat_tables(found)) if found else EMPTY
    ts_ms = block.rows["ts_ms"]
    return block.take(np.flatnonzero((ts_ms >= from_ms) & (ts_ms <= to_ms)))


def id_at(folder: HistoryFolder, token: bytes, partition: int, partitions: int, position: int) -> str | None:
    """The id of a subject's tag at a position of the log; None when it is not kept."""
    for name in folder.files():
        mine = (name.partition, name.partitions) == (partition, partitions)
        if mine and name.first <= position // POSITIONS_PER_RECORD <= name.last:
            try:
                table = _of_subject(folder, name, token)
            except FileNotFoundError:  # merged at this moment: once more
                return id_at(folder, token, partition, partitions, position)
            at = np.flatnonzero(table.column("position").to_numpy() == position)
            return str(table.column("id")[int(at[0])]) if len(at) else None
    return None


def groups_of(file: Any, token: bytes) -> list[int]:
    """Numbers of the row groups of a pq.ParquetFile that may hold a token: files are sorted by it."""
    every = (file.metadata.row_group(i).column(0).statistics for i in range(file.metadata.num_row_groups))
    return [i for i, s in enumerate(every) if s is None or not s.has_min_max or s.min <= token <= s.max]


class Reel:
    """All tags of some days in the order of the log, one stream a partition, woven together by watermark.

    `streams` tells the partition behind the number that `inlet` of each row carries.
    """

    def __init__(self, folder: HistoryFolder, first_day: date | None = None, last_day: date | None = None) -> None:
        self._folder, files = folder, folder.files(first_day, last_day)
        grouped = groupby(files, key=lambda f: (f.partitions, f.partition))
        self.streams = [list(mine) for _, mine in grouped]
        self.files = files

    def count(self) -> int:
        """How many tags there are."""
        return sum(_rows_in(self._folder, name) for name in self.files)

    def blocks(self, size: int = BLOCK_MAX) -> Iterator[Block]:
        """Blocks of at most `size` rows, without strings; `inlet` says where a row lies, positions are not set."""
        for rows in self._woven():
            for at in range(0, len(rows), size):
                yield Block(rows[at : at + size], [], [], [])

    def names(self, places: Sequence[int]) -> dict[int, str]:
        """The ids of the tags at these places (`inlet` of rows)."""
        wanted, found = np.unique(np.array(places, np.int64)), dict[int, str]()
        for number, files in enumerate(self.streams):
            mine = wanted[wanted >> PLACE_BITS == number] & ((1 << PLACE_BITS) - 1)
            for name in files:
                some = mine[(mine // POSITIONS_PER_RECORD >= name.first) & (mine // POSITIONS_PER_RECORD <= name.last)]
                if len(some):
                    found |= {number << PLACE_BITS | at: id_ for at, id_ in _ids(self._folder, name, some)}
        return found

    def _woven(self) -> Iterator[npt.NDArray[np.void]]:
        streams = [_Stream(self._folder, number, files) for number, files in enumerate(self.streams)]
        while streams := [one for one in streams if one.fill()]:
            limit_ms = min(one.last_watermark_ms for one in streams)
            parts = [one.take(limit_ms) for one in streams]
            rows = parts[0] if len(parts) == 1 else np.concatenate(parts)
            yield rows if len(parts) == 1 else rows[np.argsort(rows["watermark_ms"], kind="stable")]


class _Stream:
    """The rows of one partition, file by file."""

    def __init__(self, folder: HistoryFolder, number: int, files: list[HistoryFile]) -> None:
        self._folder, self._number, self._files = folder, number, iter(files)
        self._rows = EMPTY.rows
        self.last_watermark_ms = 0

    def fill(self) -> bool:
        """Have rows at hand; False at the end."""
        while not len(self._rows):
            name = next(self._files, None)
            if name is None:
                return False
            self._rows = self._read(name)
        self.last_watermark_ms = int(self._rows["watermark_ms"][-1])
        return True

    def take(self, limit_ms: int) -> npt.NDArray[np.void]:
        """The next rows whose watermark is at most `limit_ms`."""
        n = int(np.searchsorted(self._rows["watermark_ms"], limit_ms, side="right"))
        taken, self._rows = self._rows[:n], self._rows[n:]
        return taken

    def _read(self, name: HistoryFile) -> npt.NDArray[np.void]:
        rows = rows_of(self._folder.read(name, DECISIVE))
        rows = rows[np.argsort(rows["position"], kind="stable")]
        rows["inlet"] = self._number << PLACE_BITS | rows["position"]
        rows["watermark_ms"] = np.maximum.accumulate(np.append(self.last_watermark_ms, rows["watermark_ms"]))[1:]
        return rows


def _of_subject(folder: HistoryFolder, name: HistoryFile, token: bytes) -> Any:
    with folder.open(name) as file:
        table = file.read_row_groups(groups_of(file, token))
    table = table.filter(pc.equal(table.column("token"), pa.scalar(token, pa.binary(16))))
    return table.sort_by("position")


def _ids(folder: HistoryFolder, name: HistoryFile, positions: npt.NDArray[np.int64]) -> Iterator[tuple[int, str]]:
    table = folder.read(name, ("position", "id"))
    at = np.flatnonzero(np.isin(table.column("position").to_numpy(), positions))
    some = table.take(pa.array(at))
    yield from zip(some.column("position").to_pylist(), some.column("id").to_pylist(), strict=True)


def _rows_in(folder: HistoryFolder, name: HistoryFile) -> int:
    with folder.open(name) as file:
        return int(file.metadata.num_rows)
