"""Callers: what many subjects tell together, whatever the order and the blocks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_guard.peers.bucket import BUCKET_MS
from fraud_guard.peers.callers import Callers, Closed
from fraud_guard.peers.layout import CONTACT, Tally
from fraud_guard.peers.reputation import INDEPENDENT, MOST, Published, distinct

PEER = 77
DAY = 288


def call(peer: int, subject: int, bucket: int, *, outgoing: bool = False, talked_s: int = 60) -> tuple[object, ...]:
    scattered = int(np.random.default_rng(subject).integers(1 << 63))
    at_ms = bucket * BUCKET_MS
    return peer, scattered, at_ms, at_ms, 0, talked_s, 1, int(outgoing)


def contacts(*rows: tuple[object, ...]) -> np.ndarray:
    return np.array(list(rows), CONTACT)


def told(*rows: tuple[object, ...], until: int = 10 * DAY) -> dict[int, float]:
    """The newest reputation of each peer once `until` has come."""
    callers = Callers()
    closed = callers.take(contacts(*rows)) + callers.advance(until)
    return {p: v for one in closed for p, v in zip(one.peers.tolist(), one.values.tolist(), strict=True)}


def strangers(n: int, bucket: int = 1, **more: object) -> list[tuple[object, ...]]:
    return [call(PEER, s, bucket, **more) for s in range(n)]


def test_who_calls_many_strangers_gets_a_reputation() -> None:
    """Forty people called once each, nobody calls back: worth something, and never more than the most."""
    assert 1.0 < told(*strangers(40))[PEER] <= MOST
    assert told(*strangers(2_000))[PEER] <= MOST


def test_a_few_subjects_tell_nothing() -> None:
    """Below the number of independent subjects there is no reputation, however often they were called."""
    assert told(*strangers(INDEPENDENT - 1)) == {}
    assert told(*[call(PEER, s % 3, 1) for s in range(300)]) == {}


def test_a_courier_is_called_back() -> None:
    """Return calls and several calls each tell ordinary life."""
    back = [call(PEER, s, 1, outgoing=True) for s in range(10)]
    assert told(*strangers(40), *back) == {}
    assert told(*[call(PEER, s, b) for b in range(5) for s in range(40)]).get(PEER, 0) == pytest.approx(0)


def test_a_reputation_fades() -> None:
    """Two days without a call and the next contact finds the fan-out forgotten."""
    later = told(*strangers(40), call(PEER, 1, 1 + 3 * DAY))
    assert later[PEER] == 0


def test_distinct_subjects_are_counted_within_a_tenth() -> None:
    """Linear counting: 5 to 500 subjects."""
    for n in (5, 50, 500):
        callers = Callers()
        callers.take(contacts(*strangers(n)))
        callers.advance(9)
        assert distinct(callers.records.table["newer"])[0] == pytest.approx(n, rel=0.12)


def test_tallies_add_up() -> None:
    """Calls, answers, seconds, return calls and strangers are counted, decayed by the week."""
    callers = Callers()
    callers.take(contacts(call(PEER, 1, 0, talked_s=0), call(PEER, 2, 0), call(PEER, 2, 0, outgoing=True)))
    callers.take(contacts(call(PEER, 3, 2_016)))
    callers.advance(5_000)
    tallies = callers.records.table["tallies"][0]
    assert tallies[Tally.CALLED] == pytest.approx(2 / math.e + 1)
    assert tallies[Tally.ANSWERED] == pytest.approx(1 / math.e + 1)
    assert tallies[Tally.TALKED_S] == pytest.approx(120 / math.e + 60)
    assert tallies[Tally.RETURNED] == pytest.approx(1 / math.e)
    assert tallies[Tally.FIRST] == pytest.approx(2 / math.e + 1)


DAYS = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 30), st.integers(0, 2_000), st.booleans()), min_size=1, max_size=80)


@given(DAYS, st.integers(1, 20), st.integers(1, 3))
def test_cuts_order_and_partitions_change_nothing(day: list, size: int, partitions: int) -> None:
    """In any blocks, shuffled within a bucket, on one partition or several: the same reputations in the same buckets."""
    rows = sorted((call(p, s, b, outgoing=o) for p, s, b, o in day), key=lambda r: r[2])
    whole = run(rows, len(rows), 1)
    swapped = sorted(reversed(rows), key=lambda r: r[2])  # noqa: C414  the order of equals is what is turned round
    assert run(swapped, size, partitions) == whole


def run(rows: list, size: int, partitions: int) -> set[tuple[int, int, float]]:
    seen: set[tuple[int, int, float]] = set()
    for k in range(partitions):
        callers, own = Callers(), [r for r in rows if r[0] % partitions == k]
        for i in range(0, len(own), size):
            seen |= flat(callers.take(contacts(*own[i : i + size])))
        seen |= flat(callers.advance(10**6))
    return seen


def flat(closed: list[Closed]) -> set[tuple[int, int, float]]:
    return {(one.bucket, p, v) for one in closed for p, v in zip(one.peers.tolist(), one.values.tolist(), strict=True)}


def test_a_row_reads_the_bucket_it_may_use() -> None:
    """Reputations are those of the row's bucket, not the newest; nothing is forgotten that can still be asked for."""
    published = Published()
    for bucket, value in ((3, 1.0), (5, 2.0), (8, 0.0)):
        published.publish(bucket, np.array([PEER], np.uint64), np.array([value]))
    asked = np.array([2, 3, 4, 5, 7, 8, 99])
    peers = np.full(len(asked), PEER, np.uint64)
    assert published.at(peers, asked).tolist() == [0, 1, 1, 2, 2, 0, 0]
    published.forget(5)
    assert published.at(peers[3:], asked[3:]).tolist() == [2, 2, 0, 0]
    published.forget(8)
    assert published.at(peers, asked).tolist() == [0] * 7
    published.publish(9, np.array([PEER], np.uint64), np.array([1.5]))
    assert published.at(peers[:2], np.array([9 + 2 * DAY - 1, 9 + 2 * DAY])).tolist() == [1.5, 0]
    assert published.at(np.array([1], np.uint64), np.array([9])).tolist() == [0]
