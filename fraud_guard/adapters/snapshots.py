"""Snapshots of the memory: one sealed file a partition and moment, to restore a store that was lost.

A file is written beside its place and renamed, so it is whole or not there. It is a row of sealed parcels, each bound
to its partition, position and number: none can be left out, put elsewhere or read without the site's key.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec

from fraud_guard.adapters.sealing import Sealer
from fraud_guard.adapters.whole_file import PRIVATE, whole_file
from fraud_guard.errors import ConfigurationError, DependencyError, IntegrityError
from fraud_guard.ports import Snapshot

PARCEL_BYTES = 4 << 20
SUFFIX = ".snapshot"
_LENGTH_BYTES = 4


class Head(msgspec.Struct, frozen=True):
    """The first parcel: where the memory stood, when it was taken, and how many blobs follow.

    `mark` is the CRC-32 of the log's record at the position: in another log there is another record.
    """

    partition: str
    position: int
    watermark_ms: int
    generation: str
    at_ms: int
    mark: int
    blobs: int
    v: int = 1


_encode, _decode_head = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(Head).decode
_decode_parcel = msgspec.msgpack.Decoder(dict[str, bytes]).decode


class SnapshotFolder:
    """The snapshots of a site in `folder`; the newest `kept` of each partition stay. Times are epoch milliseconds.

    Raises ConfigurationError when the folder cannot be used, DependencyError when it is full or away.
    """

    def __init__(self, folder: Path, sealer: Sealer, kept: int) -> None:
        self._folder, self._sealer, self._kept = folder, sealer, kept
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise ConfigurationError(f"snapshot_dir {folder}: {error.strerror}; give a folder you may write") from None

    def write(self, partition: str, snapshot: Snapshot, mark: int, at_ms: int) -> Path:
        """Keep a memory; older snapshots of the partition go."""
        head = Head(partition, snapshot.position, snapshot.watermark_ms, snapshot.generation, at_ms, mark, len(snapshot.blobs))
        path = self._folder / f"{partition}.{snapshot.position:020d}{SUFFIX}"
        try:
            with whole_file(path, PRIVATE) as file:
                for number, plain in enumerate(_parcels(head, snapshot)):
                    sealed = self._sealer.seal(plain, _bound(partition, snapshot.position, number))
                    file.write(len(sealed).to_bytes(_LENGTH_BYTES, "little") + sealed)
            for old in self.paths(partition)[self._kept :]:
                old.unlink(missing_ok=True)
        except OSError as error:
            raise DependencyError(f"snapshot {path}: {error.strerror}; check disk space and rights") from error
        return path

    def paths(self, partition: str = "*") -> list[Path]:
        """The files of a partition, or of all: newest first."""
        return sorted(self._folder.glob(f"{partition}.*{SUFFIX}"), key=lambda path: (path.name.split(".")[-2], path.name), reverse=True)

    def head(self, path: Path) -> Head:
        """What a file says of itself. Raises IntegrityError when it is damaged or sealed by another key."""
        with _named(path), path.open("rb") as file:
            return self._head(file, path)

    def taken_ms(self, path: Path) -> int:
        """When a file was taken; 0 when it is damaged."""
        try:
            return self.head(path).at_ms
        except IntegrityError:
            return 0

    def read(self, path: Path) -> tuple[Head, Snapshot]:
        """The memory in a file. Raises like `head`."""
        with _named(path), path.open("rb") as file:
            head = self._head(file, path)
            blobs: dict[str, bytes] = {}
            number = 1
            while len(blobs) < head.blobs:
                blobs |= _decode_parcel(self._sealer.unseal(_next(file), _bound(head.partition, head.position, number)))
                number += 1
        return head, Snapshot(head.position, head.watermark_ms, head.generation, blobs)

    def _head(self, file: BinaryIO, path: Path) -> Head:
        partition, position, _ = path.name.rsplit(".", 2)
        return _decode_head(self._sealer.unseal(_next(file), _bound(partition, int(position), 0)))


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Whatever is wrong with a file is told with its name."""
    try:
        yield
    except (IntegrityError, OSError, ValueError, msgspec.MsgspecError) as error:
        raise IntegrityError(f"snapshot {path}: {error}; an older one may be sound") from error


def _parcels(head: Head, snapshot: Snapshot) -> Iterator[bytes]:
    yield _encode(head)
    parcel: dict[str, bytes] = {}
    size = 0
    for key in sorted(snapshot.blobs):
        parcel[key] = snapshot.blobs[key]
        size += len(parcel[key])
        if size >= PARCEL_BYTES:
            yield _encode(parcel)
            parcel, size = {}, 0
    if parcel:
        yield _encode(parcel)


def _bound(partition: str, position: int, number: int) -> bytes:
    return f"{partition}/{position}/{number}".encode()


def _next(file: BinaryIO) -> bytes:
    length = file.read(_LENGTH_BYTES)
    if len(length) < _LENGTH_BYTES:
        raise IntegrityError("it is cut short")
    return file.read(int.from_bytes(length, "little"))
