"""Keeps the touches of one partition: gathered as tags are scored, stored before each checkpoint.

What a crash loses between two checkpoints comes again with the tags; what comes twice is found once.
"""

from __future__ import annotations

from collections.abc import Iterable

from fraud_guard.ports import TouchStore
from fraud_guard.tags.block import Block, Controls
from fraud_guard.touches.index import Touches, merged, touches_of, without


class TouchKeeper:
    """Of one partition. Calls to the store raise DependencyError and may be repeated."""

    def __init__(self, partition: str, store: TouchStore) -> None:
        self._partition, self._store = partition, store
        self._parts: list[Touches] = []
        self._released: list[bytes] = []
        self._newest_ms = 0

    def note(self, record: Block | Controls) -> None:
        """Gather what a record of the log tells; a released subject's touches go."""
        if isinstance(record, Block):
            touches = touches_of(record.rows)
            if len(touches):
                self._parts.append(touches)
                self._newest_ms = max(self._newest_ms, int(record.rows["ts_ms"].max()))
            return
        for control in record.items:
            if control.kind == "release":
                self._released.append(control.token)
                self._parts = [without(part, control.token) for part in self._parts]

    def forget(self) -> None:
        """Let go what is not stored: the tags come again."""
        self._parts, self._released, self._newest_ms = [], [], 0

    def flush(self) -> None:
        """Store what was gathered."""
        while self._released:
            self._store.erase(self._partition, self._released[-1])
            self._released.pop()
        if self._parts:
            self._store.add(self._partition, merged(self._parts), self._newest_ms)
        self.forget()

    def find(self, keys: Iterable[int], below: int) -> Touches:
        """Who touched one of `keys` at positions below, with each one's first touch; sorted by (key, token)."""
        self.flush()
        return self._store.find(self._partition, keys, below)

    def tidy(self, now_ms: int) -> None:
        """Forget what is too old."""
        self._store.tidy(self._partition, now_ms)
