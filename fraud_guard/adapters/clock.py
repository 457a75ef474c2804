"""The wall clock; everything else is given one."""

from __future__ import annotations

import time


def wall_clock_ms() -> int:
    """Epoch milliseconds, UTC."""
    return time.time_ns() // 1_000_000
