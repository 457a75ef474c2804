"""CPU seconds of this process from the first tag to the last, all threads; then it ends.

Imports, rules, joining the group and shutting down are the same few tenths of a second for a thousand tags and for a day, so they are left out
of every runner's figure. What a runner prints when the last tag is done is its result, one line of JSON.
"""

from __future__ import annotations

import json
import os
import resource
import traceback
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from benchmarks.machine import high_water_bytes


class Job(Protocol):
    """What is raced; `effects` is a digest of all it decided, the same for all who took the same tags."""

    def chunk(self, lines: Sequence[bytes]) -> None: ...
    def event(self, line: bytes) -> None: ...
    def effects(self) -> str: ...


class Meter:
    """Stands before a job, counts tags and ends the process after `last`."""

    def __init__(self, job: Job, last: int) -> None:
        self._job, self._last, self._seen, self._began_s = job, last, 0, 0.0

    def chunk(self, lines: Sequence[bytes]) -> None:
        """Take consecutive tags."""
        self._guarded(self._job.chunk, lines, len(lines))

    def event(self, line: bytes) -> None:
        """Take one tag."""
        self._guarded(self._job.event, line, 1)

    def step(self, act: Callable[[bytes, Any], Any], line: bytes, state: Any) -> Any:
        """Take one tag with the state that the framework keeps for its subject; gives the new state."""
        self._begin()
        state = act(line, state)
        self._count(1)
        return state

    def _guarded(self, act: Callable[[Any], None], what: Any, size: int) -> None:
        self._begin()
        try:
            act(what)
        except Exception:  # noqa: BLE001  a framework would swallow it or try again for ever
            traceback.print_exc()
            os._exit(1)
        self._count(size)

    def _begin(self) -> None:
        if not self._seen:
            self._began_s = cpu_s()

    def _count(self, size: int) -> None:
        self._seen += size
        if self._seen >= self._last:
            spent_s = cpu_s() - self._began_s
            peak = high_water_bytes(os.getpid())
            result = {"tags": self._seen, "cpu_s": spent_s, "peak_rss_bytes": peak, "effects": self._job.effects()}
            os.write(1, b"\n" + json.dumps(result).encode() + b"\n")
            os._exit(0)


def cpu_s() -> float:
    """User and system seconds of this process and all its threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
