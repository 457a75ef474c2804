"""The newest batches in RAM, so that a reader at the end of the log need not unseal what was just written."""

from __future__ import annotations

from collections import OrderedDict

from fraud_guard.adapters.embedded.records import Columns

MAX_BYTES = 8 * 1024 * 1024


class Tail:
    """Batches by place, oldest dropped first, at most `max_bytes` of values.

    They stay columns until somebody reads them: rows would be many objects for the garbage collector.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._held_bytes = 0
        self._batches: OrderedDict[int, tuple[Columns, int]] = OrderedDict()

    def put(self, place: int, columns: Columns, size_bytes: int) -> None:
        """Keep a batch that was just committed."""
        self._batches[place] = (columns, size_bytes)
        self._held_bytes += size_bytes
        while self._held_bytes > self._max_bytes:
            _, (_, dropped_bytes) = self._batches.popitem(last=False)
            self._held_bytes -= dropped_bytes

    def get(self, place: int) -> Columns | None:
        """The batch that starts at `place`, if it is still here."""
        batch = self._batches.get(place)
        return batch[0] if batch else None
