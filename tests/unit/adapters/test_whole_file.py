"""Files that are whole or not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraud_guard.adapters.whole_file import PRIVATE, whole_file


def test_it_appears_when_it_is_whole(tmp_path: Path) -> None:
    """While a file is written the older one stays under its name; afterwards nothing else is left."""
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    with whole_file(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_one_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """What goes wrong while a file is written reaches the writer, and the folder is as before."""
    with pytest.raises(ZeroDivisionError), whole_file(tmp_path / "a.bin") as file:
        file.write(bytes(1 // len(b"")))
    assert list(tmp_path.iterdir()) == []


def test_a_private_one_is_for_its_owner(tmp_path: Path) -> None:
    """A private file can be read by nobody else from its first byte on."""
    with whole_file(tmp_path / "a.bin", PRIVATE):
        (part,) = tmp_path.iterdir()
        assert part.stat().st_mode & 0o777 == PRIVATE
