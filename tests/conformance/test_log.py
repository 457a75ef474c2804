"""Every promise of `log.Log`, for each adapter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest

from fraud_guard.adapters.embedded.log import EmbeddedLog
from fraud_guard.adapters.kafka.log import KafkaLog
from fraud_guard.errors import ConfigurationError, DependencyError
from fraud_guard.log import Log, Record, StoredRecord
from scripts.servers.broker import Broker

Open = Callable[[], Log]
"""Opens the same log once more, as another process would."""
_numbers = count()


@pytest.fixture(params=["embedded", "kafka"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Each adapter on its real storage; every log that was opened is closed in the end."""
    logs: list[Log] = []

    def reopen() -> Log:
        if request.param == "embedded":
            logs.append(EmbeddedLog(tmp_path / "log.db"))
        else:
            broker: Broker = request.getfixturevalue("kafka")
            logs.append(KafkaLog(broker.address, patience_ms=5_000))
        return logs[-1]

    yield reopen
    for log in logs:
        log.close()


@pytest.fixture
def log(opened: Open) -> Log:
    return opened()


@pytest.fixture
def topic(log: Log) -> str:
    """A topic of two partitions that nobody else uses."""
    name = f"t{next(_numbers)}"
    log.declare(name, 2)
    return name


def records(*values: str) -> list[Record]:
    return [Record(None, value.encode()) for value in values]


def values(found: list[StoredRecord]) -> list[str]:
    return [record.value.decode() for record in found]


def test_records_come_back_as_they_went_in(log: Log, topic: str, opened: Open) -> None:
    """Key, value, headers and time come back, at once and in another process; a time that was not given is the append's."""
    given = [Record(b"\0key", b"value", (("h", b"1"), ("h", b"2")), 7), Record(None, b"", (), None)]
    assert log.append(topic, 1, given) == 0
    for reader in (log, opened()):
        first, second = reader.read(topic, 1, 0, 10)
        assert first == StoredRecord(topic, 1, 0, 7, b"\0key", b"value", (("h", b"1"), ("h", b"2")))
        assert (second.offset, second.key, second.value, second.headers) == (1, None, b"", ())
        assert second.timestamp_ms > 1_700_000_000_000


def test_offsets_count_up(log: Log, topic: str) -> None:
    """Each partition counts by itself from 0; the end is the next offset, and the start stays."""
    assert [log.append(topic, 0, records("a", "b")), log.append(topic, 1, records("c")), log.append(topic, 0, records("d"))] == [0, 0, 2]
    assert [log.end(topic, p) for p in (0, 1)] == [3, 1]
    assert [log.start(topic, p) for p in (0, 1)] == [0, 0]


def test_reading_goes_anywhere(log: Log, topic: str) -> None:
    """Any offset can be read at any time, at most as many records as asked for, nothing at the end and beyond."""
    log.append(topic, 0, records(*map(str, range(20))))
    for offset, most, wanted in ((0, 5, range(5)), (15, 9, range(15, 20)), (3, 1, range(3, 4)), (20, 5, ()), (99, 5, ()), (0, 99, range(20))):
        assert values(log.read(topic, 0, offset, most)) == list(map(str, wanted))


def test_a_reader_sees_what_was_appended_since(log: Log, topic: str, opened: Open) -> None:
    """An append that has returned is there for everybody, also for a reader that had reached the end."""
    reader = opened()
    for n in range(5):
        assert reader.read(topic, 0, n, 10) == []
        log.append(topic, 0, records(str(n)))
        assert reader.end(topic, 0) == n + 1
        assert values(reader.read(topic, 0, n, 10)) == [str(n)]


def test_several_appends_in_one_call(log: Log, topic: str) -> None:
    """Several batches get their offsets in the order given, also of one partition."""
    assert log.append_many([(topic, 0, records("a")), (topic, 1, records("b")), (topic, 0, records("c", "d"))]) == [0, 0, 1]
    assert values(log.read(topic, 0, 0, 9)) == ["a", "c", "d"]


def test_an_append_of_any_size_keeps_its_order(log: Log, topic: str) -> None:
    """Megabytes in one call, small and large records mixed, come back whole, in order and with consecutive offsets."""
    given = [Record(b"k", str(n).encode() * (100_000 if n % 97 == 0 else 100)) for n in range(2_000)]
    given[700] = Record(b"k", b"a record larger than a fetch" * 100_000)
    log.append(topic, 1, records("first"))
    assert log.append(topic, 1, given) == 1
    found: list[StoredRecord] = []
    while len(found) < len(given):
        found += log.read(topic, 1, 1 + len(found), 500)
    assert [(one.offset, one.key, one.value) for one in found] == [(1 + n, one.key, one.value) for n, one in enumerate(given)]


def test_notes_of_how_far_one_came(log: Log, topic: str, opened: Open) -> None:
    """What was noted is there for everybody, for each partition by itself; before the first note there is none."""
    assert log.committed(topic, 0) is None
    log.append_values(topic, 0, [b"a", b"b"])
    log.commit({(topic, 0): 1})
    log.commit({(topic, 1): 700})
    log.commit({(topic, 0): 2})
    assert [opened().committed(topic, p) for p in (0, 1)] == [2, 700]


def test_a_large_record(log: Log, topic: str) -> None:
    """A block of several megabytes is one record."""
    large = bytes(range(256)) * 16_000
    log.append(topic, 0, [Record(None, large), *records("after")])
    assert log.read(topic, 0, 0, 1)[0].value == large
    assert values(log.read(topic, 0, 1, 1)) == ["after"]


def test_declaring_again(log: Log, topic: str, opened: Open) -> None:
    """Declaring a topic again is harmless; with another number of partitions it is refused."""
    opened().declare(topic, 2)
    with pytest.raises(ConfigurationError, match="has 2 partitions"):
        log.declare(topic, 3)


def test_what_does_not_exist(log: Log, topic: str) -> None:
    """A partition or topic that was not declared is named, whatever is asked of it; nothing is appended elsewhere."""
    for act in (log.end, log.start, lambda t, p: log.read(t, p, 0, 1), lambda t, p: log.append(t, p, records("x"))):
        with pytest.raises(ConfigurationError, match=r"no partition 9.*declare"):
            act(topic, 9)
    with pytest.raises(ConfigurationError, match="no partition 9"):
        log.append_many([(topic, 0, records("lost")), (topic, 9, records("x"))])
    assert log.end(topic, 0) == 0
    with pytest.raises(ConfigurationError, match=r"nowhere.*declare"):
        log.end("nowhere", 0)
    with pytest.raises(ValueError, match="at least one"):
        log.append(topic, 0, [])


def test_threads_share_one_log(log: Log, topic: str) -> None:
    """Appends and reads from several threads lose and mix nothing."""
    def work(n: int) -> list[str]:
        log.append(topic, n % 2, records(*(f"{n}-{i}" for i in range(10))))
        return values(log.read(topic, n % 2, 0, 1_000))

    with ThreadPoolExecutor(4) as pool:
        seen = list(pool.map(work, range(12)))
    for n, read in enumerate(seen):
        assert [v for v in read if v.startswith(f"{n}-")] == [f"{n}-{i}" for i in range(10)]
    assert log.end(topic, 0) + log.end(topic, 1) == 120


def test_a_broker_that_is_away(apache_kafka: Broker) -> None:
    """While the broker is away calls raise the error that means: try again; afterwards the same log goes on."""
    log, name = KafkaLog(apache_kafka.address, patience_ms=1_500), f"t{next(_numbers)}"
    log.declare(name, 1)
    log.append(name, 0, records("before"))
    apache_kafka.pause(paused=True)
    with pytest.raises(DependencyError, match="brokers run"):
        log.end(name, 0)
    with pytest.raises(DependencyError, match="brokers run"):
        log.append(name, 0, records("during"))
    apache_kafka.pause(paused=False)
    patient = KafkaLog(apache_kafka.address)
    patient.append(name, 0, records("after"))
    found = values(patient.read(name, 0, 0, 10))
    assert (found[0], found[-1]) == ("before", "after")
    patient.close()
    log.close()


def test_nobody_there() -> None:
    """A log whose brokers cannot be reached says so at once when it is opened."""
    with pytest.raises(DependencyError, match=r"127\.0\.0\.1:1.*brokers run"):
        KafkaLog("127.0.0.1:1", patience_ms=1_000)
