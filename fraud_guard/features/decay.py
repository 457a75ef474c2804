"""Counters and peaks that fade: forward decay against a landmark.

A counter with time constant w holds the sum of exp((t - mark) / w) over its events at t, so
an event only adds to it and what it is worth at any time follows from the mark. Marks move
up when they lie so far back that numbers would become large. Peaks hold a maximum the same way.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fraud_guard.memory.layout import QUICK, SLOW, WINDOWS_S
from fraud_guard.tags.quantised import NEUTRAL, from_codes

Ints = npt.NDArray[np.intp]
WINDOWS = np.array(WINDOWS_S, np.float64)
MOST_AHEAD_S = 40 * WINDOWS_S[0]
"""A mark further back than this moves up."""
PEAK_WINDOW = WINDOWS_S.index(86_400)
"""Peaks fade with a time constant of 24 h."""
TABLES = (("counts", slice(None)), ("quick_counts", QUICK), ("slow_counts", SLOW))
"""Fields of the head that hold counters, and the windows of each."""


class Pairs(NamedTuple):
    """Counters to raise: row numbers and the counter of each, every pair once."""

    rows: Ints
    counters: Ints


def growth(ts_ms: npt.NDArray[np.int64], mark_s: np.ndarray) -> npt.NDArray[np.float32]:
    """What an event at `ts_ms` adds to a counter of each window, shape (n, windows)."""
    ahead_s = ts_ms / 1000.0 - mark_s
    grown: npt.NDArray[np.float32] = np.exp(ahead_s[:, None] / WINDOWS).astype(np.float32)
    return grown


def worth(now_ms: npt.NDArray[np.int64], mark_s: np.ndarray, window: int) -> npt.NDArray[np.float64]:
    """What the unit of a counter of this window is worth at `now_ms`, shape (n,)."""
    return np.exp((mark_s - now_ms / 1000.0) / WINDOWS_S[window])


def move_marks(head: np.ndarray, h: np.ndarray, slots: Ints, ts_ms: npt.NDArray[np.int64]) -> None:
    """Move marks up to `ts_ms` where they lie too far back; `h` are the hot heads of `slots`, changed in place."""
    seconds = (ts_ms // 1000).astype(np.int64)
    fresh = h["mark_s"] == 0
    if fresh.any():
        h["mark_s"] = np.where(fresh, seconds, h["mark_s"])
    far = np.flatnonzero(seconds - h["mark_s"] > MOST_AHEAD_S)
    if not len(far):
        return
    faded = np.exp((h["mark_s"][far] - seconds[far]).astype(np.float64)[:, None] / WINDOWS).astype(np.float32)
    for name, windows in TABLES:
        head[name][slots[far]] *= faded[:, None, windows]
    for name in ("text_peak", "host_peak"):
        h[name][far] *= faded[:, PEAK_WINDOW]
    h["mark_s"][far] = seconds[far]


def raise_counters(cells: np.ndarray, slots: Ints, at: Pairs, grown: npt.NDArray[np.float32]) -> None:
    """Add what is grown, (n, windows of `cells`), to the counters of each row; `cells` is a field of the whole head."""
    if len(at.rows):
        where = slots[at.rows], at.counters
        cells[where] += grown[at.rows]


def raise_peak(peaks: np.ndarray, scores: np.ndarray, grown: npt.NDArray[np.float32]) -> None:
    """Bring peaks up to date with quantised scores of rows; a score against a scam leaves them alone."""
    high = np.flatnonzero(scores > NEUTRAL)
    if len(high):
        peaks[high] = np.maximum(peaks[high], from_codes(scores[high]) * grown[high, PEAK_WINDOW])
