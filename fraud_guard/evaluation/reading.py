"""What the readers of this room share: lines in, objects out, complaints that name file, line and remedy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NoReturn, TypeVar

import msgspec

from fraud_guard.errors import ConfigurationError

T = TypeVar("T")


def numbered(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """The lines that hold anything, with their numbers from 1."""
    return ((n, line) for n, line in enumerate(lines, 1) if not line.isspace())


def parse(decoder: msgspec.json.Decoder[T], line: bytes, name: str, n: int, remedy: str) -> T:
    """One line as an object. Raises ConfigurationError."""
    try:
        return decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        refuse(name, n, str(error), remedy)


def main_type(scam_type: str) -> str:
    """The type of a variant: what stands before the dot."""
    return scam_type.partition(".")[0]


def refuse(name: str, n: int, what: str, remedy: str) -> NoReturn:
    """Raise ConfigurationError for line `n` of the file `name`."""
    raise ConfigurationError(f"{name}:{n}: {what} — {remedy}")
