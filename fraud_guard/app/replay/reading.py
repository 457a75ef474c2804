"""Read NDJSON in batches, bounded: a line of 10 MB costs no more memory than any other."""

from __future__ import annotations

import io
import re
import sys
import tempfile
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO, NamedTuple

from fraud_guard.door.decode import MAX_RECORD_BYTES
from fraud_guard.errors import ConfigurationError

BATCH = 1_000
_READ_BYTES = 1 << 20
_PLAIN = re.compile(rb"\{[^\r]*\}", re.DOTALL).fullmatch
"""A line that needs no second look: an object, no carriage return."""


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

    def batches(self, most: int = BATCH) -> Iterator[Batch]:
        """All lines, `most` at a time."""
        lines: list[bytes] = []
        offsets: list[int] = []
        behind = 0
        for more, places, behind in self._pieces():  # noqa: B007  told below
            lines += more
            offsets += places
            while len(lines) > most:
                yield Batch(lines[:most], offsets[:most], offsets[most])
                lines, offsets = lines[most:], offsets[most:]
        yield Batch(lines, offsets, behind)

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

    def _pieces(self) -> Iterator[tuple[list[bytes], list[int], int]]:
        """(lines, their offsets, offset behind them); an over-long line is cut to one byte over the limit."""
        rest, start, lost = b"", 0, 0
        while data := self._read():
            parts = (rest + data).split(b"\n")
            rest = parts.pop()
            if parts:
                yield (*_placed(parts, start, lost), start := start + lost + sum(map(len, parts)) + len(parts))
                lost = 0
            if len(rest) > 2 * MAX_RECORD_BYTES:
                lost += len(rest) - MAX_RECORD_BYTES - 1
                rest = rest[: MAX_RECORD_BYTES + 1]
        if rest:
            yield (*_placed([rest], start, lost), start + lost + len(rest))

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


def _placed(parts: list[bytes], start: int, lost: int) -> tuple[list[bytes], list[int]]:
    """Lines with their offsets, without blank ones; `lost` bytes of the first were not kept."""
    offsets = list(accumulate((len(part) + 1 for part in parts), initial=start))
    offsets = [offsets[0], *(o + lost for o in offsets[1:-1])]
    if all(_PLAIN(part) for part in parts) and max(map(len, parts)) <= MAX_RECORD_BYTES:
        return parts, offsets
    kept = [i for i, part in enumerate(parts) if part and not part.isspace()]
    return [_bounded(parts[i]) for i in kept], [offsets[i] for i in kept]


def _bounded(line: bytes) -> bytes:
    return (line[:-1] if line.endswith(b"\r") else line)[: MAX_RECORD_BYTES + 1]
