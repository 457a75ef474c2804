"""Repeated and shuffled tags have no effect of their own."""

from __future__ import annotations

import random
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_guard.door.decode import decode
from fraud_guard.errors import RejectedTag
from tests.reference.books import synthetic_book
from tests.reference.harness import by_decide, rows_of, without_places
from tests.strategies import FEW, arrive_again, days

REORDER_MS = 60_000


def is_tag(line: bytes) -> bool:
    try:
        decode(line)
    except RejectedTag:
        return False
    return True


@pytest.mark.parametrize("after_ms", [1_000, 3_600_000, 23 * 3_600_000], ids=["1s", "1h", "23h"])
@FEW
@given(tags=days(), stride=st.sampled_from((7, 50, 1_000)))
def test_every_tag_doubled_gives_the_same_alerts(after_ms, tags, stride):
    """A copy of every tag, arriving a second, an hour or 23 hours later, changes no alert."""
    book, once = synthetic_book(), rows_of(tags)
    twice = rows_of(arrive_again(tags, after_ms))
    expected = by_decide(book, once, [])
    got = by_decide(book, twice, range(0, len(twice), stride))
    assert without_places(got) == without_places(expected)
    assert got.tally["scored"] == expected.tally["scored"]


@pytest.mark.parametrize("after_ms", [1_000, 3_600_000, 23 * 3_600_000], ids=["1s", "1h", "23h"])
@FEW
@given(tags=days())
def test_a_file_doubled_gives_the_same_alerts(after_ms, tags):
    """The same for a file, where arrival times are guessed: copies do not make jumps in time look false."""
    book = synthetic_book()
    once = rows_of(tags, as_file=True, reorder_ms=REORDER_MS)
    twice = rows_of(arrive_again(tags, after_ms), as_file=True, reorder_ms=REORDER_MS)
    expected, got = by_decide(book, once, []), by_decide(book, twice, [])
    assert without_places(got) == without_places(expected)


@pytest.mark.parametrize("after_ms", [1_000, 3_600_000, 23 * 3_600_000], ids=["1s", "1h", "23h"])
@pytest.mark.parametrize("name", ["day", "quiet"])
def test_a_golden_day_doubled_gives_the_same_alerts(shipped, name, after_ms):
    """The recorded days, every line of them doubled, raise what they raise once."""
    lines = (Path(__file__).parents[2] / "datasets/golden" / name / "tags.ndjson").read_bytes().splitlines()
    tags = [msgspec.json.decode(line) for line in lines if is_tag(line)]
    once = rows_of(tags, as_file=True, reorder_ms=REORDER_MS)
    twice = rows_of(arrive_again(tags, after_ms), as_file=True, reorder_ms=REORDER_MS)
    assert without_places(by_decide(shipped, twice, [])) == without_places(by_decide(shipped, once, []))


@FEW
@given(days(on_time=True), st.integers(0, 2**32), st.sampled_from((1, 7, 1_000)), st.booleans())
def test_a_shuffle_within_the_reorder_window_gives_the_same_alerts(tags, seed, stride, as_file):
    """Tags that arrive up to the reorder window late give byte for byte the same log, so the same alerts."""
    chance = random.Random(seed)
    shuffled = sorted(tags, key=lambda t: t["ts_ms"] + chance.uniform(0, REORDER_MS))
    tags = sorted(tags, key=lambda t: t["ts_ms"])
    straight, mixed = (rows_of(t, reorder_ms=REORDER_MS, as_file=as_file) for t in (tags, shuffled))
    kept = [n for n in straight.dtype.names if n != "inlet"]
    assert (straight[kept] == mixed[kept]).all()
    book = synthetic_book()
    assert by_decide(book, mixed, range(0, len(mixed), stride)) == by_decide(book, straight, [])
