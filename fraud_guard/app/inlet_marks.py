"""The marks of a site's inlet partitions, as one door keeps them: told to the other doors and heard from them through a topic."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from fraud_guard.adapters.clock import has_passed
from fraud_guard.app.topics import INLETS, WATERMARKS
from fraud_guard.door.marks import Marks
from fraud_guard.log import Log, Record

EVERY_MS = 100
"""How often a door that works tells and listens."""
HEARD_AT_ONCE = 256
RESTORED = 64
"""Last records of the topic that are heard at the start; each tells all that its door knew."""

Inlet = tuple[str, int]
"""Topic and partition."""


def name_of(inlet: Inlet) -> str:
    """How marks call an inlet partition."""
    return f"{inlet[0]}-{inlet[1]}"


class InletMarks:
    """Not safe for threads. Raises DependencyError when the log is away: call again.

    A mark is told after what it speaks of is in the log, so nobody's watermark passes something that cannot be read yet.
    """

    def __init__(self, log: Log, partitions: int, now_ms: Callable[[], int]) -> None:
        self.known, self._log, self._partitions, self._now_ms = Marks(), log, partitions, now_ms
        self._own: dict[Inlet, int] = {}  # since when it is quiet
        self._read: dict[Inlet, int] = {}
        self._next: int | None = None
        self._heard_ms = self._told_ms = 0
        self._untold = False

    def assign(self, inlets: Iterable[Inlet]) -> None:
        """These are read here from now on. Whatever still has something unread, here or elsewhere, holds the watermark."""
        self._hear()
        now_ms = self._now_ms()
        self._own = {inlet: self._own.get(inlet, now_ms) for inlet in inlets}
        self._read = {inlet: read for inlet, read in self._read.items() if inlet in self._own}
        for topic in INLETS:
            for inlet in ((topic, p) for p in range(self._partitions)):
                if self.known.is_idle(name_of(inlet)) and self._has_more(inlet):
                    self._say(inlet)
        self.tell()

    def taken(self, inlet: Inlet, next_offset: int, high_ms: int) -> None:
        """All below `next_offset` is in the log now, and it has come to `high_ms`."""
        self._own[inlet], self._read[inlet] = self._now_ms(), next_offset
        self._say(inlet, high_ms)
        if has_passed(EVERY_MS, self._told_ms, self._now_ms()):
            self.tell()

    def rest(self, idle_ms: int) -> None:
        """What has been quiet for so long, and is read to its end, holds the watermark no more."""
        now_ms = self._now_ms()
        for inlet, since_ms in self._own.items():
            self._own[inlet] = min(since_ms, now_ms)  # the clock may have been set back
            if now_ms - since_ms >= idle_ms and not self.known.is_idle(name_of(inlet)) and not self._has_more(inlet):
                self._say(inlet, idle=True)

    def reach(self, watermark_ms: int) -> None:
        """The watermark of this door, told with the next word."""
        if watermark_ms > self.known.reached_ms:
            self.known.reached_ms, self._untold = watermark_ms, True

    def hear(self) -> None:
        """Take what other doors told, when it is time."""
        if has_passed(EVERY_MS, self._heard_ms, self._now_ms()):
            self._hear()

    def tell(self) -> None:
        """Tell what is new."""
        if self._untold:
            self._log.append(WATERMARKS, 0, [Record(None, self.known.encode())])
            self._untold, self._told_ms = False, self._now_ms()

    def _say(self, inlet: Inlet, high_ms: int = 0, *, idle: bool = False) -> None:
        self.known.say(name_of(inlet), high_ms, idle=idle)
        self._untold = True

    def _hear(self) -> None:
        end = self._log.end(WATERMARKS, 0)
        if self._next is None:
            self._next = max(0, end - RESTORED)
        while self._next < end:
            for record in self._log.read(WATERMARKS, 0, self._next, HEARD_AT_ONCE):
                self.known.hear(record.value)
                self._next = record.offset + 1
        self._heard_ms = self._now_ms()

    def _has_more(self, inlet: Inlet) -> bool:
        read = self._read.get(inlet)
        if read is None:
            read = self._log.committed(*inlet) or 0
        end = self._log.end(*inlet)
        return end > read and end > self._log.start(*inlet)
