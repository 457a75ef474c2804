"""The door: raw records in, blocks of the log out. Stateless but for caches and the watermark.

Everything that scores reads what the door wrote, so here a tag gets its one place in the
order of its subject, its watermark, and loses everything that need not be known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from fraud_guard.door.decode import decode, decode_all
from fraud_guard.door.marks import FOREVER_MS
from fraud_guard.door.opinions import NO_OPINIONS, Opinions
from fraud_guard.door.registry import Person
from fraud_guard.door.reorder import Reorder
from fraud_guard.door.rows import RowMaker
from fraud_guard.door.tokens import Tokeniser
from fraud_guard.errors import RejectedTag
from fraud_guard.tags.block import ROW, Block
from fraud_guard.tags.kinds import Flag, Kind
from fraud_guard.tags.reasons import Reason
from fraud_guard.tags.wire import AnyWireTag

DUPLICATE_WINDOW_MS = 24 * 3_600_000


class Refused(NamedTuple):
    """A record that became no tag; `inlet` says where its raw bytes lie."""

    inlet: int
    reason: str
    detail: str


class Arrival(Protocol):
    """See `door.arrival`."""

    def pass_on(self, block: Block) -> Block: ...  # noqa: D102
    def flush(self) -> Block: ...  # noqa: D102


class Door:
    """One door. `take` raw records, `flush` at the end; both give rows in log order, to be stamped by `block`."""

    def __init__(
        self,
        tokeniser: Tokeniser,
        arrival: Arrival,
        *,
        registry: Mapping[str, Person] | None = None,
        opinions: Opinions = NO_OPINIONS,
        reorder_ms: int = 0,
        slack_ms: int = 0,
        watermark_ms: int = 0,
    ) -> None:
        self.rows = RowMaker(tokeniser, registry or {}, opinions)
        self.watermark_ms = self.high_ms = watermark_ms
        self._arrival, self._reorder, self._slack_ms = arrival, Reorder(reorder_ms), slack_ms
        self.refused: list[Refused] = []

    def take(self, records: Sequence[bytes], inlets: Sequence[int]) -> Block:
        """Rows that are ready for the log, any number; refused records are in `refused`."""
        return self._reorder.pass_on(self._arrival.pass_on(self._read(records, inlets)))

    def flush(self) -> Block:
        """Everything still held back."""
        return self._reorder.pass_on(self._arrival.flush()) + self._reorder.flush()

    def block(self, block: Block, high_ms: int = 0, most_ms: int = FOREVER_MS) -> Block:
        """Rows for the log, stamped with the watermark; those older than the duplicate window are refused.

        Where other doors or inlet partitions are about: `high_ms` is how far that of these rows has come (afterwards it is
        in `self.high_ms`), `most_ms` the least of the others, which the watermark does not pass.
        """
        rows = block.rows
        floor_ms = high_ms if most_ms < FOREVER_MS else max(high_ms, self.watermark_ms)
        own = np.maximum.accumulate(np.append(floor_ms, rows["ts_ms"] - self._slack_ms))[1:]
        rows["watermark_ms"] = np.maximum(np.minimum(own, most_ms), self.watermark_ms)
        high = np.maximum(own, rows["watermark_ms"])
        rows["ahead_ms"] = high - rows["watermark_ms"]
        if len(rows):
            self.watermark_ms, self.high_ms = int(rows["watermark_ms"][-1]), int(own[-1])
        rows["flags"] |= np.where(rows["ts_ms"] < high, np.uint32(Flag.LATE), np.uint32(0)) | _night(rows["ts_ms"])
        too_late = rows["ts_ms"] < high - DUPLICATE_WINDOW_MS
        return self._refuse(block, too_late) if too_late.any() else block

    def tick(self, watermark_ms: int) -> Block:
        """An empty block that moves an idle partition's watermark."""
        self.watermark_ms = max(self.watermark_ms, watermark_ms)
        rows = np.zeros(1, ROW)
        rows["kind"], rows["watermark_ms"], rows["ts_ms"] = Kind.TICK, self.watermark_ms, self.watermark_ms
        return Block(rows, [""], [""], [None])

    def _read(self, records: Sequence[bytes], inlets: Sequence[int]) -> Block:
        tags = decode_all(records)
        if tags is not None:
            return self.rows.make(tags, inlets)
        good: list[tuple[AnyWireTag, int]] = []
        for record, inlet in zip(records, inlets, strict=True):
            try:
                good.append((decode(record), inlet))
            except RejectedTag as no:
                self.refused.append(Refused(inlet, no.reason, no.detail))
        return self.rows.make([tag for tag, _ in good], [inlet for _, inlet in good])

    def _refuse(self, block: Block, which: np.ndarray) -> Block:
        for inlet in block.rows["inlet"][which].tolist():
            self.refused.append(Refused(inlet, Reason.TOO_LATE, "older than the duplicate window of 24 h"))
        return block.take(np.flatnonzero(~which))


def _night(ts_ms: npt.NDArray[np.int64]) -> npt.NDArray[np.uint32]:
    local_hour = ts_ms // 3_600_000 + 8
    return np.where((local_hour + 2) % 24 < 8, np.uint32(Flag.NIGHT), np.uint32(0))
