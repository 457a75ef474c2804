"""The door: refused or a row, never both; watermarks; too late."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_guard.door.door import DUPLICATE_WINDOW_MS, Door
from fraud_guard.errors import IntegrityError
from fraud_guard.tags.block import BLOCK_MAX, ROW, Block, decode_record, encode_block
from fraud_guard.tags.kinds import Flag, Kind
from fraud_guard.tags.reasons import Reason
from tests.reference.harness import make_door
from tests.strategies import BASE_MS, days

H_MS = 3_600_000


def line(ts_ms: int, name: str = "1", **more: object) -> bytes:
    tag = {"id": name, "source": "a", "ts_ms": BASE_MS + ts_ms, "subject": "+8619900000001", "channel": "net",
           "kind": "visit", "host": "odd.example.org"}  # fmt: skip
    return json.dumps(tag | more).encode()


def through(door: Door, *lines: bytes) -> Block:
    return door.block(door.take(lines, range(len(lines))) + door.flush())


def test_a_line_is_a_row_or_a_refusal():
    """Good lines become rows that name their inlet, bad ones refusals that do."""
    door = make_door()
    block = through(door, line(0), b"{", line(5, "2"))
    assert block.rows["inlet"].tolist() == [0, 2]
    assert [(r.inlet, r.reason) for r in door.refused] == [(1, Reason.NOT_JSON)]
    assert list(block.ids) == ["1", "2"]


def test_the_watermark_never_falls():
    """Each row carries the newest time so far, less the slack; older rows are flagged late."""
    door = make_door(slack_ms=1_000)
    block = through(door, line(10_000), line(9_500), line(8_999), line(20_000))
    assert (block.rows["watermark_ms"] - BASE_MS).tolist() == [9_000, 9_000, 9_000, 19_000]
    assert ((block.rows["flags"] & Flag.LATE) > 0).tolist() == [False, False, True, False]
    assert door.watermark_ms == BASE_MS + 19_000


def test_older_than_the_duplicate_window_is_too_late():
    """A tag whose repeat could no longer be known is refused, and stays out of the block."""
    door = make_door()
    block = through(
        door, line(0), line(DUPLICATE_WINDOW_MS, "2"), line(0, "3"), line(-1, "4"), line(H_MS, "5")
    )
    assert list(block.ids) == ["1", "2", "3", "5"]
    assert [(r.inlet, r.reason) for r in door.refused] == [(3, Reason.TOO_LATE)]


def test_a_tick_moves_the_watermark_of_an_idle_partition():
    """A tick is a block with no tag; it never moves the watermark back."""
    door = make_door()
    through(door, line(H_MS))
    tick = door.tick(BASE_MS)
    assert tick.rows["kind"].tolist() == [Kind.TICK]
    assert tick.rows["watermark_ms"].tolist() == [BASE_MS + H_MS]
    assert door.tick(BASE_MS + 2 * H_MS).rows["watermark_ms"][0] == BASE_MS + 2 * H_MS


def test_a_door_starts_where_the_log_stands():
    """A restarted door keeps the watermark that the log has reached."""
    door = make_door()
    door.watermark_ms = BASE_MS + H_MS
    assert through(door, line(0)).rows["watermark_ms"][0] == BASE_MS + H_MS


def test_night_is_local():
    """22:00 to 06:00 in China is night, by the time the row has in the end."""
    day_ms = -(BASE_MS % 86_400_000)
    times = [day_ms + h * H_MS for h in (13, 14, 21, 22)]  # 21:00, 22:00, 05:00, 06:00 local
    block = through(make_door(), *(line(t, str(t)) for t in times))
    assert ((block.rows["flags"] & Flag.NIGHT) > 0).tolist() == [False, True, True, False]


@given(days(), st.integers(1, 30), st.sampled_from((0, 60_000)), st.booleans())
def test_rows_do_not_depend_on_the_chunks(tags, size, reorder_ms, as_file):
    """Lines taken in any chunks and blocks give the same rows, watermarks and refusals."""
    records = [json.dumps(t).encode() for t in tags]
    whole, cut = (
        make_door(reorder_ms=reorder_ms, as_file=as_file),
        make_door(reorder_ms=reorder_ms, as_file=as_file),
    )
    expected = whole.block(whole.take(records, range(len(records))) + whole.flush()).rows
    some = [
        cut.take(records[i : i + size], range(i, min(i + size, len(records))))
        for i in range(0, len(records), size)
    ]
    rows = [cut.block(drafts).rows for drafts in (*some, cut.flush())]
    assert (np.concatenate(rows) == expected).all()
    assert cut.refused == whole.refused


@given(days(most=8))
def test_a_block_survives_the_log(tags):
    """Rows and strings read from the log are those that were written; positions follow from the offset."""
    door = make_door()
    records = [json.dumps(t).encode() for t in tags]
    block = door.block(door.take(records, range(len(records))))
    read = decode_record(encode_block(block.rows, block.ids, block.sources, block.hosts), 3)
    assert isinstance(read, Block)
    stored = [n for n in read.rows.dtype.names if n != "position"]
    assert (read.rows[stored] == block.rows[stored]).all()
    assert read.rows["position"].tolist() == list(range(3 * 1_024, 3 * 1_024 + len(block)))
    assert [v.as_py() for v in read.ids] == list(block.ids)
    assert [v.as_py() for v in read.hosts] == list(block.hosts)


def test_a_block_of_another_version_is_refused():
    """A log whose rows have other columns is not called damaged: the words say what to do."""
    sink, one = pa.BufferOutputStream(), pa.record_batch({"token": [b"0" * 16]})
    sink.write(b"B")
    with pa.ipc.new_stream(sink, one.schema) as writer:
        writer.write_batch(one)
    with pytest.raises(IntegrityError, match="offset 3 was written by a version with other columns; start with a new data_dir"):
        decode_record(sink.getvalue().to_pybytes(), 3)


def test_a_chunk_is_cut_into_blocks():
    """Any number of rows is cut into blocks in order, rows and strings alike."""
    rows = np.zeros(2 * BLOCK_MAX + 1, ROW)
    rows["inlet"] = np.arange(len(rows))
    names = [str(i) for i in range(len(rows))]
    cut = list(Block(rows, names, names, names).cut())
    assert [len(c) for c in cut] == [BLOCK_MAX, BLOCK_MAX, 1]
    assert [int(i) for c in cut for i in c.rows["inlet"]] == [int(i) for c in cut for i in c.ids] == list(range(len(rows)))
