"""Tags dated ahead of their arrival: clamped and flagged, so that one bad clock closes nobody's windows.

Live, the arrival time is a clock's. In a file there is none, so a jump ahead is judged by
what follows it: if almost everything that arrives next is older, the jump was a bad clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from fraud_guard.door.rows import Draft
from fraud_guard.tags.kinds import Flag

AHEAD_MS = 300_000
"""A tag dated more than 5 minutes after its arrival is clamped."""
LOOKAHEAD = 32
"""Followers that judge a jump in a file; a jump is real when a quarter of them are not older."""


class ClockArrival:
    """Arrival times from a clock: for live feeds."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms

    def pass_on(self, drafts: list[Draft]) -> list[Draft]:
        """The drafts, those dated ahead clamped to now."""
        now_ms = self._now_ms()
        limit = now_ms + AHEAD_MS
        if all(draft.ts_ms <= limit for draft in drafts):
            return drafts
        return [clamp(draft, now_ms) if draft.ts_ms > limit else draft for draft in drafts]

    def flush(self) -> list[Draft]:
        """Nothing is ever held back."""
        return []


class FileArrival:
    """Arrival times guessed from the order of a file: for replay. Holds back up to LOOKAHEAD drafts."""

    def __init__(self) -> None:
        self._high_ms: int | None = None
        self._held: deque[Draft] = deque()

    def pass_on(self, drafts: list[Draft]) -> list[Draft]:
        """The drafts in the same order, late by at most LOOKAHEAD of them."""
        return list(self._pass_on(drafts))

    def flush(self) -> list[Draft]:
        """What is still held when the file ends."""
        return list(self._judge(complete=True))

    def _pass_on(self, drafts: list[Draft]) -> Iterator[Draft]:
        if not self._held and self._high_ms is not None and drafts:
            newest = max([draft.ts_ms for draft in drafts])
            if newest <= self._high_ms + AHEAD_MS:
                self._high_ms = max(self._high_ms, newest)
                yield from drafts
                return
        for draft in drafts:
            if self._held:
                self._held.append(draft)
                yield from self._judge(complete=False)
            elif self._suspect(draft):
                self._held.append(draft)
            else:
                yield self._accept(draft)

    def _suspect(self, draft: Draft) -> bool:
        return self._high_ms is None or draft.ts_ms > self._high_ms + AHEAD_MS

    def _judge(self, *, complete: bool) -> Iterator[Draft]:
        while self._held:
            first = self._held[0]
            if self._suspect(first):
                real = self._is_real(first.ts_ms, complete=complete)
                if real is None:
                    return
                if not real:
                    first = clamp(first, self._high_ms if self._high_ms is not None else self._held[1].ts_ms)
            self._held.popleft()
            yield self._accept(first)

    def _is_real(self, ts_ms: int, *, complete: bool) -> bool | None:
        followers = len(self._held) - 1
        agree = sum(1 for d in self._held if d.ts_ms >= ts_ms - AHEAD_MS) - 1
        if agree * 4 >= LOOKAHEAD or (complete or followers >= LOOKAHEAD) and agree * 4 >= min(followers, LOOKAHEAD):
            return True
        return False if complete or followers >= LOOKAHEAD else None

    def _accept(self, draft: Draft) -> Draft:
        self._high_ms = draft.ts_ms if self._high_ms is None else max(self._high_ms, draft.ts_ms)
        return draft


def clamp(draft: Draft, ts_ms: int) -> Draft:
    """The draft at its arrival time; the fingerprint keeps the time it came with, so a repeat is still found."""
    return draft._replace(ts_ms=ts_ms, flags=draft.flags | Flag.CLAMPED)
