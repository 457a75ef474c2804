"""The store of samples: whole or not at all, by check sum, sealed."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest

from apk_analysis.errors import LimitExceeded, StoreDamaged
from apk_analysis.intake.limits import Limits
from apk_analysis.intake.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "samples", Limits(upload_bytes=1_000))


def files(tmp_path: Path) -> list[Path]:
    return [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_sample_is_found_by_its_check_sum(store: Store) -> None:
    """What was put is read back by its SHA-256, and the second time is no news."""
    first, second = (store.put(io.BytesIO(b"sample")) for _ in range(2))
    assert first.sha256 == hashlib.sha256(b"sample").hexdigest()
    assert store.open(first.sha256)[:] == b"sample"
    assert (first.new, second.new, first.path) == (True, False, second.path)
    store.verify(first.sha256)


def test_a_sample_is_sealed(store: Store) -> None:
    """Nobody else can read it, nobody can run or overwrite it, and its folders are private."""
    stored = store.put(io.BytesIO(b"sample"))
    assert stored.path.stat().st_mode & 0o777 == 0o400
    assert stored.path.parent.stat().st_mode & 0o777 == 0o700
    assert stored.path.parent.parent.stat().st_mode & 0o777 == 0o700


def test_an_endless_upload_ends_and_leaves_nothing(store: Store, tmp_path: Path) -> None:
    """An upload is counted while it is read; beyond the limit it is refused and no file stays."""
    with pytest.raises(LimitExceeded, match="upload_bytes"), Path("/dev/zero").open("rb") as endless:
        store.put(endless)
    assert files(tmp_path) == []


def test_a_broken_upload_leaves_nothing(store: Store, tmp_path: Path) -> None:
    """A source that fails midway leaves no file."""

    class Broken(io.BytesIO):
        def read(self, size: int | None = 3) -> bytes:
            data = super().read(min(size or 3, 3))
            if not data:
                raise ConnectionResetError
            return data

    with pytest.raises(ConnectionResetError):
        store.put(Broken(b"half"))
    assert files(tmp_path) == []


def test_a_changed_or_lost_sample_is_said(store: Store) -> None:
    """A sample that was changed or is gone raises StoreDamaged with the file's name."""
    stored = store.put(io.BytesIO(b"sample"))
    stored.path.chmod(0o600)
    stored.path.write_bytes(b"forged")
    with pytest.raises(StoreDamaged, match=stored.sha256):
        store.verify(stored.sha256)
    store.remove(stored.sha256)
    with pytest.raises(StoreDamaged, match=stored.sha256):
        store.open(stored.sha256)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "a" * 63])
def test_only_check_sums_name_samples(store: Store, name: str) -> None:
    """A path is made from a check sum alone."""
    with pytest.raises(ValueError, match="hexadecimal"):
        store.path(name)
