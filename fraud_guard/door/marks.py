"""Marks: how far each inlet partition has come in event time, and what may be the watermark of all.

The watermark is the least of the marks of those that are not idle, so it never runs ahead of a slow door. Doors tell each
other all they know; of two words about one inlet partition the later turn counts.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from fraud_guard.errors import IntegrityError

FOREVER_MS = (1 << 63) - 1


class Mark(msgspec.Struct, frozen=True, array_like=True, order=True):
    """One inlet partition. `turn` counts what its door has said; everything below `high_ms` is in the log."""

    turn: int
    high_ms: int
    idle: bool = False


class Told(msgspec.Struct, frozen=True, array_like=True):
    """What a door tells the others: the watermark that it has reached, and all marks it knows."""

    reached_ms: int
    marks: dict[str, Mark]


_decoder = msgspec.msgpack.Decoder(Told)


class Marks:
    """What one door knows of all; inlet partitions have names like `tags.call-3`."""

    def __init__(self) -> None:
        self.of: dict[str, Mark] = {}
        self.reached_ms = 0

    def high_ms(self, inlet: str) -> int:
        """How far this one has come; 0 when nobody has told."""
        return self.of[inlet].high_ms if inlet in self.of else 0

    def is_idle(self, inlet: str) -> bool:
        """Whether it holds nobody up: it is read to its end, or nobody has told of it."""
        return inlet not in self.of or self.of[inlet].idle

    def least_ms(self, but: str = "") -> int:
        """The least mark of those that are not idle, without `but`; FOREVER_MS when there is none."""
        return min((m.high_ms for name, m in self.of.items() if not m.idle and name != but), default=FOREVER_MS)

    def say(self, inlet: str, high_ms: int = 0, *, idle: bool = False) -> None:
        """A new word about an inlet partition; its mark never falls."""
        turn = self.of[inlet].turn + 1 if inlet in self.of else 1
        self.of[inlet] = Mark(turn, max(high_ms, self.high_ms(inlet)), idle)

    def encode(self) -> bytes:
        """Everything known, for `hear`."""
        return msgspec.msgpack.encode(Told(self.reached_ms, self.of))

    def hear(self, data: bytes) -> None:
        """Take what `encode` gave elsewhere. Raises IntegrityError for anything else."""
        try:
            told = _decoder.decode(data)
        except msgspec.DecodeError as broken:
            raise IntegrityError("a record of `watermarks` is damaged; was it written by a newer version?") from broken
        self.reached_ms = max(self.reached_ms, told.reached_ms)
        self._merge(told.marks)

    def _merge(self, marks: Mapping[str, Mark]) -> None:
        for name, mark in marks.items():
            self.of[name] = max(mark, self.of.get(name, mark))
