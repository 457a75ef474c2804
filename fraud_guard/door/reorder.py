"""Put shuffled tags back in order, within a window of event time."""

from __future__ import annotations

import heapq

import numpy as np

from fraud_guard.tags.block import ROW, Block

Held = tuple[int, str, str, bytes, str]
"""Time, source, id, the row and the host of a tag: the order within the window."""


class Reorder:
    """Holds rows until `reorder_ms` of event time have passed; 0 lets everything through at once.

    Within the window the order is (ts_ms, source, id), so the result does not depend on
    the order of arrival.
    """

    def __init__(self, reorder_ms: int) -> None:
        self._reorder_ms = reorder_ms
        self._heap: list[Held] = []
        self._high_ms = 0

    def pass_on(self, block: Block) -> Block:
        """The rows that nothing within the window can precede any more."""
        if not self._reorder_ms:
            return block
        ready, heap = list[Held](), self._heap
        for held in _held(block):
            self._high_ms = max(self._high_ms, held[0])
            heapq.heappush(heap, held)
            while heap[0][0] < self._high_ms - self._reorder_ms:
                ready.append(heapq.heappop(heap))
        return _block(ready)

    def flush(self) -> Block:
        """Everything still held, in order."""
        held, self._heap = sorted(self._heap), []
        return _block(held)


def _held(block: Block) -> list[Held]:
    data, size = block.rows.tobytes(), ROW.itemsize
    rows = [data[i : i + size] for i in range(0, len(data), size)]
    hosts = [host or "" for host in block.hosts]
    return list(zip(block.rows["ts_ms"].tolist(), block.sources, block.ids, rows, hosts, strict=True))


def _block(held: list[Held]) -> Block:
    rows = np.frombuffer(b"".join(h[3] for h in held), ROW).copy()
    return Block(rows, [h[2] for h in held], [h[1] for h in held], [h[4] or None for h in held])
