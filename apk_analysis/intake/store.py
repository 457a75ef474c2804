"""Samples by their SHA-256: written once, whole or not at all, readable by nobody else and runnable by none.

A sample is counted and hashed while it is read, so neither a false length nor an endless upload
costs more than the limit. Its path is made from its check sum alone.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import msgspec

from apk_analysis.errors import LimitExceeded, StoreDamaged
from apk_analysis.intake.limits import Limits

STEP_BYTES = 1 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Stored(msgspec.Struct, frozen=True):
    """A sample in the store; `new` tells whether it was not there before."""

    sha256: str
    size_bytes: int
    path: Path
    new: bool


class Store:
    """A folder of samples; several processes may share it."""

    def __init__(self, folder: Path, limits: Limits | None = None) -> None:
        self._folder = folder
        self._limits = limits or Limits()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def put(self, source: BinaryIO) -> Stored:
        """Keep all that `source` gives; raises LimitExceeded beyond `upload_bytes` and keeps nothing then."""
        handle, name = tempfile.mkstemp(prefix=".incoming-", dir=self._folder)
        try:
            with os.fdopen(handle, "wb") as target:
                sha256, size_bytes = self._copy(source, target)
            return self._settle(Path(name), sha256, size_bytes)
        finally:
            Path(name).unlink(missing_ok=True)

    def path(self, sha256: str) -> Path:
        """Where this sample is, or would be; raises ValueError for what is no SHA-256 in hexadecimal."""
        if not _SHA256.fullmatch(sha256):
            raise ValueError("a sample is named by 64 hexadecimal digits in lower case")
        return self._folder / sha256[:2] / sha256

    def open(self, sha256: str) -> mmap.mmap:
        """The sample, mapped for reading; raises StoreDamaged when it is gone or empty."""
        path = self.path(sha256)
        try:
            with path.open("rb") as file:
                return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as problem:
            raise StoreDamaged(f"{path}: {problem}; hand the sample in again") from problem

    def verify(self, sha256: str) -> None:
        """Raises StoreDamaged unless the sample still has its own check sum."""
        with self.open(sha256) as data:
            if hashlib.sha256(data).hexdigest() != sha256:
                raise StoreDamaged(f"{self.path(sha256)}: content was changed; remove it and hand the sample in again")

    def remove(self, sha256: str) -> None:
        """Forget a sample; one that is not there is no error."""
        self.path(sha256).unlink(missing_ok=True)

    def _copy(self, source: BinaryIO, target: BinaryIO) -> tuple[str, int]:
        digest, size_bytes = hashlib.sha256(), 0
        while block := source.read(STEP_BYTES):
            size_bytes += len(block)
            if size_bytes > self._limits.upload_bytes:
                raise LimitExceeded("upload_bytes", f"more than {self._limits.upload_bytes}")
            digest.update(block)
            target.write(block)
        target.flush()
        os.fchmod(target.fileno(), 0o400)
        os.fsync(target.fileno())
        return digest.hexdigest(), size_bytes

    def _settle(self, incoming: Path, sha256: str, size_bytes: int) -> Stored:
        """Give the sample its name, unless it has been there already."""
        path = self.path(sha256)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        new = False
        with suppress(FileExistsError):
            os.link(incoming, path)
            new = True
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return Stored(sha256, size_bytes, path, new)
