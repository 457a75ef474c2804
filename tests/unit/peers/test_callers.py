"""Callers: what many subjects tell together, whatever the order and the blocks."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fraud_guard.peers.bucket import BUCKET_MS
from fraud_guard.peers.callers import Callers, Closed
from fraud_guard.peers.layout import CONTACT, EXPIRE_BUCKETS, LONE_BUCKETS, Tally
from fraud_guard.peers.reputation import INDEPENDENT, MOST, Published, distinct

T = TypeVar("T")
Row = tuple[int, int, int, int, int, int, int, int]
Phase = tuple[int, int, int, int, bool]
PEER = 77
DAY = 288


def call(peer: int, subject: int, bucket: int, *, outgoing: bool = False, talked_s: int = 60) -> Row:
    scattered = int(np.random.default_rng(subject).integers(1 << 63))
    at_ms = bucket * BUCKET_MS
    return peer, scattered, at_ms, at_ms, 0, talked_s, 1, int(outgoing)


def contacts(*rows: Row) -> np.ndarray:
    return np.array(list(rows), CONTACT)


def told(*rows: Row, until: int = 10 * DAY) -> dict[int, float]:
    """The newest reputation of each peer once `until` has come."""
    callers = Callers()
    closed = callers.take(contacts(*rows)) + callers.advance(until)
    return {p: v for one in closed for p, v in zip(one.peers.tolist(), one.values.tolist(), strict=True)}


def strangers(n: int, bucket: int = 1, outgoing: bool = False) -> list[Row]:
    return [call(PEER, s, bucket, outgoing=outgoing) for s in range(n)]


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
    callers.advance(2_100)
    tallies = callers.records.table["tallies"][0]
    assert tallies[Tally.CALLED] == pytest.approx(2 / math.e + 1)
    assert tallies[Tally.ANSWERED] == pytest.approx(1 / math.e + 1)
    assert tallies[Tally.TALKED_S] == pytest.approx(120 / math.e + 60)
    assert tallies[Tally.RETURNED] == pytest.approx(1 / math.e)
    assert tallies[Tally.FIRST] == pytest.approx(2 / math.e + 1)


DAYS = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 30), st.integers(0, 2_000), st.booleans()), min_size=1, max_size=80)


@given(DAYS, st.integers(1, 20), st.integers(1, 3))
def test_cuts_order_and_partitions_change_nothing(day: list[tuple[int, int, int, bool]], size: int, partitions: int) -> None:
    """In any blocks, shuffled within a bucket, on one partition or several: the same reputations in the same buckets."""
    rows = sorted((call(p, s, b, outgoing=o) for p, s, b, o in day), key=lambda r: r[2])
    whole = run(rows, len(rows), 1)
    swapped = sorted(reversed(rows), key=lambda r: r[2])  # noqa: C414  the order of equals is what is turned round
    assert run(swapped, size, partitions) == whole


def run(rows: list[Row], size: int, partitions: int) -> set[tuple[int, int, float]]:
    seen: set[tuple[int, int, float]] = set()
    for k in range(partitions):
        callers, own = Callers(), [r for r in rows if r[0] % partitions == k]
        for i in range(0, len(own), size):
            seen |= flat(callers.take(contacts(*own[i : i + size])))
        seen |= flat(callers.advance(10**6))
    return seen


PHASES = st.lists(
    st.tuples(st.sampled_from((1, 100, 450, 576)), st.integers(0, 30), st.sampled_from((1, 1, 8)), st.integers(1, 3), st.booleans()),
    min_size=1, max_size=8,
)  # fmt: skip
"""Of one caller: buckets of silence, then so many subjects called so many times each; it may be called back by some."""


def weeks_of(peer: int, phases: list[Phase]) -> list[Row]:
    rows, bucket = list[Row](), 0
    for gap, first, n, times, returned in phases:
        bucket += gap
        rows += [call(peer, s, bucket, outgoing=returned and s % 3 == 0) for s in range(first, first + n)] * times
    return rows


@example([(1, 0, 1, 3, False), (576, 10, 8, 2, False)], [], 1)
@given(PHASES, st.lists(st.tuples(st.integers(1, 3_000), st.integers(0, 30)), max_size=20), st.integers(1, 20))
def test_forgetting_changes_no_reputation_of_who_calls_on(phases: list[Phase], others: list[tuple[int, int]], size: int) -> None:
    """Callers never silent for more than two days have, to the bit, the reputations of a stage that keeps everything."""
    rows = weeks_of(1, phases) + [call(2 + s % 3, s, bucket) for bucket, s in others]
    rows.sort(key=lambda row: row[2])
    regular = {peer for peer in range(1, 5) if all_within([row[2] // BUCKET_MS for row in rows if row[0] == peer])}
    kept = keeping(lambda: run(rows, len(rows), 1))
    assert 1 in regular
    assert {t for t in run(rows, size, 1) if t[1] in regular} == {t for t in kept if t[1] in regular}


def all_within(buckets: list[int]) -> bool:
    return all(b - a <= 2 * DAY for a, b in itertools.pairwise(buckets))


def keeping(what: Callable[[], T]) -> T:
    """The same with callers of one subject kept as long as all others."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fraud_guard.peers.callers.LONE_BUCKETS", EXPIRE_BUCKETS)
        return what()


def left(rows: list[Row], until: int) -> set[int]:
    callers = Callers()
    callers.take(contacts(*rows))
    callers.advance(until)
    return set(callers.records.table["peer"].tolist()) - {0}


def test_who_called_one_subject_is_forgotten_after_two_days() -> None:
    """One subject, however often called: gone after two days of silence; several, or called back twice: after a month."""
    rows = [call(1, 7, 10), call(1, 7, 11), call(2, 7, 10), call(2, 8, 10), call(3, 7, 10), *[call(3, 7, 11, outgoing=True)] * 2]
    assert left(rows, 11 + LONE_BUCKETS) == {1, 2, 3}
    assert left(rows, 24 + LONE_BUCKETS) == {2, 3}
    assert left(rows, 24 + EXPIRE_BUCKETS) == set()
    assert keeping(lambda: left(rows, 24 + LONE_BUCKETS)) == {1, 2, 3}


@given(PHASES, st.integers(1, 3))
def test_it_does_not_matter_when_the_forgotten_are_swept(phases: list[Phase], stretch: int) -> None:
    """A caller whose time is over is met anew, whether its record was freed before or not."""
    rows = weeks_of(1, [(phase[0] * stretch, *phase[1:]) for phase in phases])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Callers, "_sweep", lambda *_: None)
        unswept = run(rows, len(rows), 1)
    assert run(rows, len(rows), 1) == unswept


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
