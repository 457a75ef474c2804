"""The touch index, in a file and in PostgreSQL: what was kept is found, by key and position, and forgotten when it should be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_guard.adapters.sql.engine import TRUTH, Database
from fraud_guard.adapters.sql.touches import DAY_MS, SMALL_SEGMENTS, SqlTouches
from fraud_guard.errors import IntegrityError
from fraud_guard.touches.index import KEPT_MS, TOUCH, Touches, merged, of_keys, pack, unpack
from tests.servers import SQL, NewDatabase

P0, P1 = "tags-0", "tags-1"
NOW_MS = 1_790_000_000_000


@pytest.fixture(params=SQL)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlTouches]:
    """An empty index; in PostgreSQL truth lies there already."""
    place: Path | str = tmp_path / "touches.db"
    if request.param != "sqlite":
        new_database: NewDatabase = request.getfixturevalue("new_database")
        place = new_database()
        Database(place, TRUTH).close()
    with closing(SqlTouches(place)) as opened:
        yield opened


def touches(*rows: tuple[int, int, int]) -> Touches:
    """Sorted touches of (key, subject, position)."""
    found = np.zeros(len(rows), TOUCH)
    for i, (key, subject, position) in enumerate(rows):
        found[i] = (key, subject.to_bytes(16, "big"), position)
    return merged([found])


def rows(found: Touches) -> list[tuple[int, int, int]]:
    return [(int(t["key"]), int.from_bytes(t["token"].tobytes(), "big"), int(t["position"])) for t in found]


def test_who_touched_what(store: SqlTouches) -> None:
    """Touches of the keys asked for, below the position, of the partition alone."""
    store.add(P0, touches((1, 7, 10), (2, 7, 11), (2**64 - 1, 8, 12), (1, 9, 99)), NOW_MS)
    store.add(P1, touches((1, 5, 10)), NOW_MS)
    assert rows(store.find(P0, (1, 2**64 - 1), 99)) == [(1, 7, 10), (2**64 - 1, 8, 12)]
    assert rows(store.find(P1, (1,), 99)) == [(1, 5, 10)]
    assert rows(store.find(P0, (), 99)) == rows(store.find("tags-9", (1,), 99)) == []


def test_the_first_touch_is_found(store: SqlTouches) -> None:
    """Whatever comes twice, or after a crash again, is found once."""
    for position in (30, 20, 20, 40):
        store.add(P0, touches((1, 7, position)), NOW_MS)
    assert rows(store.find(P0, (1,), 100)) == [(1, 7, 20)]


def test_a_subject_is_forgotten(store: SqlTouches) -> None:
    """Erasure takes every touch of one subject and nobody else's."""
    store.add(P0, touches((1, 7, 10), (1, 8, 11)), NOW_MS)
    store.add(P0, touches((2, 7, 12)), NOW_MS)
    assert store.erase(P0, (7).to_bytes(16, "big")) == 2
    assert rows(store.find(P0, (1, 2), 99)) == [(1, 8, 11)]
    assert store.erase(P0, (7).to_bytes(16, "big")) == 0
    store.add(P1, touches((1, 8, 10)), NOW_MS)
    assert store.erase(None, (8).to_bytes(16, "big")) == 2


def test_old_touches_go(store: SqlTouches) -> None:
    """After 14 days nobody is found."""
    store.add(P0, touches((1, 7, 10)), NOW_MS - KEPT_MS - DAY_MS)
    store.add(P0, touches((1, 8, 11)), NOW_MS - KEPT_MS + DAY_MS)
    assert store.tidy(P0, NOW_MS) == 1
    assert rows(store.find(P0, (1,), 99)) == [(1, 8, 11)]


def test_small_segments_become_one(store: SqlTouches) -> None:
    """Tidying changes nothing that can be found."""
    for i in range(SMALL_SEGMENTS):
        store.add(P0, touches((i % 5, i, i)), NOW_MS)
    before = rows(store.find(P0, range(5), 99))
    assert store.tidy(P0, NOW_MS) == SMALL_SEGMENTS - 1
    assert store.tidy(P0, NOW_MS) == 0
    assert rows(store.find(P0, range(5), 99)) == before


ROWS = st.lists(st.tuples(st.integers(0, 5) | st.just(2**64 - 1), st.integers(0, 4), st.integers(0, 50)), max_size=30)


@given(st.lists(ROWS, max_size=4), st.sets(st.integers(0, 5)), st.integers(0, 60))
def test_segments_equal_a_plain_search(parts, keys, below):
    """Packed, unpacked, searched and merged: the first position of each (key, subject), as a dict finds it."""
    expected: dict[tuple[int, int], int] = {}
    for key, subject, position in (row for part in parts for row in part):
        expected[key, subject] = min(position, expected.get((key, subject), position))
    stored = merged([unpack(pack(touches(*part))) for part in parts])
    wanted = sorted((k, s, p) for (k, s), p in expected.items() if k in keys and p < below)
    assert sorted(rows(of_keys(stored, keys, below))) == wanted


@pytest.mark.parametrize("blob", [b"", b"2", b"1\x05\0\0\0garbage", pack(touches((1, 2, 3)))[:-3]])
def test_a_damaged_segment(blob: bytes) -> None:
    """It is refused as damaged, not read as something else."""
    with pytest.raises(IntegrityError, match="segment"):
        unpack(blob)
