"""The door: raw records in, blocks of the log out. Stateless but for caches and the watermark.

Everything that scores reads what the door wrote, so here a tag gets its one place in the
order of its subject, its watermark, and loses everything that need not be known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from fraud_guard.door.decode import decode
from fraud_guard.door.registry import Person
from fraud_guard.door.reorder import Reorder
from fraud_guard.door.rows import Draft, RowMaker
from fraud_guard.door.tokens import Tokeniser
from fraud_guard.errors import RejectedTag
from fraud_guard.tags.block import BLOCK_MAX, ROW, Block
from fraud_guard.tags.kinds import Flag, Kind
from fraud_guard.tags.reasons import Reason

DUPLICATE_WINDOW_MS = 24 * 3_600_000
_NUMERIC = tuple(n for n in ROW.names or () if n in Draft._fields and n != "token")
_COLUMN = {name: Draft._fields.index(name) for name in ("token", *_NUMERIC)}


class Refused(NamedTuple):
    """A record that became no tag; `inlet` says where its raw bytes lie."""

    inlet: int
    reason: str
    detail: str


class Arrival(Protocol):
    """See `door.arrival`."""

    def pass_on(self, drafts: list[Draft]) -> list[Draft]: ...  # noqa: D102
    def flush(self) -> list[Draft]: ...  # noqa: D102


class Door:
    """One door. `take` raw records, `flush` at the end; both yield drafts in log order."""

    def __init__(
        self,
        tokeniser: Tokeniser,
        arrival: Arrival,
        *,
        registry: Mapping[str, Person] | None = None,
        reorder_ms: int = 0,
        slack_ms: int = 0,
        watermark_ms: int = 0,
    ) -> None:
        self.rows = RowMaker(tokeniser, registry or {})
        self.watermark_ms = watermark_ms
        self._arrival, self._reorder, self._slack_ms = arrival, Reorder(reorder_ms), slack_ms
        self.refused: list[Refused] = []

    def take(self, records: Sequence[bytes], inlets: Sequence[int]) -> list[Draft]:
        """Drafts that are ready for the log; refused records are in `refused`."""
        return self._reorder.pass_on(self._arrival.pass_on(self._read(records, inlets)))

    def flush(self) -> list[Draft]:
        """Everything still held back."""
        return self._reorder.pass_on(self._arrival.flush()) + self._reorder.flush()

    def block(self, drafts: Sequence[Draft]) -> Block:
        """Rows for the log, stamped with the watermark; those older than the duplicate window are refused."""
        rows = to_rows(drafts)
        high = np.maximum.accumulate(np.append(self.watermark_ms, rows["ts_ms"] - self._slack_ms))[1:]
        rows["watermark_ms"] = high
        if len(rows):
            self.watermark_ms = int(high[-1])
        rows["flags"] |= np.where(rows["ts_ms"] < high, np.uint32(Flag.LATE), np.uint32(0))
        block = Block(rows, [d.id for d in drafts], [d.source for d in drafts], [d.host for d in drafts])
        too_late = rows["ts_ms"] < high - DUPLICATE_WINDOW_MS
        return self._refuse(block, too_late) if too_late.any() else block

    def tick(self, watermark_ms: int) -> Block:
        """An empty block that moves an idle partition's watermark."""
        self.watermark_ms = max(self.watermark_ms, watermark_ms)
        rows = np.zeros(1, ROW)
        rows["kind"], rows["watermark_ms"], rows["ts_ms"] = Kind.TICK, self.watermark_ms, self.watermark_ms
        return Block(rows, [""], [""], [None])

    def _read(self, records: Sequence[bytes], inlets: Sequence[int]) -> list[Draft]:
        make, drafts = self.rows.make, list[Draft]()
        for record, inlet in zip(records, inlets, strict=True):
            try:
                drafts.append(make(decode(record), inlet))
            except RejectedTag as no:
                self.refused.append(Refused(inlet, no.reason, no.detail))
        return drafts

    def _refuse(self, block: Block, which: np.ndarray) -> Block:
        for inlet in block.rows["inlet"][which].tolist():
            self.refused.append(Refused(inlet, Reason.TOO_LATE, "older than the duplicate window of 24 h"))
        return block.take(np.flatnonzero(~which))


def to_rows(drafts: Sequence[Draft]) -> np.ndarray:
    """Drafts as rows of dtype ROW, without watermark and position."""
    rows = np.zeros(len(drafts), ROW)
    if not drafts:
        return rows
    columns = list(zip(*drafts, strict=True))
    rows["token"] = np.frombuffer(b"".join(columns[_COLUMN["token"]]), "V16")
    for name in _NUMERIC:
        rows[name] = columns[_COLUMN[name]]
    local_hour = rows["ts_ms"] // 3_600_000 + 8
    rows["flags"] |= np.where((local_hour + 2) % 24 < 8, np.uint32(Flag.NIGHT), np.uint32(0))
    return rows


def chunks(drafts: Sequence[Draft], most: int = BLOCK_MAX) -> Iterator[Sequence[Draft]]:
    """Cut drafts into lengths that fit a block."""
    for start in range(0, len(drafts), most):
        yield drafts[start : start + most]
