"""Tags dated ahead of their arrival: clamped and flagged, so that one bad clock closes nobody's windows.

Live, the arrival time is a clock's. In a file there is none, so a jump ahead is judged by
what follows it: if almost everything that arrives next is older, the jump was a bad clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice

from fraud_guard.door.rows import Draft
from fraud_guard.tags.kinds import Flag

AHEAD_MS = 300_000
"""A tag dated more than 5 minutes after its arrival is clamped."""
LOOKAHEAD = 32
"""Followers that judge a jump in a file; a jump is real when a quarter of them are not older."""
HELD_MOST = 4_096
"""Drafts held back at most while followers cannot tell."""
RECENT_MOST = 65_536
"""Tags remembered at most, to know repeats among the followers."""


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
    """Arrival times guessed from the order of a file: for replay.

    A jump ahead is held back until LOOKAHEAD tags that can tell have followed. Repeats and
    tags that were late already before the jump cannot: they would follow a real one too.
    """

    def __init__(self) -> None:
        self._high_ms: int | None = None
        self._held: deque[Draft] = deque()
        self._recent: deque[Draft] = deque()
        self._recent_prints: set[int] = set()
        self._heard: set[int] = set()
        self._clamped: dict[int, None] = {}
        self._agree = self._against = 0

    def pass_on(self, drafts: list[Draft]) -> list[Draft]:
        """The drafts in the same order, late by at most HELD_MOST of them."""
        ready: list[Draft] = []
        for draft in drafts:
            if self._held:
                self._held.append(draft)
                self._hear(draft)
                ready += self._judge(complete=False)
            elif self._suspect(draft):
                self._held.append(draft)
                self._begin()
                ready += self._judge(complete=False)
            else:
                ready.append(self._accept(draft))
        return ready

    def flush(self) -> list[Draft]:
        """What is still held when the file ends."""
        return list(self._judge(complete=True))

    def _suspect(self, draft: Draft) -> bool:
        return self._high_ms is None or draft.ts_ms > self._high_ms + AHEAD_MS

    def _judge(self, *, complete: bool) -> Iterator[Draft]:
        while self._held:
            first = self._held[0]
            if self._suspect(first):
                real = self._is_real(first, complete=complete)
                if real is None:
                    return
                if not real:
                    first = clamp(first, self._arrival_ms(first))
                    self._clamped[first.fingerprint] = None
            self._held.popleft()
            yield self._accept(first)
            self._begin()

    def _is_real(self, first: Draft, *, complete: bool) -> bool | None:
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
            for draft in islice(self._held, 1, None):
                self._hear(draft)

    def _hear(self, draft: Draft) -> None:
        """Let a follower tell whether the jump is real."""
        name = draft.fingerprint
        if name in self._heard or name in self._recent_prints or name in self._clamped:
            return
        self._heard.add(name)
        if draft.ts_ms >= self._held[0].ts_ms - AHEAD_MS:
            self._agree += 1
        elif self._high_ms is None or draft.ts_ms >= self._high_ms - AHEAD_MS:
            self._against += 1

    def _arrival_ms(self, first: Draft) -> int:
        if self._high_ms is not None:
            return self._high_ms
        return next((d.ts_ms for d in self._held if d.ts_ms < first.ts_ms - AHEAD_MS), first.ts_ms)

    def _accept(self, draft: Draft) -> Draft:
        self._high_ms = draft.ts_ms if self._high_ms is None else max(self._high_ms, draft.ts_ms)
        recent = self._recent
        recent.append(draft)
        self._recent_prints.add(draft.fingerprint)
        while recent[0].ts_ms < self._high_ms - AHEAD_MS or len(recent) > RECENT_MOST:
            self._recent_prints.discard(recent.popleft().fingerprint)
        if len(self._clamped) > RECENT_MOST:
            del self._clamped[next(iter(self._clamped))]
        return draft


def clamp(draft: Draft, ts_ms: int) -> Draft:
    """The draft at its arrival time; the fingerprint keeps the time it came with, so a repeat is still found."""
    return draft._replace(ts_ms=ts_ms, flags=draft.flags | Flag.CLAMPED)
