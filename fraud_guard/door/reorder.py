"""Put shuffled tags back in order, within a window of event time; and stamp the watermark."""

from __future__ import annotations

import heapq

from fraud_guard.door.rows import Draft


class Reorder:
    """Holds drafts until `reorder_ms` of event time have passed; 0 lets everything through at once.

    Within the window the order is (ts_ms, source, id), so the result does not depend on
    the order of arrival.
    """

    def __init__(self, reorder_ms: int) -> None:
        self._reorder_ms = reorder_ms
        self._heap: list[Draft] = []
        self._high_ms = 0

    def pass_on(self, drafts: list[Draft]) -> list[Draft]:
        """The drafts that nothing within the window can precede any more."""
        if not self._reorder_ms:
            return drafts
        ready, heap = list[Draft](), self._heap
        for draft in drafts:
            self._high_ms = max(self._high_ms, draft.ts_ms)
            heapq.heappush(heap, draft)
            while heap[0].ts_ms < self._high_ms - self._reorder_ms:
                ready.append(heapq.heappop(heap))
        return ready

    def flush(self) -> list[Draft]:
        """Everything still held, in order."""
        held, self._heap = sorted(self._heap), []
        return held
