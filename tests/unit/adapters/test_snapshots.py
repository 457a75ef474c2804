"""Snapshot files: whole, sealed, bound to their place, and only so many."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fraud_guard.adapters import snapshots
from fraud_guard.adapters.sealing import Keys, Sealer
from fraud_guard.adapters.snapshots import SnapshotFolder
from fraud_guard.errors import ConfigurationError, DependencyError, IntegrityError
from fraud_guard.ports import Snapshot

P = "tags-0"
KEY = "snapshot tests: a key that is no secret at all"


def folder(path: Path, kept: int = 3, key: str = KEY) -> SnapshotFolder:
    return SnapshotFolder(path, Sealer(Keys.from_site_key(key).snapshot), kept)


def memory(position: int = 7, **blobs: bytes) -> Snapshot:
    return Snapshot(position, 5, "g1", blobs or {"p/000/0": b"1" * 50, "e/aa": b"2" * 50})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.text(min_size=1, max_size=8), st.binary(max_size=40), max_size=12), st.integers(1, 60))
def test_a_memory_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blobs: dict[str, bytes], parcel_bytes: int) -> None:
    """Whatever was written is read again, in parcels of any size."""
    monkeypatch.setattr(snapshots, "PARCEL_BYTES", parcel_bytes)
    one = folder(tmp_path)
    path = one.write(P, Snapshot(7, 5, "g1", blobs), 11, 99)
    head, found = one.read(path)
    assert found == Snapshot(7, 5, "g1", blobs)
    assert (head.partition, head.at_ms, head.mark) == (P, 99, 11)


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    """Older snapshots of a partition go, those of others stay; the newest comes first."""
    one = folder(tmp_path, kept=2)
    one.write("tags-1", memory(1), 0, 0)
    for position in (9, 10, 100):
        one.write(P, memory(position), 0, position)
    assert [one.head(path).position for path in one.paths(P)] == [100, 10]
    assert len(one.paths()) == 3


@pytest.mark.parametrize("at", [0, 3, 30, 150, -1])
def test_a_changed_byte_is_found(tmp_path: Path, at: int) -> None:
    """No byte of a file can change unseen; the file is named."""
    one = folder(tmp_path)
    path = one.write(P, memory(), 0, 0)
    raw = bytearray(path.read_bytes())
    raw[at] ^= 1
    path.write_bytes(raw)
    with pytest.raises(IntegrityError, match=path.name):
        one.read(path)


def test_every_cut_is_found(tmp_path: Path) -> None:
    """A file that is cut short anywhere is no memory."""
    one = folder(tmp_path)
    path = one.write(P, memory(), 0, 0)
    raw = path.read_bytes()
    for size in range(len(raw)):
        path.write_bytes(raw[:size])
        with pytest.raises(IntegrityError):
            one.read(path)


def test_it_is_bound_to_its_name_and_key(tmp_path: Path) -> None:
    """A file under another partition's or position's name, or of another site, is refused; tokens lie in it unreadable."""
    one = folder(tmp_path)
    path = one.write(P, memory(9, **{"p/secret": b"token"}), 0, 0)
    assert b"token" not in path.read_bytes() and path.stat().st_mode & 0o077 == 0
    with pytest.raises(IntegrityError):
        folder(tmp_path, key=KEY + "!").read(path)
    other = path.with_name(path.name.replace("tags-0", "tags-1"))
    path.rename(other)
    with pytest.raises(IntegrityError):
        one.read(other)


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    """A file in the folder's place is a matter of configuration."""
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="snapshot_dir"):
        folder(tmp_path / "file")


def test_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A snapshot that finds no room leaves nothing behind, and the older one stays."""
    one = folder(tmp_path)
    path = one.write(P, memory(1), 0, 0)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DependencyError, match="No space"):
        one.write(P, memory(2), 0, 0)
    assert list(tmp_path.iterdir()) == [path]
