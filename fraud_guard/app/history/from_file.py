"""A history out of a file of tags, through the same door as a replay: for backtests without a site."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date

import msgspec

from fraud_guard.adapters.history.columns import table_of
from fraud_guard.adapters.history.folder import HistoryFile, HistoryFolder, day_of
from fraud_guard.adapters.history.tidying import FILE_ROWS
from fraud_guard.app.replay.reading import Source
from fraud_guard.door.door import Door
from fraud_guard.tags.block import Block, join


class Written(msgspec.Struct):
    """What became of the lines of a file. `refused` by reason; repeats are tags here, a backtest drops them."""

    lines: int = 0
    tags: int = 0
    refused: Counter[str] = msgspec.field(default_factory=Counter)


def write_file(door: Door, source: Source, folder: HistoryFolder, progress: Callable[[int], None] = lambda _: None) -> Written:
    """Write the tags of a source behind those that the folder holds; `progress` is told the bytes read so far.

    The folder must hold files of this kind only: of one partition.
    """
    written = Written()
    first = folder.next_offset(0, 1)
    door.watermark_ms = _last_watermark_ms(folder)
    waiting, rows, offset = list[Block](), 0, first
    for block in _blocks(door, source, written, progress):
        if waiting and (rows >= FILE_ROWS or _day_of(block) != _day_of(waiting[0])):
            _write(folder, waiting, first, offset - 1)
            waiting, rows, first = [], 0, offset
        block.number(offset)
        waiting.append(block)
        rows, offset = rows + len(block), offset + 1
    if waiting:
        _write(folder, waiting, first, offset - 1)
    return written


def _blocks(door: Door, source: Source, written: Written, progress: Callable[[int], None]) -> Iterator[Block]:
    for batch in source.batches():
        written.lines += len(batch.lines)
        yield from _cut(door, door.take(batch.lines, batch.offsets), written)
        progress(batch.read_bytes)
    yield from _cut(door, door.flush(), written)


def _cut(door: Door, ready: Block, written: Written) -> Iterator[Block]:
    door.rows.originals.clear()
    door.rows.quotes.clear()
    for some in ready.cut():
        block = door.block(some)
        written.tags += len(block)
        if len(block):
            yield block
    written.refused.update(str(no.reason) for no in door.refused)
    door.refused.clear()


def _write(folder: HistoryFolder, blocks: list[Block], first: int, last: int) -> None:
    with folder.lock():
        folder.write(HistoryFile(_day_of(blocks[0]), 0, 1, first, last), table_of(join(blocks)))


def _day_of(block: Block) -> date:
    return day_of(int(block.rows["watermark_ms"][0]))


def _last_watermark_ms(folder: HistoryFolder) -> int:
    files = folder.files()
    if not files:
        return 0
    marks = folder.read(files[-1], ("watermark_ms",)).column("watermark_ms")
    return max(marks.to_pylist(), default=0)
