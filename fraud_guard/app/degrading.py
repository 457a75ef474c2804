"""Degrading: how much a scorer leaves out while it is behind, chosen by the event time that waits and noted before it decides.

What was noted holds for good: a scorer that reads the log again decides every record as it was decided before, and chooses
anew only behind all that is told.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable

import structlog

from fraud_guard.adapters.clock import has_passed
from fraud_guard.log import Log
from fraud_guard.pipeline import Mode
from fraud_guard.ports import Truth
from fraud_guard.tags.block import POSITIONS_PER_RECORD, Block, Controls, decode_record

log = structlog.get_logger()
LOOK_MS = 1_000
"""How often the end of the log is looked at."""
Lag = Callable[[int, int], int]
"""(offset, watermark) of the record that comes next: milliseconds of event time between it and the end of the log."""


def next_mode(mode: int, lag_ms: int, degrade_ms: int) -> int:
    """The mode by the lag. Up at once, BRIEF from `degrade_ms` and FEW from twice that; down at half of what led there."""
    up = Mode(min(lag_ms // degrade_ms, Mode.FEW))
    down = Mode(min(2 * lag_ms // degrade_ms, Mode.FEW))
    return max(up, min(mode, down))


def watermark_of(record: Block | Controls) -> int:
    """The last watermark of a record; 0 when it has none."""
    if isinstance(record, Controls):
        return record.watermark_ms
    return int(record.rows["watermark_ms"][-1]) if len(record) else 0


class Backlog:
    """What waits in a partition of the log. The end is looked at every LOOK_MS, and when it is reached. Raises DependencyError."""

    def __init__(self, log: Log, topic: str, partition: int, now_ms: Callable[[], int]) -> None:
        self._log, self._topic, self._partition, self._now_ms = log, topic, partition, now_ms
        self._end, self._mark_ms, self._looked_ms = 0, 0, 0

    def lag_ms(self, offset: int, watermark_ms: int) -> int:
        """See Lag."""
        if offset >= self._end or has_passed(LOOK_MS, self._looked_ms, self._now_ms()):
            self._look()
        return max(0, self._mark_ms - watermark_ms)

    def _look(self) -> None:
        self._end, self._looked_ms = self._log.end(self._topic, self._partition), self._now_ms()
        for last in self._log.read(self._topic, self._partition, self._end - 1, 1) if self._end else ():
            self._mark_ms = max(self._mark_ms, watermark_of(decode_record(last.value, last.offset)))


class Degrading:
    """The modes of one partition. With `degrade_ms` 0 none is chosen, but what was noted before holds. Raises like Truth and Lag."""

    def __init__(self, truth: Truth, partition: str, lag_ms: Lag | None = None, degrade_ms: int = 0) -> None:
        self._truth, self._partition, self._lag_ms, self._degrade_ms = truth, partition, lag_ms, degrade_ms

    def recover(self, epoch: int) -> None:
        """Read what was noted; from here on this epoch notes."""
        self._epoch = epoch
        self._noted = [(position // POSITIONS_PER_RECORD, mode) for position, mode in self._truth.modes(self._partition)]
        self._told = self._truth.progress(self._partition) // POSITIONS_PER_RECORD

    def at(self, offset: int, otherwise: int) -> int:
        """The mode that was noted for a record of the log; `otherwise` when none was."""
        i = bisect_right(self._noted, (offset, len(Mode)))
        return self._noted[i - 1][1] if i else otherwise

    def next_switch(self, offset: int) -> int | None:
        """The first record behind this one from which on another mode was noted."""
        return next((at for at, _ in self._noted if at > offset), None)

    def choose(self, offset: int, mode: int, watermark_ms: int) -> int:
        """The mode from this record on, noted if it is another; records of which anything was told or noted keep theirs."""
        last = self._noted[-1][0] if self._noted else -1
        if not self._degrade_ms or self._lag_ms is None or offset <= max(self._told, last) or not watermark_ms:
            return mode
        lag_ms = self._lag_ms(offset, watermark_ms)
        chosen = next_mode(mode, lag_ms, self._degrade_ms)
        if chosen != mode:
            self._truth.journal_mode(self._partition, self._epoch, offset * POSITIONS_PER_RECORD, chosen)
            self._noted.append((offset, chosen))
            log.warning("degraded" if chosen else "degraded_no_more", partition=self._partition, step=chosen, lag_ms=lag_ms)
        return chosen
