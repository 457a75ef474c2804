"""Files of the history: what goes in comes out, in the order of the log, without the erased."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraud_guard.adapters.history.columns import NUMBERS, block_of, sorted_table, table_of
from fraud_guard.adapters.history.erased import LIST, Erasure, add_erasure, read_erasures, without_erased
from fraud_guard.adapters.history.folder import DAY_MS, HistoryFile, HistoryFolder, day_of, start_ms_of
from fraud_guard.adapters.history.reading import PLACE_BITS, Reel
from fraud_guard.errors import IntegrityError
from fraud_guard.tags.block import POSITIONS_PER_RECORD, ROW, Block
from fraud_guard.tags.kinds import Kind

TOKENS = [bytes([n]) * 16 for n in (0, 1, 127, 128, 255)]
DAY = date(2026, 3, 16)
MARKS = st.lists(st.tuples(st.sampled_from(TOKENS), st.integers(0, 3)), max_size=12)
"""(token, step of the watermark) of the tags of a partition."""


def block(tags: list[tuple[bytes, int]]) -> Block:
    """Tags at positions 0, 1, … of the log's records, one a record, named by their place."""
    rows = np.zeros(len(tags), ROW)
    for i, (token, _) in enumerate(tags):
        rows["token"][i] = np.void(token)
    rows["watermark_ms"] = rows["ts_ms"] = np.cumsum([0, *(step for _, step in tags)])[1:]
    rows["kind"], rows["position"] = Kind.SMS, np.arange(len(tags)) * POSITIONS_PER_RECORD
    return Block(rows, [f"t{i}" for i in range(len(tags))], ["feed"] * len(tags), [None] * len(tags))


@given(MARKS)
def test_what_goes_in_comes_out(tags: list[tuple[bytes, int]]) -> None:
    """A table holds every tag with all its numbers, a subject's tags together and in order."""
    whole = block(tags)
    back = block_of(sorted_table([table_of(whole.slice(0, 5)), table_of(whole.slice(5, len(tags)))]))
    places = [(bytes(t), p) for t, p in zip(back.rows["token"].tolist(), back.rows["position"].tolist(), strict=True)]
    assert places == sorted(places)
    order = back.rows["position"] // POSITIONS_PER_RECORD
    assert all((back.rows[name] == whole.rows[name][order]).all() for name in NUMBERS)
    assert back.ids == [f"t{i}" for i in order.tolist()]


@given(MARKS, st.lists(st.builds(Erasure, st.sampled_from(TOKENS).map(bytes.hex), st.integers(0, 20)), max_size=3, unique_by=lambda e: e.token))
def test_the_erased_are_left_out(tags: list[tuple[bytes, int]], erasures: list[Erasure]) -> None:
    """Exactly the tags of erased tokens that happened before their erasure are missing."""
    before_ms = {bytes.fromhex(e.token): e.before_ms for e in erasures}
    whole = block(tags)
    expected = {i for i, (token, _) in enumerate(tags) if whole.rows["ts_ms"][i] >= before_ms.get(token, 0)}
    left = block_of(without_erased(table_of(whole), erasures))
    assert {int(i[1:]) for i in left.ids} == expected


@settings(max_examples=40, deadline=None)
@given(st.lists(MARKS, min_size=1, max_size=3), st.integers(1, 5), st.integers(1, 7))
def test_partitions_are_woven_by_watermark(partitions: list[list[tuple[bytes, int]]], records: int, size: int) -> None:
    """Whatever files partitions wrote, a reel tells each tag once, watermarks in order, and each partition in its own order."""
    with TemporaryDirectory() as place:
        folder = HistoryFolder(Path(place))
        for number, tags in enumerate(partitions):
            for first in range(0, len(tags), records):
                last = min(first + records, len(tags)) - 1
                with folder.lock():
                    folder.write(HistoryFile(DAY, number, len(partitions), first, last), table_of(block(tags).slice(first, last + 1)))
        blocks = list(Reel(folder).blocks(size))
    rows = np.concatenate([np.zeros(0, ROW), *(b.rows for b in blocks)])
    assert all(len(b) <= size for b in blocks)
    assert (np.diff(rows["watermark_ms"]) >= 0).all()
    told = [i for i, tags in enumerate(partitions) if tags]
    for stream, number in enumerate(told):
        mine = rows[rows["inlet"] >> PLACE_BITS == stream]
        assert mine["position"].tolist() == (np.arange(len(partitions[number])) * POSITIONS_PER_RECORD).tolist()
    assert len(rows) == sum(map(len, partitions))


def test_a_file_within_another_counts_for_nothing(tmp_path: Path) -> None:
    """What a merge has left beside the whole file is not read, and is known as left over."""
    folder, tags = HistoryFolder(tmp_path), [(TOKENS[0], 1)] * 4
    with folder.lock():
        for first, last in ((0, 1), (2, 3), (0, 3)):
            folder.write(HistoryFile(DAY, 0, 1, first, last), table_of(block(tags).slice(first, last + 1)))
    assert [(f.first, f.last) for f in folder.files()] == [(0, 3)]
    assert len(folder.left_over(DAY)) == 2
    assert folder.next_offset(0, 1) == 4
    assert folder.next_offset(0, 2) == 0


@given(st.integers(0, 1 << 41))
def test_days_begin_at_midnight_in_china(ts_ms: int) -> None:
    """A day holds the times from its start up to the next one's."""
    start_ms = start_ms_of(day_of(ts_ms))
    assert start_ms <= ts_ms < start_ms + DAY_MS
    assert (start_ms + 8 * 3_600_000) % DAY_MS == 0


def test_a_damaged_list_of_the_erased_is_refused(tmp_path: Path) -> None:
    """A list that cannot be read stops whoever would write, instead of letting the erased come back."""
    add_erasure(tmp_path, Erasure(TOKENS[0].hex(), 5))
    add_erasure(tmp_path, Erasure(TOKENS[0].hex(), 3, done=True))
    assert read_erasures(tmp_path) == [Erasure(TOKENS[0].hex(), 5, done=True)]
    with (tmp_path / LIST).open("ab") as file:
        file.write(b"{\n")
    with pytest.raises(IntegrityError, match=f"{LIST}:3"):
        read_erasures(tmp_path)


def test_a_line_that_was_cut_short_is_written_anew(tmp_path: Path) -> None:
    """A crash while the list is added to costs that line alone, and the next one is whole."""
    add_erasure(tmp_path, Erasure(TOKENS[0].hex(), 5))
    with (tmp_path / LIST).open("ab") as file:
        file.write(b'{"token":"00')
    assert read_erasures(tmp_path) == [Erasure(TOKENS[0].hex(), 5)]
    add_erasure(tmp_path, Erasure(TOKENS[1].hex(), 6))
    assert read_erasures(tmp_path) == [Erasure(TOKENS[0].hex(), 5), Erasure(TOKENS[1].hex(), 6)]


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    """A file that is no Parquet is refused with its path and what to do."""
    folder = HistoryFolder(tmp_path)
    name = HistoryFile(DAY, 0, 1, 0, 0)
    with folder.lock():
        folder.write(name, table_of(block([(TOKENS[0], 1)])))
    (tmp_path / name.name).write_bytes(b"PAR1 no more")
    with pytest.raises(IntegrityError, match="restore it"):
        folder.read(name)
