"""Marks: the watermark of all is the least of those that are not idle, whoever told of them and in which order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_guard.door.marks import FOREVER_MS, Marks
from fraud_guard.errors import IntegrityError
from tests.reference.harness import make_door
from tests.strategies import BASE_MS
from tests.unit.door.test_door import line, through

WORDS = st.tuples(st.integers(0, 2), st.sampled_from("abc"), st.integers(0, 9), st.booleans())
"""Which door says how far which inlet partition is, and whether it is idle."""


def test_the_slowest_decides() -> None:
    """The least mark counts, without the idle ones; nobody is nobody's limit."""
    marks = Marks()
    assert marks.least_ms() == FOREVER_MS
    for name, high_ms in (("a", 5), ("b", 3), ("c", 1)):
        marks.say(name, high_ms, idle=name == "c")
    assert (marks.least_ms(), marks.least_ms(but="b")) == (3, 5)
    marks.say("b", 2)
    assert marks.high_ms("b") == 3


@given(st.lists(WORDS, max_size=30), st.randoms(use_true_random=False))
def test_all_doors_agree(words: list[tuple[int, str, int, bool]], random: object) -> None:
    """Doors that heard everything, in any order and any number of times, know the same, and no mark has fallen."""
    doors, said, told = [Marks() for _ in range(3)], dict.fromkeys("abc", 0), []
    for at, name, high_ms, idle in words:
        doors[at].say(name, high_ms, idle=idle)
        said[name] = max(said[name], high_ms)
        told.append(doors[at].encode())
    random.shuffle(told)  # type: ignore[attr-defined]
    last = [door.encode() for door in doors]
    for door in doors:
        for data in (*told, *last):
            door.hear(data)
    assert doors[0].of == doors[1].of == doors[2].of
    assert all(doors[0].high_ms(name) <= said[name] for name in "abc")


def test_a_damaged_record() -> None:
    """What no door wrote is refused in words."""
    with pytest.raises(IntegrityError, match="watermarks"):
        Marks().hear(b"\xc1")


def test_rows_behind_a_slow_inlet() -> None:
    """The watermark stops at the least of the others; rows know how far their own inlet partition is."""
    door = make_door()
    block = door.block(door.take([line(t, str(t)) for t in (10, 30, 20)], range(3)), 0, BASE_MS + 15)
    assert (block.rows["watermark_ms"] - BASE_MS).tolist() == [10, 15, 15]
    assert block.rows["ahead_ms"].tolist() == [0, 15, 15]
    assert (door.watermark_ms - BASE_MS, door.high_ms - BASE_MS) == (15, 30)
    assert through(door, line(40, "4")).rows["ahead_ms"].tolist() == [0]
