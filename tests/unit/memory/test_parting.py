"""A stored memory cut by shard: every record goes to exactly one part, which is a memory of its own."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from fraud_guard.door.tokens import shard_of
from fraud_guard.errors import IntegrityError
from fraud_guard.memory.memory import Journal, Memory
from fraud_guard.memory.pages import JOURNAL, Pager
from fraud_guard.memory.parting import part
from fraud_guard.pipeline import decide
from fraud_guard.tags.block import Block
from tests.reference.books import synthetic_book
from tests.reference.harness import rows_of
from tests.strategies import long_day


def stored() -> tuple[Memory, dict[str, bytes]]:
    """A memory that has seen a busy day, and its blobs."""
    memory = Memory()
    pager = Pager(memory)
    decide(Block(rows_of(long_day(3, 300, subjects=3)), [], [], []), memory, synthetic_book().generation)
    memory.journal.scored, memory.journal.mode = 300, 2
    return memory, dict(pager.delta().blobs)


def test_every_record_is_in_one_part() -> None:
    """People, episodes and the tally are neither lost nor doubled, and each is where its shard belongs."""
    whole, blobs = stored()
    parts = {}
    for q, some in part(blobs, 0, 1, 4).items():
        parts[q] = Memory()
        Pager(parts[q]).restore(some)
    assert sorted(t for m in parts.values() for t in m.slots) == sorted(whole.slots)
    assert sorted(t for m in parts.values() for t in m.episodes) == sorted(whole.episodes)
    assert all(shard_of(t) % 4 == q for q, m in parts.items() for t in (*m.slots, *m.episodes))
    assert [parts[q].journal.scored for q in range(4)] == [300, 0, 0, 0]
    assert {m.journal.mode for m in parts.values()} == {0}
    for token, slot in whole.slots.items():
        mine = parts[shard_of(token) % 4]
        assert np.array_equal(mine.head[mine.slots[token]], whole.head[slot])
        assert np.array_equal(mine.ring[mine.slots[token]], whole.ring[slot])


def test_a_part_knows_the_names_of_its_tags() -> None:
    """A repeat is a repeat in the part that its subject went to."""
    _, blobs = stored()
    rows = rows_of(long_day(3, 300, subjects=3))
    for q, some in part(blobs, 0, 1, 2).items():
        memory = Memory()
        Pager(memory).restore(some)
        mine = rows[rows["shard"] % 2 == q]
        assert decide(Block(mine, [], [], []), memory, synthetic_book().generation).tally.scored == 0


def test_only_known_blobs() -> None:
    """The parts of partition 1 of 2 are 1, 3, 5, 7 of 8; what nobody knows is refused."""
    assert sorted(part({JOURNAL: msgspec.msgpack.encode(Journal(gap=3))}, 1, 2, 8)) == [1, 3, 5, 7]
    with pytest.raises(IntegrityError, match="newer version"):
        part({"x/1": b""}, 0, 1, 2)
