"""Whole records: copied as bytes, equal to NumPy's own indexing."""

from __future__ import annotations

import numpy as np

from fraud_guard.memory import packed
from fraud_guard.memory.layout import EVENTS, HEAD, HOT, RECORD_BYTES, hot


def some_heads() -> np.ndarray:
    raw = np.random.default_rng(5).integers(0, 255, (9, HEAD.itemsize), np.uint8)
    return raw.view(HEAD).reshape(9)


def test_records_are_gathered_and_scattered():
    """Gathered records are copies of those asked for, and scattered ones take their places, whole or in part."""
    heads, at = some_heads(), np.array([7, 0, 3])
    for records in (heads, hot(heads)):
        copied = packed.gather(records, at)
        assert copied.dtype == records.dtype
        assert copied.tobytes() == records[at].tobytes()
        other = np.zeros(9, HEAD) if records is heads else hot(np.zeros(9, HEAD))
        packed.scatter(other, at, copied)
        assert packed.gather(other, at).tobytes() == copied.tobytes()


def test_the_hot_part_is_the_beginning_of_the_head():
    """Writing to the hot part changes the head, and nothing beyond."""
    heads = some_heads()
    before = heads.tobytes()
    hot(heads)["last_ms"] = 7
    assert (heads["last_ms"] == 7).all()
    heads["last_ms"] = np.frombuffer(before, HEAD)["last_ms"]
    assert heads.tobytes() == before
    assert HOT.names == HEAD.names[: len(HOT.names)]


def test_a_record_has_no_gaps_in_the_wrong_places():
    """Numbers lie at multiples of their size, so that NumPy reads them at full speed; a record is 2 KiB."""
    for kind in (HEAD, EVENTS):
        for name in kind.names or ():
            field, offset = kind.fields[name][:2]
            assert field.base.kind == "V" or offset % field.base.itemsize == 0, name
        assert kind.itemsize % 8 == 0
    assert RECORD_BYTES == 2_048
