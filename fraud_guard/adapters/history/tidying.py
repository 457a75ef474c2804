"""Tidying: many small files of a day become few, old days go, erased subjects go from every file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from fraud_guard.adapters.history.columns import sorted_table
from fraud_guard.adapters.history.erased import Erasure, add_erasure, read_erasures, without_erased
from fraud_guard.adapters.history.folder import HistoryFile, HistoryFolder
from fraud_guard.adapters.history.reading import groups_of
from fraud_guard.failpoints import failpoint

FILE_ROWS = 250_000
"""A merged file holds about so many rows: few files a day, and none that fills the memory."""
MERGE_AT = 24
"""Small files of a partition that a day which is not over yet may have."""


def merge(folder: HistoryFolder, today: date) -> int:
    """Make few files of many; days before `today` entirely. Returns how many files went."""
    gone = 0
    for day in folder.days():
        with folder.lock():
            folder.remove(folder.left_over(day))
        for run in _runs(folder, day, at_least=2 if day < today else MERGE_AT):
            gone += _merge_run(folder, run)
    return gone


def expire(folder: HistoryFolder, days: int, today: date) -> list[date]:
    """Remove whole days that are older than `days`; returns which."""
    old = [day for day in folder.days() if day < today - timedelta(days=days)]
    for day in old:
        with folder.lock():
            place = folder.path / f"day={day}"
            folder.remove(sorted(place.iterdir()))
            place.rmdir()
    return old


def erase(folder: HistoryFolder, token: bytes, before_ms: int, progress: Callable[[int, int], None] = lambda _, __: None) -> int:
    """Remove every tag of a token that happened before `before_ms`, from all files and for good. Returns how many.

    A crash on the way is made up for by the next call of this or of `finish_erasures`.
    """
    with folder.lock():
        add_erasure(folder.path, Erasure(token.hex(), before_ms))
    failpoint("history-erasure-noted")
    return _erase_noted(folder, Erasure(token.hex(), before_ms), progress)


def finish_erasures(folder: HistoryFolder) -> int:
    """Go on with erasures that were interrupted; returns how many tags went."""
    return sum(_erase_noted(folder, one, lambda _, __: None) for one in read_erasures(folder.path) if not one.done)


def _erase_noted(folder: HistoryFolder, erasure: Erasure, progress: Callable[[int, int], None]) -> int:
    gone = 0
    while files := [f for f in folder.files() if _holds(folder, f, erasure)]:  # merges may move rows meanwhile
        for n, file in enumerate(files):
            gone += _rewrite(folder, file, erasure)
            progress(n + 1, len(files))
    with folder.lock():
        add_erasure(folder.path, Erasure(erasure.token, erasure.before_ms, done=True))
    return gone


def _holds(folder: HistoryFolder, name: HistoryFile, erasure: Erasure) -> bool:
    try:
        with folder.open(name) as file:
            groups = groups_of(file, bytes.fromhex(erasure.token))
            table = file.read_row_groups(groups, columns=["token", "ts_ms"]) if groups else None
    except FileNotFoundError:
        return False
    return table is not None and without_erased(table, [erasure]) is not table


def _rewrite(folder: HistoryFolder, name: HistoryFile, erasure: Erasure) -> int:
    with folder.lock():
        try:
            table = folder.read(name)
        except FileNotFoundError:
            return 0
        folder.write(name, table)
    failpoint("history-erasure-file")
    return int(table.num_rows - without_erased(table, [erasure]).num_rows)


def _runs(folder: HistoryFolder, day: date, at_least: int) -> Iterator[list[HistoryFile]]:
    """Consecutive files of a partition that make one, each with at most FILE_ROWS rows."""
    partitions: dict[tuple[int, int], list[HistoryFile]] = defaultdict(list)
    for file in folder.files(day, day):
        partitions[file.partitions, file.partition].append(file)
    for files in partitions.values():
        if len(files) >= at_least:
            yield from (run for run in _filled(folder, files) if len(run) > 1)


def _filled(folder: HistoryFolder, files: list[HistoryFile]) -> Iterator[list[HistoryFile]]:
    run, rows = list[HistoryFile](), 0
    for name in files:
        with folder.open(name) as file:
            more = file.metadata.num_rows
        if run and rows + more > FILE_ROWS:
            yield run
            run, rows = [], 0
        run.append(name)
        rows += more
    yield run


def _merge_run(folder: HistoryFolder, run: list[HistoryFile]) -> int:
    with folder.lock():
        if not all((folder.path / f.name).exists() for f in run):  # another worker was here
            return 0
        whole = sorted_table([folder.read(f) for f in run])
        folder.write(run[0]._replace(last=run[-1].last), whole)
        failpoint("history-merged")
        folder.remove(folder.path / f.name for f in run)
    return len(run) - 1
