"""Segments: under which keys the fingerprints added between two checkpoints are stored, and how long they are needed."""

from __future__ import annotations

from fraud_guard.memory.duplicates import WINDOW_H, Duplicates

PREFIX = "d/"


class Segments:
    """The stored segments of one `Duplicates`. What is not known to be stored yet is told again."""

    def __init__(self, duplicates: Duplicates) -> None:
        self._duplicates = duplicates
        self._last_h: dict[str, int] = {}
        self._next = 0
        self._ready: dict[str, bytes] = {}
        self._drop: list[str] = []

    def restore(self, key: str, data: bytes) -> None:
        """Add a stored segment, in the order of keys."""
        self._last_h[key] = self._duplicates.restore(data)
        self._next = int(key.removeprefix(PREFIX)) + 1

    def delta(self, watermark_ms: int) -> tuple[dict[str, bytes], list[str]]:
        """Segments to write, and keys of those that no tag can repeat any more; then call `saved`."""
        oldest_h = watermark_ms // 3_600_000 - WINDOW_H - 1
        for key in [key for key, last_h in self._last_h.items() if last_h < oldest_h]:
            del self._last_h[key]
            self._ready.pop(key, None)
            self._drop.append(key)
        segment = self._duplicates.segment()
        if segment is not None:
            key = f"{PREFIX}{self._next:012d}"
            self._next += 1
            self._ready[key], self._last_h[key] = segment.data, segment.last_h
        return self._ready, self._drop

    def saved(self) -> None:
        """The last delta is stored."""
        self._ready, self._drop = {}, []
