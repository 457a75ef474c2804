"""The memory of a partition: slots, timers, forgetting, sweeping."""

from __future__ import annotations

import numpy as np

from fraud_guard.memory.episode import Episode
from fraud_guard.memory.layout import EXPIRE_S
from fraud_guard.memory.memory import LATE_MS, PAGE, Memory

NOW_MS = 1_790_000_000_000


def token(n: int) -> bytes:
    return n.to_bytes(16, "big")


def with_subjects(count: int, shard: int = 7) -> Memory:
    memory = Memory()
    slots = memory.slots_of([token(n) for n in range(count)], [shard] * count)
    memory.head["last_ms"][slots] = NOW_MS
    memory.watermark_ms = NOW_MS
    return memory


def test_a_subject_keeps_its_slot():
    """The same token always lies in the same slot, also when it comes twice in a call."""
    memory = Memory()
    first = memory.slots_of([token(1), token(2), token(1)], [3, 4, 3])
    assert first[0] == first[2] != first[1]
    assert memory.slots_of([token(2), token(1)], [4, 3]).tolist() == [first[1], first[0]]
    assert len(memory) == 2


def test_pages_hold_one_shard_each():
    """Records of different shards never share a page."""
    memory = Memory()
    slots = memory.slots_of([token(n) for n in range(100)], [n % 3 for n in range(100)])
    shards = {}
    for n, slot in enumerate(slots.tolist()):
        assert shards.setdefault(slot // PAGE, n % 3) == n % 3


def test_the_memory_grows():
    """More subjects than were made room for keep their records."""
    memory = with_subjects(20_000)
    assert len(memory) == 20_000 == len(set(memory.slots.values()))
    assert (memory.head["last_ms"][list(memory.slots.values())] == NOW_MS).all()


def test_timers_come_in_order_and_once():
    """Due timers come sorted by time, then token, and are gone afterwards."""
    memory = Memory()
    for due_ms, n in ((30, 1), (10, 2), (10, 1), (99, 3)):
        memory.add_timer(due_ms, token(n))
    assert [(t.due_ms, t.token) for t in memory.due(30)] == [(10, token(1)), (10, token(2)), (30, token(1))]
    assert memory.due(30) == []


def test_the_next_due_time_is_the_earlier_of_call_and_alert():
    """A subject's own next timer is the call in progress or the end of the open alert."""
    memory = with_subjects(1)
    assert memory.next_due_ms(token(0)) is None
    memory.episodes[token(0)] = Episode(n=1, expire_ms=500)
    assert memory.next_due_ms(token(0)) == 500
    memory.head["call_due_ms"][memory.slots[token(0)]] = 400
    assert memory.next_due_ms(token(0)) == 400
    memory.episodes[token(0)].n = 0
    memory.head["call_due_ms"][memory.slots[token(0)]] = 0
    assert memory.next_due_ms(token(0)) is None


def test_forgetting_keeps_only_what_it_must():
    """A release leaves nothing but the number of alerts and the watermark; a closure also who the person is."""
    for keep in (False, True):
        memory = with_subjects(1)
        slot = memory.slots[token(0)]
        for name in ("age", "victim", "lures", "alerts", "call_otps"):
            memory.head[name][slot] = 3
        memory.head["counts"][slot] = 1.5
        memory.forget(slot, keep_history=keep)
        head = memory.head[slot]
        assert (head["alerts"], head["last_ms"], head["shard"]) == (3, NOW_MS, 7)
        assert (head["age"], head["victim"]) == ((3, 3) if keep else (0, 0))
        assert not head["counts"].any() and not head["lures"] and not head["call_otps"]


def test_a_sweep_frees_the_untouched_and_nobody_else():
    """Subjects untouched for 90 days are gone with their rings; the young and those with an open alert stay."""
    memory = with_subjects(4)
    slots = [memory.slots[token(n)] for n in range(4)]
    memory.ring["position"][slots] = 9
    old_ms = NOW_MS - EXPIRE_S * 1000 - LATE_MS - 1
    memory.head["last_ms"][slots[:3]] = old_ms
    memory.head["last_ms"][slots[1]] += 1
    memory.episodes = {token(0): Episode(), token(2): Episode(n=1, expire_ms=NOW_MS + 1)}
    assert memory.sweep() == 1
    assert set(memory.slots) == {token(1), token(2), token(3)}
    assert set(memory.episodes) == {token(2)}
    assert not memory.ring["position"][slots[0]].any()
    assert not np.any(memory.head["token"][slots[0]].tobytes().strip(b"\0"))
    assert memory.slots_of([token(9)], [7]).tolist() == [slots[0]]


def test_a_sweep_keeps_the_number_of_alerts():
    """Who had an alert loses all signals but keeps the count, so that no alert id is given twice."""
    memory = with_subjects(1)
    slot = memory.slots[token(0)]
    memory.head["alerts"][slot], memory.head["age"][slot] = 2, 70
    memory.head["last_ms"][slot] = 1_000
    assert memory.sweep() == 1
    assert memory.slots == {token(0): slot}
    assert (memory.head["alerts"][slot], memory.head["age"][slot], memory.head["last_ms"][slot]) == (2, 0, 0)
    assert memory.sweep() == 0
