"""Every promise of `ports.MemoryStore`, for each adapter."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections import Counter, UserDict
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fraud_guard import failpoints
from fraud_guard.adapters.redis_memory import RedisMemoryStore
from fraud_guard.adapters.sqlite_memory import VERSION, SqliteMemoryStore
from fraud_guard.errors import ConfigurationError, FencedError, IntegrityError
from fraud_guard.ports import MemoryStore, Snapshot

P0, P1 = "tags-0", "tags-1"
EMPTY = Snapshot(-1, 0, "", {})
Open = Callable[[], MemoryStore]
"""Opens the same storage once more, as another process would."""
NewStorage = Callable[[], Open]
"""Makes empty storage."""


@pytest.fixture(params=["sqlite", "valkey"])
def storage(request: pytest.FixtureRequest) -> Iterator[NewStorage]:
    """Each adapter on its real server; every store that was opened is closed in the end."""
    stores: list[MemoryStore] = []

    def kept(store: MemoryStore) -> MemoryStore:
        stores.append(store)
        return store

    with TemporaryDirectory() as folder:
        numbers = count()

        def make() -> Open:
            name = f"s{next(numbers)}"
            if request.param == "sqlite":
                return lambda: kept(SqliteMemoryStore(Path(folder) / name / "memory.db"))
            url: str = request.getfixturevalue("valkey")
            site = f"{Path(folder).name}-{name}"
            return lambda: kept(RedisMemoryStore(url, site))

        yield make
        for store in stores:
            store.close()


@pytest.fixture
def opened(storage: NewStorage) -> Open:
    return storage()


def snapshot(position: int, **blobs: bytes) -> Snapshot:
    return Snapshot(position, position * 10, f"g{position}", blobs)


def test_a_new_partition_is_empty(opened: Open) -> None:
    """Before the first checkpoint there is position -1, no generation and no blob, also after taking an epoch."""
    store = opened()
    assert store.load(P0) == EMPTY
    store.take_epoch(P0)
    assert store.load(P0) == EMPTY


def test_a_checkpoint_comes_back(opened: Open) -> None:
    """Position, watermark, generation and every byte come back, from the same store and from one opened anew."""
    store = opened()
    saved = Snapshot(7, -1, "gen", {"p/001/0": bytes(range(256)), "d/0": b"", "e/ä": b"\0"})
    store.checkpoint(P0, store.take_epoch(P0), saved)
    assert store.load(P0) == saved
    store.close()
    assert opened().load(P0) == saved


def test_a_checkpoint_writes_over_and_drops(opened: Open) -> None:
    """Blobs of a checkpoint replace those of the same key, dropped keys go, unknown ones to drop are no error."""
    store = opened()
    epoch = store.take_epoch(P0)
    store.checkpoint(P0, epoch, snapshot(1, a=b"1", b=b"1", c=b"1"))
    store.checkpoint(P0, epoch, snapshot(2, b=b"2"), drop=["c", "never"])
    assert store.load(P0) == snapshot(2, a=b"1", b=b"2")
    store.checkpoint(P0, epoch, snapshot(3, c=b"3"))
    assert store.load(P0) == snapshot(3, a=b"1", b=b"2", c=b"3")


def test_each_blob_is_asked_for_once(opened: Open) -> None:
    """A page of memory is packed when it is asked for, so a store asks for it once."""
    asked = Counter[str]()

    class Counting(UserDict[str, bytes]):
        def __getitem__(self, key: str) -> bytes:
            asked[key] += 1
            return super().__getitem__(key)

    store = opened()
    blobs = {f"p/{i}": bytes([i]) * (i * 1_000) for i in range(20)}
    store.checkpoint(P0, store.take_epoch(P0), Snapshot(1, 10, "g1", Counting(blobs)))
    assert asked == dict.fromkeys(blobs, 1)
    assert store.load(P0).blobs == blobs


def test_partitions_are_apart(opened: Open) -> None:
    """Two partitions share keys and nothing else: neither blobs, nor positions, nor epochs."""
    store = opened()
    one, two = store.take_epoch(P0), store.take_epoch(P1)
    store.checkpoint(P0, one, snapshot(1, a=b"one", b=b"one"))
    store.checkpoint(P1, two, snapshot(2, a=b"two"))
    store.take_epoch(P1)
    store.checkpoint(P0, one, snapshot(3), drop=["a"])
    assert (store.load(P0), store.load(P1)) == (snapshot(3, b=b"one"), snapshot(2, a=b"two"))


def test_two_workers_write_two_partitions(opened: Open) -> None:
    """Workers with partitions of their own do not touch each other's blobs, though both are open for long."""
    first, second = opened(), opened()
    one, two = first.take_epoch(P0), second.take_epoch(P1)
    assert (first.load(P0), second.load(P1)) == (EMPTY, EMPTY)
    for n in range(3):
        first.checkpoint(P0, one, snapshot(n, **{f"k{n}": b"first"}))
        second.checkpoint(P1, two, snapshot(n, **{f"k{n}": b"second"}))
    assert first.load(P0).blobs == dict.fromkeys(("k0", "k1", "k2"), b"first")
    assert first.load(P1).blobs == dict.fromkeys(("k0", "k1", "k2"), b"second")


def test_an_older_epoch_is_refused(opened: Open) -> None:
    """Once a newer worker took the partition, the old one writes nothing: no blob, no drop, no position."""
    old, new = opened(), opened()
    stale = old.take_epoch(P0)
    old.checkpoint(P0, stale, snapshot(1, a=b"1"))
    fresh = new.take_epoch(P0)
    assert fresh > stale
    with pytest.raises(FencedError, match=P0):
        old.checkpoint(P0, stale, snapshot(2, a=b"2", b=b"2"), drop=["a"])
    assert new.load(P0) == snapshot(1, a=b"1")
    with pytest.raises(FencedError):
        old.checkpoint(P0, fresh + 1, snapshot(2))
    with pytest.raises(FencedError):
        old.checkpoint("never-taken", 1, snapshot(2))


def test_a_partition_that_comes_back(opened: Open) -> None:
    """A worker that takes its partition again goes on from what the other one left, dropped keys included."""
    one, other = opened(), opened()
    one.checkpoint(P0, one.take_epoch(P0), snapshot(1, a=b"1", b=b"1"))
    epoch = other.take_epoch(P0)
    other.load(P0)
    other.checkpoint(P0, epoch, snapshot(2), drop=["a"])
    other.checkpoint(P0, epoch, snapshot(3, c=b"3"))
    again = one.take_epoch(P0)
    assert one.load(P0) == snapshot(3, b=b"1", c=b"3")
    one.checkpoint(P0, again, snapshot(4, a=b"4"))
    assert one.load(P0) == snapshot(4, a=b"4", b=b"1", c=b"3")


@pytest.mark.parametrize("name", ["begin", "position", "blobs", "commit", "done"])
def test_a_kill_leaves_all_or_nothing(name: str, opened: Open) -> None:
    """Killed at any line of a checkpoint, the store holds the old one whole or the new one whole."""
    before, after = snapshot(1, a=b"1", b=b"1"), snapshot(2, a=b"2", c=b"2")
    store = opened()
    store.checkpoint(P0, store.take_epoch(P0), before)
    store.close()
    child = os.fork()
    if child == 0:
        try:
            failpoints.arm(f"checkpoint-{name}")
            victim = opened()
            epoch = victim.take_epoch(P0)
            victim.load(P0)
            victim.checkpoint(P0, epoch, after, drop=["b"])
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert opened().load(P0) == (after if name == "done" else before)


CHECKPOINTS = st.lists(
    st.tuples(
        st.sampled_from([P0, P1]), st.dictionaries(st.sampled_from("abcde"), st.binary(max_size=4), max_size=4),
        st.sets(st.sampled_from("abcde"), max_size=3), st.booleans(),
    ), max_size=12,
)  # fmt: skip


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(acts=CHECKPOINTS)
def test_any_history_equals_a_dict(storage: NewStorage, acts: list[tuple[str, dict[str, bytes], set[str], bool]]) -> None:
    """After any checkpoints, with restarts in between, both partitions hold what plain dictionaries would."""
    model: dict[str, dict[str, bytes]] = {P0: {}, P1: {}}
    opened = storage()
    store = opened()
    epochs = {p: store.take_epoch(p) for p in model}
    for n, (partition, blobs, drop, restart) in enumerate(acts):
        gone = drop - blobs.keys()
        store.checkpoint(partition, epochs[partition], snapshot(n, **blobs), gone)
        model[partition] = {k: v for k, v in (model[partition] | blobs).items() if k not in gone}
        if restart:
            store.close()
            store = opened()
            epochs = {p: store.take_epoch(p) for p in model}
            assert {p: store.load(p).blobs for p in model} == model
    assert {p: store.load(p).blobs for p in model} == model


def sqlite_file(tmp_path: Path) -> Path:
    """A SQLite store with one checkpoint."""
    path = tmp_path / "memory.db"
    with closing(SqliteMemoryStore(path)) as store:
        store.checkpoint(P0, store.take_epoch(P0), snapshot(1, a=b"1" * 100))
    return path


def test_a_damaged_blob(tmp_path: Path) -> None:
    """A blob whose bytes changed is found by its check sum, and named with a remedy."""
    path = sqlite_file(tmp_path)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("UPDATE blob SET data = CAST(replace(data, '1', '2') AS BLOB)")
    with closing(SqliteMemoryStore(path)) as store, pytest.raises(IntegrityError, match=r"blob a of tags-0.*snapshot"):
        store.load(P0)


def test_a_damaged_file(tmp_path: Path) -> None:
    """A file that is no database is damage with a remedy, not a crash."""
    path = sqlite_file(tmp_path)
    path.write_bytes(b"not a database" + path.read_bytes()[14:])
    with pytest.raises(IntegrityError, match="restore"):
        SqliteMemoryStore(path)


def test_a_foreign_layout(tmp_path: Path) -> None:
    """A file of another layout version is refused with what to run, and left alone."""
    path = sqlite_file(tmp_path)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
    before = path.read_bytes()
    with pytest.raises(IntegrityError, match=rf"layout {VERSION + 1}.*run the build that wrote it"):
        SqliteMemoryStore(path)
    assert path.read_bytes() == before


def test_only_the_owner_reads_the_file(tmp_path: Path) -> None:
    """What is remembered about people is not open to other users of the machine; a folder one may not write is said."""
    path = sqlite_file(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(ConfigurationError, match="data_dir"):
        SqliteMemoryStore(path / "below" / "memory.db")
