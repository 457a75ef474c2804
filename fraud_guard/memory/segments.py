"""Segments: what was added between two checkpoints is a blob of its own, written once and dropped when it is needed no more."""

from __future__ import annotations

from fraud_guard.memory.duplicates import WINDOW_H, Duplicates

PREFIX = "d/"


class Shelf:
    """Segments under one prefix, in the order of their keys. What is not known to be stored yet is told again."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._needed_to: dict[str, int] = {}
        self._next = 0
        self._ready: dict[str, bytes] = {}
        self._drop: list[str] = []

    def put(self, data: bytes, needed_to: int) -> None:
        """Add a segment; `needed_to` is the time, in any unit, after which it may go."""
        key = f"{self._prefix}{self._next:012d}"
        self.note(key, needed_to)
        self._ready[key] = data

    def note(self, key: str, needed_to: int) -> None:
        """This segment is stored already."""
        self._needed_to[key] = needed_to
        self._next = int(key.removeprefix(self._prefix)) + 1

    def drop(self, before: int) -> None:
        """Nobody needs what was needed only to a time before this one."""
        for key in [key for key, needed_to in self._needed_to.items() if needed_to < before]:
            del self._needed_to[key]
            self._ready.pop(key, None)
            self._drop.append(key)

    def delta(self) -> tuple[dict[str, bytes], list[str]]:
        """Segments to write and keys to drop; then call `saved`."""
        return self._ready, self._drop

    def saved(self) -> None:
        """The last delta is stored."""
        self._ready, self._drop = {}, []


class Segments:
    """The stored segments of one `Duplicates`."""

    def __init__(self, duplicates: Duplicates) -> None:
        self._duplicates, self._shelf = duplicates, Shelf(PREFIX)

    def restore(self, key: str, data: bytes) -> None:
        """Add a stored segment, in the order of keys."""
        self._shelf.note(key, self._duplicates.restore(data))

    def delta(self, watermark_ms: int) -> tuple[dict[str, bytes], list[str]]:
        """Segments to write, and keys of those that no tag can repeat any more; then call `saved`."""
        self._shelf.drop(watermark_ms // 3_600_000 - WINDOW_H - 1)
        segment = self._duplicates.segment()
        if segment is not None:
            self._shelf.put(segment.data, segment.last_h)
        return self._shelf.delta()

    def saved(self) -> None:
        """The last delta is stored."""
        self._shelf.saved()
