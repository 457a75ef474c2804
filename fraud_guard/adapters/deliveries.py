"""Which chunks are under way, and how far the acknowledged ones reach without a hole."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable

from faust.types import TP


class Delivery:
    """One delivered chunk: the offset of its last record, whether the agent is done with it, and whether that counts for a commit."""

    __slots__ = ("acked", "done", "last_offset")

    def __init__(self, last_offset: int) -> None:
        self.last_offset = last_offset
        self.acked = self.done = False


class Deliveries:
    """The chunks handed out and not committed, by partition, in order of delivery."""

    def __init__(self) -> None:
        self._open: defaultdict[TP, deque[Delivery]] = defaultdict(deque)
        self.rewinds = 0

    def add(self, tp: TP, last_offset: int) -> Delivery:
        """Note a chunk that is about to be delivered."""
        delivery = Delivery(last_offset)
        self._open[tp].append(delivery)
        return delivery

    def is_under_way(self, tp: TP) -> bool:
        """Whether the agent is not done with the newest chunk of a partition."""
        deliveries = self._open.get(tp)
        return deliveries is not None and len(deliveries) > 0 and not deliveries[-1].done

    def take_committable(self, tp: TP) -> int | None:
        """The offset after the longest acknowledged prefix, which is forgotten; None if there is none."""
        deliveries, next_offset = self._open[tp], None
        while deliveries and deliveries[0].acked:
            next_offset = deliveries.popleft().last_offset + 1
        return next_offset

    def drop(self, tps: Iterable[TP] | None = None) -> None:
        """Forget the chunks of these partitions (None: of all): acknowledging them has no effect any more."""
        self.rewinds += 1
        for tp in list(self._open) if tps is None else tps:
            self._open.pop(tp, None)

    def partitions(self) -> list[TP]:
        """Partitions with chunks."""
        return [tp for tp, deliveries in self._open.items() if deliveries]
