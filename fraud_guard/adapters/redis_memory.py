"""Memory store on Redis or Valkey: a checkpoint is one MULTI/EXEC that a newer worker's epoch makes void.

All keys of a partition share a hash tag, so they lie in one slot of a Cluster. Only plain commands are used: a user
without scripting and administration is enough. A blob carries a CRC-32 of its key and bytes in front.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import redis

from fraud_guard.adapters.patient_redis import client
from fraud_guard.errors import ConfigurationError, DependencyError, FencedError, IntegrityError
from fraud_guard.failpoints import failpoint
from fraud_guard.ports import Snapshot

VERSION = b"1"
COMMAND_BYTES = 4 << 20
"""Blobs of a checkpoint go in commands of about this size, so that no single one fills the server's buffer."""
SCANNED = 500
TIMEOUT_S = 5
"""For each answer, well within what Kafka's group allows a member to be silent; who calls asks again."""
_CRC_BYTES = 4
_UNFIT = (redis.AuthenticationError, redis.exceptions.NoPermissionError)


class RedisMemoryStore:
    """See `ports.MemoryStore`. `url`: redis://, rediss:// (TLS) or unix://; `site` keeps several sites apart."""

    def __init__(self, url: str, site: str = "fraud-guard") -> None:
        self.name, self._site = _without_password(url), site
        self._written: dict[str, set[int]] = {}
        """Positions of a partition that may be stored: the last one known to be, and those whose answer was lost."""
        try:
            self._db: Any = client(url, TIMEOUT_S)
        except ValueError as error:
            raise ConfigurationError(
                f"memory_url {self.name}: {error}; write it like redis://user:password@host:6379/0"
            ) from None
        with self._clear_errors():
            _check_policy(self.name, self._db.info("memory"))

    def take_epoch(self, partition: str) -> int:
        """Become the only writer of this partition.

        Epochs follow the server's clock, so one that was lost with the last second of a crash is not given again.
        """
        place = self._key(partition, "place")
        with self._clear_errors():
            seconds, micros = self._db.time()
            while True:
                with self._db.pipeline() as pipe:
                    pipe.watch(place)
                    version, stored, position = pipe.hmget(place, "version", "epoch", "position")
                    self._check_version(partition, version)
                    epoch: int = max(int(stored or 0) + 1, seconds * 1_000_000 + micros)
                    pipe.multi()
                    pipe.hset(place, mapping={"version": VERSION, "epoch": epoch})
                    try:
                        pipe.execute()
                    except redis.WatchError:
                        continue
                    self._written[partition] = {_position(position)}
                    return epoch

    def load(self, partition: str) -> Snapshot:
        """The last complete checkpoint; read again when its writer wrote another one meanwhile."""
        name = self._key(partition, "place")
        with self._clear_errors():
            place = self._db.hgetall(name)
            while True:
                self._check_version(partition, place.get(b"version"))
                found = self._db.hscan_iter(self._key(partition, "blobs"), count=SCANNED)
                blobs = {key.decode(): self._checked(partition, key, stored) for key, stored in found}
                before, place = place, self._db.hgetall(name)
                if place == before:
                    break
        return Snapshot(
            _position(place.get(b"position")), int(place.get(b"watermark_ms", 0)), place.get(b"generation", b"").decode(), blobs
        )

    def checkpoint(self, partition: str, epoch: int, snapshot: Snapshot, drop: Iterable[str] = ()) -> None:
        """Write blobs and position: all or nothing."""
        failpoint("checkpoint-begin")
        place, blobs = self._key(partition, "place"), self._key(partition, "blobs")
        with self._clear_errors(), self._db.pipeline() as pipe:
            pipe.watch(place)
            stored, position = pipe.hmget(place, "epoch", "position")
            if int(stored or 0) != epoch:
                raise _fenced(partition, epoch)
            self._check_lost(partition, _position(position))
            self._written.setdefault(partition, set()).add(snapshot.position)
            pipe.multi()
            pipe.hset(place, mapping={
                "position": snapshot.position, "watermark_ms": snapshot.watermark_ms, "generation": snapshot.generation,
            })  # fmt: skip
            failpoint("checkpoint-position")
            for some in _parcels(snapshot.blobs):
                pipe.hset(blobs, mapping=some)
            failpoint("checkpoint-blobs")
            if dropped := list(drop):
                pipe.hdel(blobs, *dropped)
            failpoint("checkpoint-commit")
            try:
                pipe.execute()
            except redis.WatchError:
                raise _fenced(partition, epoch) from None
        self._written[partition] = {snapshot.position}
        failpoint("checkpoint-done")

    def close(self) -> None:
        """Release the connections."""
        self._db.close()

    def _key(self, partition: str, what: str) -> str:
        return f"fg:{{{self._site}:{partition}}}:{what}"

    def _check_version(self, partition: str, found: bytes | None) -> None:
        if found not in (None, VERSION):
            raise IntegrityError(
                f"{self.name}: {partition} has layout {found.decode()}, this build reads {VERSION.decode()}; run the build that wrote it"
            )

    def _check_lost(self, partition: str, position: int) -> None:
        """What changed since a checkpoint that the server lost is no memory without that checkpoint."""
        known = self._written.get(partition)
        if known is not None and position not in known:
            raise FencedError(
                f"{self.name}: {partition} stands at {position}, this worker stored {max(known)}: the server lost its last "
                "checkpoints in a crash; start the worker again, it goes on from there"
            )

    def _checked(self, partition: str, key: bytes, stored: bytes) -> bytes:
        if stored[:_CRC_BYTES] != _crc(key, stored[_CRC_BYTES:]):
            raise IntegrityError(
                f"{self.name}: blob {key.decode()} of {partition} is damaged; restore the last snapshot"
            )
        return stored[_CRC_BYTES:]

    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        try:
            yield
        except _UNFIT as error:
            raise ConfigurationError(
                f"{self.name}: {error}; docs/operations.md lists the commands its user needs"
            ) from error
        except redis.RedisError as error:
            raise DependencyError(f"{self.name}: {error}; {_remedy(error)}") from error


def _parcels(blobs: Mapping[str, bytes]) -> Iterator[dict[str, bytes]]:
    parcel: dict[str, bytes] = {}
    size = 0
    for key in sorted(blobs):
        blob = blobs[key]  # once: a page is packed when it is asked for
        parcel[key] = _crc(key.encode(), blob) + blob
        size += len(blob)
        if size >= COMMAND_BYTES:
            yield parcel
            parcel, size = {}, 0
    if parcel:
        yield parcel


def _crc(key: bytes, data: bytes) -> bytes:
    return zlib.crc32(data, zlib.crc32(key)).to_bytes(_CRC_BYTES, "little")


def _position(stored: bytes | None) -> int:
    return -1 if stored is None else int(stored)


def _check_policy(name: str, memory: Mapping[str, Any]) -> None:
    """A server that may throw keys away cannot hold memory. Raises ConfigurationError."""
    policy = memory.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        raise ConfigurationError(
            f"{name}: maxmemory-policy is {policy}, so it may drop memory; set it to noeviction"
        )


def _fenced(partition: str, epoch: int) -> FencedError:
    return FencedError(f"{partition}: another worker took this partition over; epoch {epoch} may not write")


def _remedy(error: redis.RedisError) -> str:
    if isinstance(error, redis.exceptions.OutOfMemoryError):
        return "it is full: raise maxmemory or let fewer days of subjects be kept"
    if isinstance(error, redis.exceptions.ReadOnlyError):
        return "it is a replica: point memory_url at the primary"
    return "check that it runs and can be reached"


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
