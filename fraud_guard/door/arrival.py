"""Tags dated ahead of their arrival: clamped and flagged, so that one bad clock closes nobody's windows.

Live, the arrival time is a clock's. In a file there is none, so a jump ahead is judged by
what follows it: if almost everything that arrives next is older, the jump was a bad clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from itertools import islice
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fraud_guard.tags.block import EMPTY, Block
from fraud_guard.tags.kinds import Flag

AHEAD_MS = 300_000
"""A tag dated more than 5 minutes after its arrival is clamped."""
LOOKAHEAD = 32
"""Followers that judge a jump in a file; a jump is real when a quarter of them are not older."""
HELD_MOST = 4_096
"""Rows held back at most while followers cannot tell."""
RECENT_MOST = 65_536
"""Tags remembered at most, to know repeats among the followers."""


class ClockArrival:
    """Arrival times from a clock: for live feeds."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms

    def pass_on(self, block: Block) -> Block:
        """The rows, those dated ahead clamped to now."""
        now_ms = self._now_ms()
        clamp(block, np.flatnonzero(block.rows["ts_ms"] > now_ms + AHEAD_MS), now_ms)
        return block

    def flush(self) -> Block:
        """Nothing is ever held back."""
        return EMPTY


class Seen(NamedTuple):
    """What the judgement needs of a row."""

    ts_ms: int
    fingerprint: int


class FileArrival:
    """Arrival times guessed from the order of a file: for replay.

    A jump ahead is held back until LOOKAHEAD tags that can tell have followed. Repeats and
    tags that were late already before the jump cannot: they would follow a real one too.
    """

    def __init__(self) -> None:
        self._waiting = EMPTY  # the rows of `_held`
        self._high_ms: int | None = None
        self._held: deque[Seen] = deque()
        self._recent: deque[Seen] = deque()
        self._recent_prints: set[int] = set()
        self._heard: set[int] = set()
        self._clamped: dict[int, None] = {}
        self._agree = self._against = 0

    def pass_on(self, block: Block) -> Block:
        """The rows in the same order, late by at most HELD_MOST of them."""
        self._waiting += block
        ready: list[int] = []
        for seen in map(Seen, block.rows["ts_ms"].tolist(), block.rows["fingerprint"].tolist()):
            if self._held or self._suspect(seen):
                self._held.append(seen)
                if len(self._held) > 1:
                    self._hear(seen)
                else:
                    self._begin()
                ready += self._judge(complete=False)
            else:
                ready.append(self._accept(seen))
        return self._pass(ready)

    def flush(self) -> Block:
        """What is still held when the file ends."""
        return self._pass(list(self._judge(complete=True)))

    def _pass(self, times_ms: list[int]) -> Block:
        """The first rows that wait, at the times they are taken to have."""
        n, held = len(times_ms), self._waiting
        passed, self._waiting = held.slice(0, n), held.slice(n, len(held))
        taken_ms = np.array(times_ms, np.int64)
        bent = np.flatnonzero(passed.rows["ts_ms"] != taken_ms)
        clamp(passed, bent, taken_ms[bent])
        return passed

    def _suspect(self, seen: Seen) -> bool:
        return self._high_ms is None or seen.ts_ms > self._high_ms + AHEAD_MS

    def _judge(self, *, complete: bool) -> Iterable[int]:
        while self._held:
            first = self._held[0]
            if self._suspect(first):
                real = self._is_real(first, complete=complete)
                if real is None:
                    return
                if not real:
                    first = first._replace(ts_ms=self._arrival_ms(first))
                    self._clamped[first.fingerprint] = None
            self._held.popleft()
            yield self._accept(first)
            self._begin()

    def _is_real(self, first: Seen, *, complete: bool) -> bool | None:
        if first.fingerprint in self._clamped:
            return False
        heard = self._agree + self._against
        if complete or heard >= LOOKAHEAD or self._agree * 4 >= LOOKAHEAD or len(self._held) > HELD_MOST:
            return self._agree * 4 >= heard
        return None

    def _begin(self) -> None:
        """Count again for a new first of the held."""
        self._agree = self._against = 0
        if self._held and self._suspect(self._held[0]):
            self._heard = {self._held[0].fingerprint}
            for seen in islice(self._held, 1, None):
                self._hear(seen)

    def _hear(self, seen: Seen) -> None:
        """Let a follower tell whether the jump is real."""
        name = seen.fingerprint
        if name in self._heard or name in self._recent_prints or name in self._clamped:
            return
        self._heard.add(name)
        if seen.ts_ms >= self._held[0].ts_ms - AHEAD_MS:
            self._agree += 1
        elif self._high_ms is None or seen.ts_ms >= self._high_ms - AHEAD_MS:
            self._against += 1

    def _arrival_ms(self, first: Seen) -> int:
        if self._high_ms is not None:
            return self._high_ms
        return next((s.ts_ms for s in self._held if s.ts_ms < first.ts_ms - AHEAD_MS), first.ts_ms)

    def _accept(self, seen: Seen) -> int:
        self._high_ms = seen.ts_ms if self._high_ms is None else max(self._high_ms, seen.ts_ms)
        recent = self._recent
        recent.append(seen)
        self._recent_prints.add(seen.fingerprint)
        while recent[0].ts_ms < self._high_ms - AHEAD_MS or len(recent) > RECENT_MOST:
            self._recent_prints.discard(recent.popleft().fingerprint)
        if len(self._clamped) > RECENT_MOST:
            del self._clamped[next(iter(self._clamped))]
        return seen.ts_ms


def clamp(block: Block, at: npt.NDArray[np.intp], ts_ms: int | npt.NDArray[np.int64]) -> None:
    """Put rows at their arrival time; the fingerprint keeps the time they came with, so a repeat is still found."""
    if len(at):
        block.rows["ts_ms"][at] = ts_ms
        block.rows["flags"][at] |= np.uint32(Flag.CLAMPED)
