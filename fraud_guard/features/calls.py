"""The call in progress and the last call, from phases that come in whatever order, or from ends alone.

Arrays have one element a row; `h` are hot heads (dtype HOT), changed in place; rows are phases of calls.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fraud_guard.features.facts import RISKY
from fraud_guard.memory import packed, ring
from fraud_guard.memory.layout import DURING_CALL, LAST_CALL
from fraud_guard.tags.kinds import LONG_CALL_S, TALKED_S, Category, Flag, Kind

Mask = npt.NDArray[np.bool_]
Rows = np.ndarray
IN_CALL_MAX_MS = 4 * 3_600_000
"""A call without an end is taken as over after 4 h."""
_ANSWER, _END, _SMS, _INSTALL, _ACTIVE = (
    int(k) for k in (Kind.CALL_ANSWER, Kind.CALL_END, Kind.SMS, Kind.APP_INSTALL, Kind.APP_ACTIVE)
)  # NumPy is slow to understand an IntEnum
_MEETING, _REMOTE, _BANK = (int(c) for c in (Category.MEETING, Category.REMOTE_CONTROL, Category.BANK))
_NONE = np.uint32(0)
_OUTGOING, _LONG, _TALKED, _FIRST_CONTACT = (
    np.uint32(f) for f in (Flag.OUTGOING, Flag.LONG, Flag.TALKED, Flag.FIRST_CONTACT)
)


class Phases(NamedTuple):
    """Rows against the call in progress: its key, whether it is that call, how long an ending call was talked on (s)."""

    key: npt.NDArray[np.uint64]
    same: Mask
    seconds: npt.NDArray[np.int64]


def phases_of(h: Rows, rows: Rows) -> Phases:
    """What the rows are, before they are followed."""
    key = call_key(rows)
    same = (h["call"] == key) & (h["call"] != 0)
    ends = rows["kind"] == _END
    talked = np.where(same & (h["call_answer_ms"] > 0), (rows["ts_ms"] - h["call_answer_ms"]) // 1000, 0)
    return Phases(key, same, np.where(ends, np.where(rows["value"] > 0, rows["value"], talked), 0))


def call_key(rows: Rows) -> npt.NDArray[np.uint64]:
    """What joins the phases of a call: its id, else its peer; never 0."""
    return np.where(rows["call"] != 0, rows["call"], np.maximum(rows["peer"], 1))


def in_call(h: Rows, now_ms: npt.NDArray[np.int64]) -> Mask:
    """Whether a call is in progress at `now_ms`."""
    mask: Mask = (h["call"] != 0) & (now_ms - h["call_start_ms"] < IN_CALL_MAX_MS)
    return mask


def is_risky(flags: np.ndarray) -> Mask:
    """Whether a call with these flags came from an overseas, virtual, irregular or marked number."""
    mask: Mask = ((flags & RISKY) != 0) & ((flags & _OUTGOING) == 0)
    return mask


def follow(h: Rows, rows: Rows, phases: Phases) -> None:
    """Follow the call in progress. `rows["flags"]` gains LONG and TALKED where the length is now known."""
    kind, ts_ms, flags = rows["kind"], rows["ts_ms"], rows["flags"]
    key, same, seconds = phases
    over = (h["call"] == 0) & (ts_ms < h["call_answer_ms"])  # a phase of a call that has ended already
    free = ~in_call(h, ts_ms) | ((h["call_flags"] & RISKY) == 0) | is_risky(flags)  # nothing displaces a risky call
    ends = kind == _END
    begins = np.flatnonzero(~ends & ~same & ~over & free & (ts_ms >= h["call_start_ms"]))
    for name, value in (("call", key), ("call_peer", rows["peer"] & np.uint64(0xFFFF_FFFF)), ("call_start_ms", ts_ms),
                        ("call_flags", flags), ("call_reputation", rows["reputation"])):  # fmt: skip
        h[name][begins] = value[begins]
    for name in ("call_answer_ms", "call_due_ms", *DURING_CALL):
        h[name][begins] = 0
    h["call_flags"] |= np.where(same, flags, _NONE)
    known = same.copy()
    known[begins] = True
    answered = np.flatnonzero(known & (kind == _ANSWER))
    h["call_answer_ms"][answered] = ts_ms[answered]
    rows["flags"] = (
        flags | np.where(seconds >= LONG_CALL_S, _LONG, _NONE) | np.where(seconds >= TALKED_S, _TALKED, _NONE)
    )
    _end(h, rows, np.flatnonzero(ends & same), np.flatnonzero(ends & (h["call"] == 0)), seconds)


def _end(h: Rows, rows: Rows, own: npt.NDArray[np.intp], stray: npt.NDArray[np.intp], seconds: np.ndarray) -> None:
    """End calls in progress; of a stray end the start may still be on the way."""
    _close(h, own, rows["ts_ms"], h["call_flags"], seconds, _counted_so_far(h))
    h["call_answer_ms"][own] = rows["ts_ms"][own]
    for name in ("call", "call_due_ms"):
        h[name][own] = 0
    h["call_answer_ms"][stray] = np.maximum(h["call_answer_ms"][stray], rows["ts_ms"][stray])


def look_back(h: Rows, rows: Rows, phases: Phases, rings: np.ndarray, slots: npt.NDArray[np.intp]) -> None:
    """The last call, where only its end came: what fell into it is read from the ring (field of the memory)."""
    at = np.flatnonzero((rows["kind"] == _END) & ~phases.same & (rows["value"] > 0))
    if len(at):
        begun_ms = rows["ts_ms"] - rows["value"].astype(np.int64) * 1000
        events = ring.unroll(packed.gather(rings, slots[at]), packed.gather(h, at))
        counts = np.zeros((len(LAST_CALL), len(h)), np.int64)
        counts[:, at] = _within(events, begun_ms[at], rows["ts_ms"][at])
        _close(h, at, rows["ts_ms"], rows["flags"], phases.seconds, counts)


def _counted_so_far(h: Rows) -> np.ndarray:
    """The counts of the call in progress, in the order of LAST_CALL, shape (4, n)."""
    return np.stack([h[name.removeprefix("last_")] for name in LAST_CALL])


def _within(events: np.ndarray, begun_ms: np.ndarray, ended_ms: np.ndarray) -> np.ndarray:
    """How many codes, lures, screen shares and bank apps each ring holds between two times, shape (4, n)."""
    when, flags = events["when"], events["flags"]
    ts_ms, kind = (when >> np.uint64(16)).astype(np.int64), when >> np.uint64(8) & np.uint64(0xFF)
    inside = (when > 0) & (ts_ms >= begun_ms[:, None]) & (ts_ms <= ended_ms[:, None])
    app = inside & ((kind == _INSTALL) | (kind == _ACTIVE))
    sms, category = inside & (kind == _SMS), when & np.uint64(0xFF)
    facts = (
        sms & ((flags & np.uint32(Flag.OTP)) != 0),
        sms & ((flags & np.uint32(Flag.LURE)) != 0),
        app & ((category == _MEETING) | (category == _REMOTE)),
        app & (category == _BANK),
    )
    return np.stack([np.minimum(fact.sum(axis=1), 255) for fact in facts])


def _close(
    h: Rows, at: npt.NDArray[np.intp], ts_ms: np.ndarray, flags: np.ndarray, seconds: np.ndarray, counts: np.ndarray
) -> None:
    """Make the calls of the rows `at` the last call, if they were talked on and are not older."""
    end_s = ts_ms // 1000
    at = at[(seconds[at] > 0) & (end_s[at] >= h["last_call_end_s"][at])]
    if not len(at):
        return
    h["last_call_end_s"][at], h["last_call_s"][at] = end_s[at], seconds[at]
    h["last_call_risky"][at] = is_risky(flags[at])
    h["last_call_first"][at] = ((flags[at] & _FIRST_CONTACT) != 0) & ((flags[at] & _OUTGOING) == 0)
    for name, count in zip(LAST_CALL, counts, strict=True):
        h[name][at] = count[at]
