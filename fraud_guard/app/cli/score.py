"""`fraud-guard score …`: what the shipped models say of messages and hosts, one answer a line of input."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import msgspec
import typer

from fraud_guard.app.cli.exits import errors_told

app = typer.Typer(no_args_is_help=True)

Version = Annotated[
    str, typer.Option("--version", help="Version of the model; default: the one that decides.")
]
ModelsDir = Annotated[
    Path | None, typer.Option("--models", help="Folder of models; default: the shipped ones.")
]

LONGEST_LINE_BYTES = 1 << 16
"""What goes beyond is cut: a message has 4,000 characters at most."""
_READ_BYTES = 1 << 18
Answers = Callable[[Sequence[str]], Iterator[dict[str, Any]]]


@app.command()
def text(version: Version = "", models: ModelsDir = None) -> None:
    """Read messages from stdin, one a line; write {probability, scam_type, scam_type_probabilities} a line.

    The type is the most likely one should the message be a scam. A blank line is answered with nulls.
    """
    from fraud_guard.learned.active import load_artefact
    from fraud_guard.learned.text_model import TextModel

    with errors_told():
        model = TextModel(load_artefact("text", version, models))
        _answer(sys.stdin.buffer, sys.stdout.buffer, lambda lines: _of_texts(model, lines))


@app.command()
def hosts(version: Version = "", models: ModelsDir = None) -> None:
    """Read hosts or URLs from stdin, one a line; write {host, probability, reasons} a line.

    What names no host is answered with a null probability.
    """
    from fraud_guard.learned.active import load_artefact
    from fraud_guard.learned.host_model import HostModel

    with errors_told():
        model = HostModel(load_artefact("hosts", version, models))
        _answer(sys.stdin.buffer, sys.stdout.buffer, lambda lines: _of_hosts(model, lines))


def _of_texts(model: Any, lines: Sequence[str]) -> Iterator[dict[str, Any]]:
    scores = model.score(lines, types_above=float("-inf"))
    types, best = scores.types.round(4).tolist(), scores.types.argmax(axis=1).tolist()
    for line, probability, row, k in zip(lines, scores.probability.tolist(), types, best, strict=True):
        if line.strip():
            told = dict(zip(model.classes, row, strict=True))
            yield {
                "probability": round(probability, 6), "scam_type": model.classes[k], "scam_type_probabilities": told,
            }  # fmt: skip
        else:
            yield {"probability": None, "scam_type": None, "scam_type_probabilities": {}}


def _of_hosts(model: Any, lines: Sequence[str]) -> Iterator[dict[str, Any]]:
    from fraud_guard.door.hosts import reduce_host
    from fraud_guard.door.opinions import name_of

    names = [name_of(reduce_host(line.strip())) for line in lines]
    scores = model.score(names)
    for line, name, probability, reasons in zip(
        lines, names, scores.probability.tolist(), scores.reasons, strict=True
    ):
        if name.host:
            told = [reason._asdict() for reason in reasons]
            yield {"host": name.host, "probability": round(probability, 6), "reasons": told}
        else:
            yield {"host": line.strip(), "probability": None, "reasons": []}


def _answer(source: BinaryIO, sink: BinaryIO, answers: Answers) -> None:
    """Answer what has arrived as soon as it has: one read, one chunk of lines."""
    encoder = msgspec.json.Encoder()
    for lines in line_chunks(source):
        sink.write(b"".join(encoder.encode(answer) + b"\n" for answer in answers(lines)))
        sink.flush()


def line_chunks(source: BinaryIO) -> Iterator[list[str]]:
    """The lines of `source` (UTF-8, without their ends) in chunks as they arrive; a last one needs no end."""
    rest = b""
    while block := _read_some(source):
        *lines, rest = (rest + block).split(b"\n")
        rest = rest[:LONGEST_LINE_BYTES]
        if lines:
            yield [_line(line) for line in lines]
    if rest:
        yield [_line(rest)]


def _read_some(source: BinaryIO) -> bytes:
    read1: Callable[[int], bytes] = getattr(source, "read1", source.read)
    return read1(_READ_BYTES)


def _line(line: bytes) -> str:
    return line[:LONGEST_LINE_BYTES].decode("utf-8", "replace").rstrip("\r")
