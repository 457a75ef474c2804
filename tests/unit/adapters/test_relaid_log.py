"""A log of several generations: one run of offsets, whichever generation's name it is called by."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fraud_guard.adapters.embedded.log import EmbeddedLog
from fraud_guard.adapters.relaid_log import Generation, RelaidLog, generation_of, topic_of
from fraud_guard.log import Record

GENERATIONS = (Generation(1, 1), Generation(2, 2, 10))


@pytest.fixture
def log(tmp_path: Path) -> Iterator[RelaidLog]:
    """Three records in the only partition of the first generation, then two partitions from offset 10 on."""
    with closing(EmbeddedLog(tmp_path / "log.db")) as plain:
        for topic, partitions in (("t", 1), ("t.2", 2), ("other", 1)):
            plain.declare(topic, partitions)
        plain.append_values("t", 0, [b"a", b"b", b"c"])
        yield RelaidLog(plain, "t", GENERATIONS)


def found(log: RelaidLog, partition: int, offset: int, most: int = 9) -> list[tuple[int, bytes]]:
    return [(r.offset, r.value) for r in log.read("t", partition, offset, most)]


def test_offsets_go_on_behind_the_older_ones(log: RelaidLog) -> None:
    """Appends and bounds count from the base, under both names; other topics are as they are."""
    assert [log.append("t", 1, [Record(None, b"x")]), log.append_values("t.2", 1, [b"y"])] == [10, 11]
    assert log.append_many([("other", 0, [Record(None, b"o")]), ("t", 0, [Record(None, b"z")])]) == [0, 10]
    assert [(log.start(name, 1), log.end(name, 1)) for name in ("t", "t.2", "other")[:2]] == [(10, 12)] * 2
    assert (log.start("other", 0), log.end("other", 0)) == (0, 1)
    assert found(log, 1, 10) == [(10, b"x"), (11, b"y")]


def test_below_the_base_the_older_partition_is_read(log: RelaidLog) -> None:
    """A position of before means the record of before, in every partition that its shards went to; what is between is skipped."""
    log.append("t", 1, [Record(None, b"x")])
    assert found(log, 1, 1) == found(log, 0, 1) == [(1, b"b"), (2, b"c")]
    assert found(log, 1, 3) == [(10, b"x")]
    assert found(log, 0, 3) == []
    assert {(r.topic, r.partition) for r in log.read("t", 1, 0, 9)} == {("t", 1)}


def test_commits_and_trims_are_translated(log: RelaidLog) -> None:
    """What is committed comes back as it was given; of older generations everything old goes."""
    assert log.committed("t", 1) is None
    for value in (b"x", b"y"):
        log.append_values("t", 1, [value])
    log.commit({("t", 1): 11})
    assert (log.committed("t", 1), log.committed("t.2", 1)) == (11, 11)
    log.trim_older("t", 4_000_000_000_000, {0: 10, 1: 11})
    assert log.start("t", 1) == 11
    assert found(log, 0, 0) == []


def test_names_and_generations() -> None:
    """The first generation has the plain name; an offset belongs to the newest generation that begins at or below it."""
    assert [topic_of("t", one.number) for one in GENERATIONS] == ["t", "t.2"]
    assert [generation_of(GENERATIONS, offset).number for offset in (0, 9, 10, 99)] == [1, 1, 2, 2]
