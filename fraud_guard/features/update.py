"""Apply tags to records: one tag a subject at a time, all subjects of a round at once.

Arrays have one element a row; `h` is the gathered head (dtype HEAD), changed in place.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fraud_guard.memory.layout import EXPIRE_S, HEAD, WINDOWS_S, Count, Seen
from fraud_guard.tags.kinds import LONG_CALL_S, Category, Flag, Kind

Mask = npt.NDArray[np.bool_]
Rows = np.ndarray

RISKY = np.uint32(Flag.OVERSEAS | Flag.VIRTUAL | Flag.IRREGULAR | Flag.MARKED)
"""An incoming call with one of these flags is risky."""
_KEPT_TEXT = np.uint32(Flag.OTP | Flag.BANK | Flag.LURE)
_APPS = np.array([Category.BANK, Category.MEETING, Category.REMOTE_CONTROL, Category.LOAN, Category.INVEST,
                  Category.DATING], np.uint8)  # fmt: skip
_WINDOWS = np.array(WINDOWS_S, np.float64)
IN_CALL_MAX_MS = 4 * 3_600_000
"""A call without an end is taken as over after 4 h."""


def has(rows: Rows, flag: int) -> Mask:
    """Rows with at least one of these flags."""
    mask: Mask = (rows["flags"] & np.uint32(flag)) != 0
    return mask


def is_risky_call(rows: Rows) -> Mask:
    """Incoming calls from overseas, virtual, irregular or marked numbers."""
    call: Mask = (rows["kind"] >= Kind.CALL_START) & (rows["kind"] <= Kind.CALL_END)
    return call & has(rows, int(RISKY)) & ~has(rows, Flag.OUTGOING)


def is_significant(rows: Rows) -> Mask:
    """Rows that go into the ring and have the rules looked at."""
    kind, category = rows["kind"], rows["category"]
    call = (kind >= Kind.CALL_START) & (kind <= Kind.CALL_END)
    significant: Mask = (
        (call & has(rows, int(RISKY) | Flag.LONG | Flag.FORWARDED | Flag.OFFICIAL))
        | ((kind == Kind.SMS) & has(rows, int(_KEPT_TEXT)))
        | ((kind == Kind.VISIT) & has(rows, Flag.SHORT_LINK | Flag.MARKED))
        | ((kind == Kind.DOWNLOAD) & has(rows, Flag.APK))
        | (kind == Kind.APP_INSTALL)
        | ((kind == Kind.APP_ACTIVE) & np.isin(category, _APPS))
        | (kind == Kind.TIMER)
    )
    return significant


def renew(h: Rows, ts_ms: npt.NDArray[np.int64]) -> None:
    """Forget what is older than 90 days; stamp records seen for the first time."""
    old = (h["last_ms"] > 0) & (ts_ms - h["last_ms"] > EXPIRE_S * 1000)
    for i in np.flatnonzero(old):
        blank = np.zeros((), HEAD)
        for name in ("token", "shard", "layout", "alerts", "victim"):
            blank[name] = h[name][i]
        h[i] = blank
    h["first_ms"] = np.where(h["first_ms"] == 0, ts_ms, h["first_ms"])


def apply(h: Rows, rows: Rows) -> None:
    """Bring heads up to date with one row each. `rows["flags"]` gains LONG for calls whose length is now known."""
    ts_ms = rows["ts_ms"]
    renew(h, ts_ms)
    apply_call(h, rows)
    _count(h, rows)
    _see(h, rows)
    _during_call(h, rows)
    known = has(rows, Flag.FORWARD_KNOWN) & (ts_ms >= h["last_ms"])
    h["forwarded"] = np.where(known, has(rows, Flag.FORWARDED), h["forwarded"])
    h["lures"] |= rows["lures"]
    newer = ts_ms >= h["last_ms"]
    for name in ("age", "household"):
        h[name] = np.where(newer & (rows[name] != 0), rows[name], h[name])
    observed = (rows["area"] > 0) | ((rows["area"] < 0) & (h["area"] <= 0))  # where somebody lives never hides where they are
    h["area"] = np.where(newer & observed, rows["area"], h["area"])
    h["last_ms"] = np.maximum(h["last_ms"], ts_ms)


def apply_call(h: Rows, rows: Rows) -> None:
    """Follow the call in progress through start, answer and end, in whatever order they come."""
    kind, ts_ms = rows["kind"], rows["ts_ms"]
    key = call_key(rows)
    over = (h["call"] == 0) & (ts_ms < h["call_answer_ms"])  # a phase of a call that has ended already
    same = (h["call"] == key) & (h["call"] != 0)
    free = ~in_call(h, ts_ms) | ((h["call_flags"] & RISKY) == 0) | is_risky_call(rows)  # nothing displaces a risky call
    begins = ((kind == Kind.CALL_START) | (kind == Kind.CALL_ANSWER)) & ~same & ~over & free & (ts_ms >= h["call_start_ms"])
    for name, value in (("call", key), ("call_peer", rows["peer"]), ("call_start_ms", ts_ms),
                        ("call_flags", rows["flags"])):  # fmt: skip
        h[name] = np.where(begins, value, h[name])
    h["call_flags"] |= np.where(same, rows["flags"], np.uint32(0))
    for name in ("call_answer_ms", "call_due_ms", "call_otps", "call_shares", "call_banks"):
        h[name][begins] = 0
    answered = (kind == Kind.CALL_ANSWER) & (same | begins)
    h["call_answer_ms"] = np.where(answered, ts_ms, h["call_answer_ms"])
    ends = (kind == Kind.CALL_END) & same
    talked_s = np.where(h["call_answer_ms"] > 0, (ts_ms - h["call_answer_ms"]) // 1000, 0)
    seconds = np.where(rows["value"] > 0, rows["value"], np.where(ends, talked_s, 0))
    long = (kind == Kind.CALL_END) & (seconds >= LONG_CALL_S)
    rows["flags"] |= np.where(long, np.uint32(Flag.LONG), np.uint32(0))
    stray = (kind == Kind.CALL_END) & (h["call"] == 0)  # its start may still be on the way
    h["call_answer_ms"] = np.where(ends, ts_ms, np.where(stray, np.maximum(h["call_answer_ms"], ts_ms), h["call_answer_ms"]))
    for name in ("call", "call_due_ms"):
        h[name][ends] = 0


def call_key(rows: Rows) -> npt.NDArray[np.uint64]:
    """What joins the phases of a call: its id, else its peer; never 0."""
    return np.where(rows["call"] != 0, rows["call"], np.maximum(rows["peer"], 1))


def in_call(h: Rows, now_ms: npt.NDArray[np.int64]) -> Mask:
    """Whether a call is in progress at `now_ms`."""
    mask: Mask = (h["call"] != 0) & (now_ms - h["call_start_ms"] < IN_CALL_MAX_MS)
    return mask


def _count(h: Rows, rows: Rows) -> None:
    ts_ms, last_ms = rows["ts_ms"], h["last_ms"]
    ahead_s = np.where(last_ms > 0, np.maximum(ts_ms - last_ms, 0), 0) / 1000.0
    behind_s = np.maximum(last_ms - ts_ms, 0) / 1000.0
    decay = np.exp(-ahead_s[:, None] / _WINDOWS).astype(np.float32)
    bump = np.exp(-behind_s[:, None] / _WINDOWS).astype(np.float32)
    h["counts"] *= decay[:, None, :]
    for column, which in _counted(rows):
        at = np.flatnonzero(which)
        if len(at):
            h["counts"][at, column] += bump[at]


def _counted(rows: Rows) -> list[tuple[int, Mask]]:
    kind, sms = rows["kind"], rows["kind"] == Kind.SMS
    return [
        (Count.CALL, kind == Kind.CALL_START),
        (Count.RISKY_CALL, is_risky_call(rows) & (kind == Kind.CALL_START)),
        (Count.LONG_CALL, (kind == Kind.CALL_END) & has(rows, Flag.LONG)),
        (Count.SMS, sms),
        (Count.OTP, sms & has(rows, Flag.OTP)),
        (Count.BANK_SMS, sms & has(rows, Flag.BANK)),
        (Count.LURE, sms & has(rows, Flag.LURE)),
        (Count.VISIT, kind == Kind.VISIT),
        (Count.OTHER_VISIT, (kind == Kind.VISIT) & ~has(rows, Flag.TOP_HOST)),
        (Count.SIDELOAD, has(rows, Flag.SIDELOADED)),
        (Count.INSTALL, kind == Kind.APP_INSTALL),
        (Count.MARKED, has(rows, Flag.MARKED)),
    ]


def _see(h: Rows, rows: Rows) -> None:
    seconds = (rows["ts_ms"] // 1000).astype(np.uint32)
    for column, which in _seen(rows):
        at = np.flatnonzero(which)
        if len(at):
            h["seen_s"][at, column] = np.maximum(h["seen_s"][at, column], seconds[at])


def _seen(rows: Rows) -> list[tuple[int, Mask]]:
    kind, category = rows["kind"], rows["category"]
    call = (kind >= Kind.CALL_START) & (kind <= Kind.CALL_END)
    risky, sms, app = is_risky_call(rows), kind == Kind.SMS, kind >= Kind.APP_INSTALL
    long = has(rows, Flag.LONG)
    return [
        (Seen.ANY_CALL, call),
        (Seen.RISKY_CALL, risky),
        (Seen.OVERSEAS_CALL, risky & has(rows, Flag.OVERSEAS)),
        (Seen.LONG_RISKY_CALL, risky & long),
        (Seen.OTP, sms & has(rows, Flag.OTP)),
        (Seen.BANK_SMS, sms & has(rows, Flag.BANK)),
        (Seen.LURE, sms & has(rows, Flag.LURE)),
        (Seen.LURE_LINK, sms & has(rows, Flag.LURE) & has(rows, Flag.LINK)),
        (Seen.SIDELOAD, has(rows, Flag.SIDELOADED)),
        (Seen.INSTALL, kind == Kind.APP_INSTALL),
        (Seen.SCREEN_SHARE, app & ((category == Category.MEETING) | (category == Category.REMOTE_CONTROL))),
        (Seen.BANK_APP, app & (category == Category.BANK)),
        (Seen.LOAN_APP, app & (category == Category.LOAN)),
        (Seen.INVEST_APP, app & (category == Category.INVEST)),
        (Seen.DATING_APP, app & (category == Category.DATING)),
        (Seen.IM_INSTALL, (kind == Kind.APP_INSTALL) & (category == Category.IM)),
        (Seen.SHORT_LINK, (kind == Kind.VISIT) & has(rows, Flag.SHORT_LINK)),
        (Seen.OTHER_VISIT, (kind == Kind.VISIT) & ~has(rows, Flag.TOP_HOST)),
        (Seen.OFFICIAL_CALL, call & has(rows, Flag.OFFICIAL)),
        (Seen.FORWARDED, call & has(rows, Flag.FORWARDED)),
        (Seen.MARKED, has(rows, Flag.MARKED)),
    ]


def _during_call(h: Rows, rows: Rows) -> None:
    busy = in_call(h, rows["ts_ms"]) & (rows["ts_ms"] >= h["call_start_ms"])
    kind, category = rows["kind"], rows["category"]
    app = kind >= Kind.APP_INSTALL
    share = app & ((category == Category.MEETING) | (category == Category.REMOTE_CONTROL))
    for name, which in (
        ("call_otps", (kind == Kind.SMS) & has(rows, Flag.OTP)),
        ("call_shares", share),
        ("call_banks", app & (category == Category.BANK)),
    ):
        h[name] = np.minimum(h[name].astype(np.int64) + (which & busy), 255)
