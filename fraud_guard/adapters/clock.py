"""The wall clock, and what follows from its being set back; everything else is given one."""

from __future__ import annotations

import time


def wall_clock_ms() -> int:
    """Epoch milliseconds, UTC."""
    return time.time_ns() // 1_000_000


def has_passed(span_ms: int, since_ms: int, now_ms: int) -> bool:
    """Whether it is so long since then, also when the clock was set back meanwhile: how long it was nobody knows."""
    return not 0 <= now_ms - since_ms < span_ms
