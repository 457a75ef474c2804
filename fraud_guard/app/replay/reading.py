"""Read NDJSON in batches, bounded: a line of 10 MB costs no more memory than any other."""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from fraud_guard.door.decode import MAX_RECORD_BYTES
from fraud_guard.errors import ConfigurationError

BATCH = 1_000
_READ_BYTES = 1 << 20


class Batch(NamedTuple):
    """Non-empty lines without their ends, and the byte offset of each in the source."""

    lines: list[bytes]
    offsets: list[int]
    read_bytes: int


class Source:
    """A file, a pipe or standard input; what cannot be read twice is spooled.

    Raises ConfigurationError when it cannot be opened.
    """

    def __init__(self, name: str) -> None:
        self.name = "stdin" if name == "-" else name
        self._file: BinaryIO = sys.stdin.buffer if name == "-" else _opened(name)
        self._spool: BinaryIO | None = None
        self.size_bytes = 0
        if name == "-" or not self._file.seekable():
            self._spool = tempfile.TemporaryFile(prefix="fraud-guard-")  # noqa: SIM115  unlinked: gone with the process
        else:
            self.size_bytes = Path(name).stat().st_size

    def batches(self) -> Iterator[Batch]:
        """All lines, BATCH at a time."""
        lines: list[bytes] = []
        offsets: list[int] = []
        at = 0
        for line, offset, at in self._lines():
            lines.append(line)
            offsets.append(offset)
            if len(lines) == BATCH:
                yield Batch(lines, offsets, at)
                lines, offsets = [], []
        yield Batch(lines, offsets, at)

    def line_at(self, offset: int) -> bytes:
        """The line that starts at a byte offset (its first 64 KiB)."""
        file = self._spool or self._file
        place = file.tell()
        file.seek(offset)
        line = file.readline(MAX_RECORD_BYTES + 1)
        file.seek(place)
        return line.rstrip(b"\r\n")

    def close(self) -> None:
        """Close the file; a spool disappears."""
        for file in (self._spool, self._file):
            if file is not None and file is not sys.stdin.buffer:
                file.close()

    def _lines(self) -> Iterator[tuple[bytes, int, int]]:
        """(line, its offset, offset behind it); an over-long line is cut to one byte over the limit."""
        rest, start, lost = b"", 0, 0
        while True:
            data = self._read()
            parts = (rest + data).split(b"\n")
            rest = parts.pop()
            for part in parts:
                length = len(part) + lost + 1
                if part and not part.isspace():
                    yield _bounded(part), start, start + length
                start, lost = start + length, 0
            if len(rest) > 2 * MAX_RECORD_BYTES:
                lost += len(rest) - MAX_RECORD_BYTES - 1
                rest = rest[: MAX_RECORD_BYTES + 1]
            if not data:
                break
        if rest and not rest.isspace():
            yield _bounded(rest), start, start + len(rest) + lost

    def _read(self) -> bytes:
        data = self._file.read1(_READ_BYTES) if isinstance(self._file, io.BufferedReader) else self._file.read(_READ_BYTES)
        if self._spool is not None:
            self._spool.seek(0, io.SEEK_END)
            self._spool.write(data)
        return data


def _opened(name: str) -> BinaryIO:
    try:
        return Path(name).open("rb")
    except OSError as error:
        raise ConfigurationError(f"{name}: {error.strerror}; give a readable file of tags, or - for standard input") from None


def _bounded(line: bytes) -> bytes:
    return (line[:-1] if line.endswith(b"\r") else line)[: MAX_RECORD_BYTES + 1]
