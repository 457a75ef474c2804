"""What is special to memory on Redis or Valkey: policy, rights, a full server, a lost one."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import redis

from fraud_guard.adapters import redis_memory
from fraud_guard.adapters.redis_memory import COMMAND_BYTES, RedisMemoryStore
from fraud_guard.errors import ConfigurationError, DependencyError, FencedError, IntegrityError
from fraud_guard.ports import Snapshot
from tests.servers import NewValkey

P = "tags-0"
RIGHTS = "~fg:* +info +time +watch +unwatch +multi +exec +hget +hmget +hset +hgetall +hscan +hdel"
"""What docs/operations.md asks for."""


@pytest.fixture
def store(valkey: str, request: pytest.FixtureRequest) -> Iterator[RedisMemoryStore]:
    with closing(RedisMemoryStore(valkey, request.node.name)) as opened:
        yield opened


def snapshot(position: int, **blobs: bytes) -> Snapshot:
    return Snapshot(position, 0, "", blobs)


def admin(url: str) -> redis.Redis:
    return redis.Redis.from_url(url)


def test_a_server_that_may_drop_keys_is_refused(new_valkey: NewValkey) -> None:
    """Any policy but noeviction would lose memory silently, so it is refused with the remedy."""
    url = new_valkey(maxmemory_policy="allkeys-lru")
    with pytest.raises(ConfigurationError, match=r"allkeys-lru.*noeviction"):
        RedisMemoryStore(url)


def test_few_rights_are_enough(new_valkey: NewValkey) -> None:
    """A user with the documented commands on the documented keys can do everything."""
    url = new_valkey()
    with closing(admin(url)) as db:
        db.execute_command("ACL", "SETUSER", "guard", "on", ">hush", *RIGHTS.split())
    with closing(RedisMemoryStore(url.replace("//", "//guard:hush@"))) as store:
        epoch = store.take_epoch(P)
        store.checkpoint(P, epoch, snapshot(1, a=b"1", b=b"2"))
        store.checkpoint(P, epoch, snapshot(2), drop=["a"])
        assert store.load(P) == snapshot(2, b=b"2")


def test_missing_rights_are_a_matter_of_configuration(new_valkey: NewValkey) -> None:
    """A user without the rights, or a wrong password, is told to the operator; the password is not repeated."""
    url = new_valkey()
    with closing(admin(url)) as db:
        db.execute_command("ACL", "SETUSER", "guard", "on", ">hush", "~fg:*", "+info")
    with closing(RedisMemoryStore(url.replace("//", "//guard:hush@"))) as store, pytest.raises(ConfigurationError, match="operations"):
        store.take_epoch(P)
    with pytest.raises(ConfigurationError) as refused:
        RedisMemoryStore(url.replace("//", "//guard:wrongword@"))
    assert "wrongword" not in str(refused.value)


def test_nobody_there_is_a_missing_dependency() -> None:
    """A server that cannot be reached is named without its password, and with what to check."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(DependencyError, match=f"127.0.0.1:{port}.*reached") as refused:
            RedisMemoryStore(f"redis://guard:hush@127.0.0.1:{port}")
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize("url", ["http://here", "redis://here:port", ""])
def test_a_wrong_address_is_a_matter_of_configuration(url: str) -> None:
    """An address that is none says how one is written."""
    with pytest.raises(ConfigurationError, match=r"memory_url.*redis://"):
        RedisMemoryStore(url)


def test_a_full_server_keeps_the_old_checkpoint(new_valkey: NewValkey) -> None:
    """A checkpoint that finds no room changes nothing and says so; with room again it goes through."""
    url = new_valkey()
    with closing(RedisMemoryStore(url)) as store, closing(admin(url)) as db:
        epoch = store.take_epoch(P)
        store.checkpoint(P, epoch, snapshot(1, a=b"1"))
        db.config_set("maxmemory", int(db.info("memory")["used_memory"]))
        with pytest.raises(DependencyError, match="maxmemory"):
            store.checkpoint(P, epoch, snapshot(2, a=b"2", b=b"2"))
        db.config_set("maxmemory", 0)
        assert store.load(P) == snapshot(1, a=b"1")
        store.checkpoint(P, epoch, snapshot(2, a=b"2"))
        assert store.load(P) == snapshot(2, a=b"2")


def test_an_emptied_server_stops_the_writer(new_valkey: NewValkey) -> None:
    """After FLUSHALL a worker's next checkpoint is refused, so no memory without its past is ever stored."""
    url = new_valkey()
    with closing(RedisMemoryStore(url)) as store, closing(admin(url)) as db:
        epoch = store.take_epoch(P)
        db.flushall()
        with pytest.raises(FencedError):
            store.checkpoint(P, epoch, snapshot(2, a=b"2"))
        assert store.take_epoch(P) > epoch
        assert store.load(P) == snapshot(-1)


def test_a_server_that_lost_a_checkpoint_stops_the_writer(store: RedisMemoryStore, valkey: str) -> None:
    """Changes since a checkpoint that a crash of the server took back are not stored without it: the worker begins again from what is there."""
    epoch = store.take_epoch(P)
    store.checkpoint(P, epoch, snapshot(1, a=b"1"))
    store.checkpoint(P, epoch, snapshot(2, a=b"2"))
    with closing(admin(valkey)) as db:
        db.hset(store._key(P, "place"), "position", 1)
    with pytest.raises(FencedError, match="lost its last checkpoints"):
        store.checkpoint(P, epoch, snapshot(3, b=b"3"))
    epoch = store.take_epoch(P)
    assert store.load(P).position == 1
    store.checkpoint(P, epoch, snapshot(3, a=b"2", b=b"3"))


def test_a_checkpoint_whose_answer_was_lost_may_be_repeated(
    store: RedisMemoryStore, valkey: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer that does not know whether its checkpoint was stored writes the next one over it."""
    epoch = store.take_epoch(P)
    store.checkpoint(P, epoch, snapshot(1, a=b"1"))

    def stored_elsewhere(name: str) -> None:
        if name == "checkpoint-commit":
            with closing(admin(valkey)) as db:
                db.hset(store._key(P, "place"), "position", 2)
            raise DependencyError("the answer was lost")

    monkeypatch.setattr(redis_memory, "failpoint", stored_elsewhere)
    with pytest.raises(DependencyError):
        store.checkpoint(P, epoch, snapshot(2, a=b"2"))
    monkeypatch.undo()
    store.checkpoint(P, epoch, snapshot(3, a=b"3"))
    assert store.load(P) == snapshot(3, a=b"3")


def test_a_worker_that_slept_through_a_takeover_is_refused(
    store: RedisMemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that is overtaken between its look at the epoch and its last line writes nothing."""
    epoch = store.take_epoch(P)
    store.checkpoint(P, epoch, snapshot(1, a=b"1"))
    monkeypatch.setattr(redis_memory, "failpoint", lambda name: name == "checkpoint-commit" and store.take_epoch(P))
    with pytest.raises(FencedError, match=P):
        store.checkpoint(P, epoch, snapshot(2, a=b"2"), drop=["a"])
    assert store.load(P) == snapshot(1, a=b"1")


def test_a_lost_epoch_is_not_given_again(store: RedisMemoryStore, valkey: str) -> None:
    """A server that forgot the last epoch in a crash gives a higher one than the forgotten."""
    with closing(admin(valkey)) as db:
        first = store.take_epoch(P)
        lost = store.take_epoch(P)
        db.hset(store._key(P, "place"), "epoch", first)
        assert store.take_epoch(P) > lost


def test_a_large_checkpoint_goes_in_parcels(store: RedisMemoryStore) -> None:
    """More bytes than one command takes come back whole."""
    blobs = {f"p{i}": bytes([i]) * (COMMAND_BYTES // 3) for i in range(10)}
    store.checkpoint(P, store.take_epoch(P), snapshot(1, **blobs))
    assert store.load(P).blobs == blobs


@pytest.mark.parametrize("damage", [b"", b"abc", b"1234damaged"])
def test_a_damaged_blob(store: RedisMemoryStore, valkey: str, damage: bytes) -> None:
    """A blob whose bytes changed is found by its check sum, and named with a remedy."""
    store.checkpoint(P, store.take_epoch(P), snapshot(1, a=b"1" * 100))
    with closing(admin(valkey)) as db:
        db.hset(store._key(P, "blobs"), "a", damage)
    with pytest.raises(IntegrityError, match=r"blob a of tags-0.*snapshot"):
        store.load(P)


def test_another_layout_is_refused(store: RedisMemoryStore, valkey: str) -> None:
    """Memory of a build that writes otherwise is left alone."""
    store.take_epoch(P)
    with closing(admin(valkey)) as db:
        db.hset(store._key(P, "place"), "version", "99")
    for act in (store.load, store.take_epoch):
        with pytest.raises(IntegrityError, match="99"):
            act(P)


def test_sites_are_apart(valkey: str) -> None:
    """Two sites on one server share nothing."""
    stores: list[Any] = [RedisMemoryStore(valkey, name) for name in ("north", "south")]
    epochs = [one.take_epoch(P) for one in stores]
    stores[0].checkpoint(P, epochs[0], snapshot(1, a=b"north"))
    assert stores[1].load(P) == snapshot(-1)
    for one in stores:
        one.close()
