"""Checkpoints: only what changed is written, and what is built from it is the same memory."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given

from fraud_guard.errors import IntegrityError
from fraud_guard.memory.layout import RECORD_BYTES
from fraud_guard.memory.memory import PAGE, Memory
from fraud_guard.memory.pages import Pager
from fraud_guard.pipeline import decide
from fraud_guard.tags.block import Block
from tests.reference.books import synthetic_book
from tests.reference.harness import rows_of
from tests.strategies import FEW, SCENES, Step, days, play


def fed(tags: list, memory: Memory) -> None:
    decide(Block(rows_of(tags), [], [], []), memory, synthetic_book().generation)


def image(memory: Memory) -> dict:
    """All that is remembered, by subject, without where it lies in RAM."""
    return {
        token: (memory.head[slot].tobytes(), memory.ring[slot].tobytes(), memory.episodes.get(token))
        for token, slot in memory.slots.items()
    }


@FEW
@given(days())
def test_a_memory_is_built_again_from_its_blobs(tags):
    """Records, rings, episodes and due times survive a checkpoint to the byte."""
    old, new = Memory(), Memory()
    fed(tags, old)
    Pager(new).restore(Pager(old).delta().blobs)
    assert image(new) == image(old)
    waiting = {(old.next_due_ms(token), token) for token in old.slots if old.next_due_ms(token)}
    assert waiting <= {(t.due_ms, t.token) for t in new.timers}


def test_a_second_checkpoint_writes_only_what_changed():
    """Untouched pages and episodes are not written again; nothing changed, nothing written."""
    memory = Memory()
    fed(play([Step(0, s, 0, 0) for s in range(4)]), memory)
    pager = Pager(memory)
    assert len(pager.delta().blobs) >= 4
    pager.saved()
    assert dict(pager.delta().blobs) == {}
    memory.touch(np.array([0]))
    assert list(pager.delta().blobs) == [f"p/{int(memory.head['shard'][0]):03d}/00000000"]


def test_what_could_not_be_stored_comes_again():
    """Until `saved`, a delta holds everything of the deltas before it, as it stands now."""
    memory = Memory()
    fed(play([Step(0, 0, len(SCENES) - 1, 0)]), memory)
    pager = Pager(memory)
    first = set(pager.delta().blobs)
    fed(play([Step(1_000, 1, 30, 0)]), memory)
    again = pager.delta().blobs
    assert first < set(again)
    new = Memory()
    Pager(new).restore(again)
    assert image(new) == image(memory)


def test_a_closed_episode_is_dropped():
    """The blob of an episode that has ended goes at the next checkpoint."""
    memory = Memory()
    fed(play([Step(0, 0, len(SCENES) - 1, 0), *[Step(1_000, 0, i, 0) for i in range(6)]]), memory)
    pager = Pager(memory)
    stored = [k for k in pager.delta().blobs if k.startswith("e/")]
    assert stored
    pager.saved()
    token = bytes.fromhex(stored[0][2:])
    del memory.episodes[token]
    memory.episodes_dirty.add(token)
    assert pager.delta().drop == stored


def test_old_duplicate_segments_are_dropped():
    """A segment of fingerprints goes when all its tags are out of the window."""
    memory = Memory()
    pager = Pager(memory)
    fed(play([Step(0, 0, 30, 0)]), memory)
    (first,) = [k for k in pager.delta().blobs if k.startswith("d/")]
    pager.saved()
    fed(play([Step(0, 0, 30, 0), Step(60 * 3_600_000, 0, 30, 0)])[-1:], memory)
    assert first in pager.delta().drop


def test_foreign_and_damaged_blobs_are_refused():
    """A page of another layout, a broken page and an unknown kind stop the worker instead of misleading it."""
    memory = Memory()
    fed(play([Step(0, 0, 0, 0)]), memory)
    blobs = Pager(memory).delta().blobs
    key = next(k for k in blobs if k.startswith("p/"))
    for wrong in ({key: bytes([99]) + blobs[key][1:]}, {key: blobs[key][:1] + b"\0" * 50}, {"z/1": b""}):
        with pytest.raises(IntegrityError):
            Pager(Memory()).restore(wrong)


def test_a_subject_fits_in_two_kilobytes():
    """A record is at most 2 KiB, and a page holds PAGE of them compressed below that."""
    memory = Memory()
    fed(play([Step(0, s, 0, 0) for s in range(4)]), memory)
    pages = [b for k, b in Pager(memory).delta().blobs.items() if k.startswith("p/")]
    assert RECORD_BYTES <= 2_048
    assert max(map(len, pages)) < PAGE * 2_048


def test_episodes_are_stored_as_plain_msgpack():
    """An episode blob is a msgpack array: readable without this program."""
    memory = Memory()
    fed(play([Step(1_000, 0, i, 0) for i in range(6)]), memory)
    blobs = {k: b for k, b in Pager(memory).delta().blobs.items() if k.startswith("e/")}
    assert blobs
    assert all(isinstance(msgspec.msgpack.decode(b), list) for b in blobs.values())
