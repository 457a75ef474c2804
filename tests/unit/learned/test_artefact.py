"""Artefacts are believed only as far as their sums, types and shapes go."""

from __future__ import annotations

import hashlib
import io
import zipfile
from contextlib import suppress
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_guard.errors import ConfigurationError, IntegrityError
from fraud_guard.learned.artefact import SUMS, Shape, check_files, read_artefact

ARRAYS = {"a": Shape("<i2", (4,)), "b": Shape("<f4", (2, 3))}


class Document(msgspec.Struct, forbid_unknown_fields=True):
    size: int


def arrays_file(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


GOOD = arrays_file(a=np.arange(4, dtype="<i2"), b=np.ones((2, 3), "<f4"))


def with_sums(**files: bytes) -> dict[str, bytes]:
    named = {name.replace("__", "."): content for name, content in files.items()}
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in named.items())
    return {**named, SUMS: sums.encode()}


def written(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def test_a_sound_folder_is_read(tmp_path: Path) -> None:
    """Files that fit their sums, arrays that fit their shapes and documents are given out."""
    folder = written(tmp_path / "text" / "1.0", with_sums(model__json=b'{"size": 3}', weights__npz=GOOD))
    artefact = read_artefact(folder)
    assert (artefact.name, artefact.version) == ("text", "1.0")
    assert artefact.document("model.json", Document).size == 3
    assert artefact.arrays("weights.npz", ARRAYS)["a"].tolist() == [0, 1, 2, 3]


def test_no_folder_names_the_remedy(tmp_path: Path) -> None:
    """An absent model is a matter of configuration, and the message says how to get one."""
    with pytest.raises(ConfigurationError, match="models train"):
        read_artefact(tmp_path / "text" / "1.0")


@pytest.mark.parametrize("change", ["content", "missing", "additional", "sums", "link", "version"])
def test_a_changed_folder_is_refused(tmp_path: Path, change: str) -> None:
    """A changed, missing, additional or linked file, torn sums or a strange version: IntegrityError."""
    files = with_sums(model__json=b"{}", card__md=b"card")
    folder = written(tmp_path / "text" / ("x y" if change == "version" else "1"), files)
    {
        "content": lambda: (folder / "card.md").write_bytes(b"lies"),
        "missing": (folder / "card.md").unlink,
        "additional": lambda: (folder / "more.json").write_bytes(b"{}"),
        "sums": lambda: (folder / SUMS).write_bytes(files[SUMS][:-20]),
        "link": lambda: ((folder / "card.md").unlink(), (folder / "card.md").symlink_to("/etc/hostname")),
        "version": lambda: None,
    }[change]()
    with pytest.raises(IntegrityError):
        read_artefact(folder)


@pytest.mark.parametrize(
    "content",
    [
        arrays_file(a=np.arange(4, dtype="<i2")),
        arrays_file(a=np.arange(4, dtype="<i4"), b=np.ones((2, 3), "<f4")),
        arrays_file(a=np.arange(5, dtype="<i2"), b=np.ones((2, 3), "<f4")),
        arrays_file(a=np.arange(4, dtype="<i2"), b=np.full((2, 3), np.nan, "<f4")),
        arrays_file(a=np.arange(4, dtype="<i2"), b=np.array([[object()] * 3] * 2)),
        b"PK\x03\x04 no archive",
        b"",
    ],
)
def test_arrays_of_another_kind_are_refused(content: bytes) -> None:
    """Other names, types, shapes, values that are not finite, pickled objects and no archives at all."""
    artefact = check_files("text", "1", with_sums(weights__npz=content))
    with pytest.raises(IntegrityError, match=r"text/1/weights\.npz"):
        artefact.arrays("weights.npz", ARRAYS)


def test_a_bomb_is_not_unpacked() -> None:
    """A member that unpacks to far more than its shape says is left alone."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", b"\0" * (64 << 20))
        archive.writestr("b.npy", b"\0")
    artefact = check_files("text", "1", with_sums(weights__npz=buffer.getvalue()))
    with pytest.raises(IntegrityError):
        artefact.arrays("weights.npz", ARRAYS)


@given(st.integers(0, len(GOOD) - 1), st.binary(max_size=6), st.booleans())
def test_torn_arrays_never_crash(at: int, put: bytes, cut: bool) -> None:
    """A garbled or truncated archive gives IntegrityError, or the very arrays that were written."""
    content = GOOD[:at] + put + (b"" if cut else GOOD[at + len(put) :])
    artefact = check_files("text", "1", with_sums(weights__npz=content))
    with suppress(IntegrityError):
        assert artefact.arrays("weights.npz", ARRAYS)["a"].tolist() == [0, 1, 2, 3]


@given(st.binary(max_size=200))
def test_any_document_is_read_or_refused(content: bytes) -> None:
    """Bytes that are not the document give IntegrityError and nothing else."""
    artefact = check_files("text", "1", with_sums(model__json=content))
    with suppress(IntegrityError):
        artefact.document("model.json", Document)
