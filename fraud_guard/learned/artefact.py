"""Artefacts of trained models: a folder of files whose sums, sizes and shapes are checked before use.

An artefact may come from anywhere, so nothing in it is believed: no pickle is ever read, array files
are parsed here from their headers, and whatever does not fit raises IntegrityError naming the file.
Arrays and documents are read from memory, so what was checked is what is used.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from fraud_guard.errors import ConfigurationError, IntegrityError

SUMS = "SHA256SUMS"
LARGEST_BYTES = {".npz": 4 << 20, ".json": 1 << 20, ".md": 1 << 20, ".txt": 32 << 20}
"""The largest file of each kind; other kinds do not belong into an artefact."""
LARGEST_ARRAYS_BYTES = 32 << 20
"""The largest sum of the arrays of one file, unpacked."""

_SUM_LINE = re.compile(r"([0-9a-f]{64}) [ *]([A-Za-z0-9_.-]{1,80})")
_VERSION = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6}){0,2}")
_S = TypeVar("_S", bound=msgspec.Struct)


class Shape(NamedTuple):
    """What an array must be: its type as NumPy writes it (`<i2`) and its dimensions."""

    dtype: str
    dimensions: tuple[int, ...]


class Artefact(NamedTuple):
    """One version of one model. `files`: the checked bytes by name; `digest`: the sum of SHA256SUMS."""

    name: str
    version: str
    files: Mapping[str, bytes]
    digest: str

    def document(self, file: str, kind: type[_S]) -> _S:
        """The JSON document `file` as `kind`. Raises IntegrityError when it is another."""
        try:
            return msgspec.json.decode(self._bytes(file), type=kind)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise IntegrityError(f"{self.name}/{self.version}/{file}: {error}") from error

    def arrays(self, file: str, shapes: Mapping[str, Shape]) -> dict[str, NDArray[np.generic]]:
        """Exactly the arrays `shapes` of the `.npz` file `file`, read-only, all values finite."""
        try:
            return _read_arrays(self._bytes(file), shapes)
        except _UNREADABLE as error:
            raise IntegrityError(f"{self.name}/{self.version}/{file}: {error}") from error

    def text(self, file: str) -> str:
        """The UTF-8 text `file`."""
        try:
            return self._bytes(file).decode("utf-8")
        except UnicodeDecodeError as error:
            raise IntegrityError(f"{self.name}/{self.version}/{file}: {error}") from error

    def _bytes(self, file: str) -> bytes:
        if file not in self.files:
            raise IntegrityError(
                f"{self.name}/{self.version}: no {file}; take the version from its source again"
            )
        return self.files[file]


_UNREADABLE = (
    ValueError, KeyError, EOFError, OSError, NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error,
    SyntaxError, TypeError, MemoryError, OverflowError,
)  # fmt: skip
"""All that zipfile and the parser of array headers were seen to raise on torn files."""


def read_artefact(folder: Path) -> Artefact:
    """The artefact in `folder` (`<model>/<version>/`), every file checked against SHA256SUMS.

    Raises ConfigurationError when there is none, IntegrityError when a file is missing, too many,
    too large, or not the one that was summed.
    """
    if not (folder / SUMS).is_file():
        raise ConfigurationError(f"no model in {folder}: {SUMS} is missing; run `fraud-guard models train`")
    files = {path.name: _read_file(path) for path in sorted(folder.iterdir())}
    return check_files(folder.parent.name, folder.name, files)


def check_files(name: str, version: str, files: Mapping[str, bytes]) -> Artefact:
    """The artefact made of `files` (with SHA256SUMS among them), checked like `read_artefact` does."""
    place = f"{name}/{version}"
    if not _VERSION.fullmatch(version):
        raise IntegrityError(f"{place}: a version is numbers set apart by dots, such as 1.0")
    sums = _sums(place, files.get(SUMS, b""))
    if wrong := sorted(set(files) - {SUMS} ^ set(sums)):
        raise IntegrityError(f"{place}: {', '.join(wrong)}: not both in the folder and in {SUMS}")
    for file, sum_ in sums.items():
        if hashlib.sha256(files[file]).hexdigest() != sum_:
            raise IntegrityError(
                f"{place}/{file}: not the file that was summed; take it from its source again"
            )
    digest = hashlib.sha256(files[SUMS]).hexdigest()
    return Artefact(name, version, {file: files[file] for file in sums}, digest)


def _read_file(path: Path) -> bytes:
    largest = LARGEST_BYTES["." + path.name.rpartition(".")[2]] if path.suffix in LARGEST_BYTES else 64 << 10
    if path.is_symlink() or not path.is_file():
        raise IntegrityError(f"{path}: an artefact holds plain files only")
    with path.open("rb") as file:
        content = file.read(largest + 1)
    if len(content) > largest:
        raise IntegrityError(f"{path}: larger than {largest} bytes")
    return content


def _sums(place: str, content: bytes) -> dict[str, str]:
    sums: dict[str, str] = {}
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
        match = _SUM_LINE.fullmatch(line)
        if not match or match[2] in sums or match[2] == SUMS or Path(match[2]).suffix not in LARGEST_BYTES:
            raise IntegrityError(f"{place}/{SUMS}:{number}: not a sum and the name of a file of the artefact")
        sums[match[2]] = match[1]
    return sums


def _read_arrays(content: bytes, shapes: Mapping[str, Shape]) -> dict[str, NDArray[np.generic]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        names = [member.filename for member in members]
        if sorted(names) != sorted(f"{name}.npy" for name in shapes):
            raise ValueError(f"holds {', '.join(names) or 'nothing'}, not {', '.join(shapes)}")
        if sum(_size_bytes(shape) for shape in shapes.values()) > LARGEST_ARRAYS_BYTES:
            raise ValueError("arrays too large")
        return {name: _read_array(archive, name, shape) for name, shape in shapes.items()}


def _size_bytes(shape: Shape) -> int:
    return int(np.prod(shape.dimensions, dtype=np.int64)) * np.dtype(shape.dtype).itemsize


def _read_array(archive: zipfile.ZipFile, name: str, shape: Shape) -> NDArray[np.generic]:
    size_bytes = _size_bytes(shape)
    with archive.open(f"{name}.npy") as member:
        content = io.BytesIO(member.read(size_bytes + 1024))
        if np.lib.format.read_magic(content) != (1, 0):
            raise ValueError(f"{name}: not an array of format 1.0")
        dimensions, by_column, dtype = np.lib.format.read_array_header_1_0(content, max_header_size=1024)
        if (dtype.str, dimensions) != (shape.dtype, shape.dimensions) or by_column:
            raise ValueError(f"{name}: is {dtype.str} {dimensions}, not {shape.dtype} {shape.dimensions}")
        body = content.read()
        if len(body) != size_bytes or member.read(1):  # to its end, so that the archive's own sum is checked
            raise ValueError(f"{name}: {len(body)} bytes or more, not {size_bytes}")
    array = np.frombuffer(body, np.dtype(shape.dtype)).reshape(shape.dimensions)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"{name}: a value is not finite")
    return array
