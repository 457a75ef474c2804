"""Reading NDJSON: every line with its place, whatever its length and its end, from a file, a pipe or stdin."""

from __future__ import annotations

import io
import os
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_guard.app.replay.reading import BATCH, Source
from fraud_guard.door.decode import MAX_RECORD_BYTES
from fraud_guard.errors import ConfigurationError


def read(source: Source) -> list[tuple[bytes, int]]:
    """Every line and its offset."""
    return [pair for batch in source.batches() for pair in zip(batch.lines, batch.offsets, strict=True)]


def written(folder: Path, data: bytes) -> Source:
    path = folder / "tags.ndjson"
    path.write_bytes(data)
    return Source(str(path))


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("last", [b"", b"\n"])
def test_lines_come_without_their_ends(tmp_path: Path, end: bytes, last: bytes) -> None:
    """Unix and Windows ends are cut, blank lines passed over, and the last line needs no end."""
    lines = read(written(tmp_path, end.join([b'{"a":1}', b"", b"  \t", b'{"b":2}']) + last))
    assert [line for line, _ in lines] == [b'{"a":1}', b'{"b":2}']


def test_an_empty_file_has_no_lines(tmp_path: Path) -> None:
    """Nothing in, nothing out."""
    assert read(written(tmp_path, b"")) == []


def test_a_line_of_10_mb_is_cut(tmp_path: Path) -> None:
    """An over-long line comes as one byte over the limit, and the line after it is whole and at its place."""
    source = written(tmp_path, b"x" * 10_000_000 + b"\n" + b'{"a":1}\n' + b"y" * (MAX_RECORD_BYTES + 1))
    (first, _), (second, place), (third, _) = read(source)
    assert first == b"x" * (MAX_RECORD_BYTES + 1)
    assert second == b'{"a":1}' == source.line_at(place)
    assert len(third) == MAX_RECORD_BYTES + 1


def test_a_line_at_the_limit_is_whole(tmp_path: Path) -> None:
    """A line of exactly the permitted length is not shortened, with either end."""
    longest = b"z" * MAX_RECORD_BYTES
    assert [line for line, _ in read(written(tmp_path, longest + b"\r\n" + longest))] == [longest, longest]


@given(lines=st.lists(st.binary(max_size=40).filter(lambda b: b"\n" not in b and b"\r" not in b), max_size=60), end=st.booleans())
def test_every_line_is_found_again(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], end: bool) -> None:
    """`line_at` of a line's offset gives that line, while reading goes on."""
    source = written(tmp_path_factory.mktemp("lines"), b"\n".join(lines) + b"\n" * end)
    got = []
    for batch in source.batches():
        got += batch.lines
        assert [source.line_at(offset) for offset in batch.offsets] == batch.lines
    assert got == [line for line in lines if line and not line.isspace()]


def test_batches_are_bounded_and_tell_how_far_they_came(tmp_path: Path) -> None:
    """No batch holds more than BATCH lines; the last one ends where the file ends."""
    source = written(tmp_path, b"{}\n" * (2 * BATCH + 1))
    batches = list(source.batches())
    assert [len(b.lines) for b in batches] == [BATCH, BATCH, 1]
    assert [b.read_bytes for b in batches] == [3 * BATCH, 6 * BATCH, source.size_bytes]


def test_standard_input_can_be_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard input is spooled: a line already gone by is found at its offset, and stdin stays open."""
    stdin = io.BytesIO(b'{"a":1}\n{"b":2}\n')
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=stdin))
    source = Source("-")
    (_, first), (_, second) = read(source)
    assert (source.line_at(second), source.line_at(first)) == (b'{"b":2}', b'{"a":1}')
    assert (source.name, source.size_bytes) == ("stdin", 0)
    source.close()
    assert not stdin.closed


def test_a_pipe_is_spooled_too(tmp_path: Path) -> None:
    """A named pipe (or `<(zcat …)`) works as a file of tags."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b'{"a":1}\n{"b":2}\n',))
    writer.start()
    source = Source(str(pipe))
    lines = read(source)
    writer.join()
    assert [source.line_at(offset) for _, offset in lines] == [b'{"a":1}', b'{"b":2}']


@pytest.mark.parametrize("name", ["missing.ndjson", "."])
def test_what_cannot_be_opened_is_named(tmp_path: Path, name: str) -> None:
    """A missing file or a folder is a configuration error that names it."""
    with pytest.raises(ConfigurationError, match="give a readable file of tags"):
        Source(str(tmp_path / name))
