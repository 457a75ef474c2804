"""Ids of tags for evidence: what was read is not read again, however long ago it was."""

from __future__ import annotations

import numpy as np
import pytest

from fraud_guard.app.tag_ids import TagIds
from fraud_guard.tags.block import POSITIONS_PER_RECORD, ROW, decode_record, encode_block, encode_controls


class CountingLog:
    """Records of one partition; counts how often it is asked."""

    def __init__(self, *records: bytes) -> None:
        self.records, self.asked = records, 0

    def read(self, offset: int, most: int) -> list[tuple[int, bytes]]:
        self.asked += 1
        return [(at, self.records[at]) for at in range(max(offset, 0), min(offset + most, len(self.records)))]


def block(*ids: str) -> bytes:
    return encode_block(np.zeros(len(ids), ROW), ids, ["a"] * len(ids), [None] * len(ids))


def place(offset: int, row: int) -> int:
    return offset * POSITIONS_PER_RECORD + row


TOKEN = b"t" * 16


@pytest.fixture
def log() -> CountingLog:
    return CountingLog(block("a", "b"), encode_controls([], 0), block("c", "d", "e"), block("f"))


def test_ids_come_in_the_order_asked(log: CountingLog) -> None:
    """Each position gives the id of its tag, in whichever record it is; one that names no tag gives none."""
    ids = TagIds(log.read)
    wanted = [place(2, 1), place(0, 0), place(3, 0), place(2, 7), place(1, 0), place(9, 0), place(0, 1)]
    assert list(ids.of(TOKEN, wanted)) == ["d", "a", "f", "b"]


def test_what_was_read_is_not_read_again(log: CountingLog) -> None:
    """Records that the scorer had, and those that were looked up once, are at hand."""
    ids = TagIds(log.read)
    ids.note(2, decode_record(log.records[2], 2))
    assert list(ids.of(TOKEN, [place(2, 0), place(2, 2)])) == ["c", "e"]
    assert log.asked == 0
    assert list(ids.of(TOKEN, [place(0, 0)])) + list(ids.of(TOKEN, [place(0, 1)])) == ["a", "b"]
    assert log.asked == 1


def test_the_oldest_are_let_go(log: CountingLog) -> None:
    """No more is kept than was allowed, whole records beyond it; what was let go is read again."""
    ids = TagIds(log.read, kept_tags=4)
    for offset in (0, 2, 3):
        ids.note(offset, decode_record(log.records[offset], offset))
    assert list(ids.of(TOKEN, [place(2, 0), place(3, 0)])) == ["c", "f"]
    assert log.asked == 0
    assert list(ids.of(TOKEN, [place(0, 1)])) == ["b"]
    assert log.asked == 1


def test_a_history_knows_what_the_log_has_lost(log: CountingLog) -> None:
    """A tag whose record is gone from the log is named by the history, if it knows it."""
    ids = TagIds(log.read, lambda token, position: "old" if (token, position) == (TOKEN, place(9, 0)) else None)
    assert list(ids.of(TOKEN, [place(0, 0), place(9, 0), place(9, 1)])) == ["a", "old"]
