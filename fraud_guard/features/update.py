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
_KEPT_TEXT = int(Flag.OTP | Flag.BANK | Flag.LURE)
_RISKY, _OUTGOING, _LONG, _OTP, _LURE = int(RISKY), int(Flag.OUTGOING), int(Flag.LONG), int(Flag.OTP), int(Flag.LURE)
_BANK_TEXT, _LINK, _TOP_HOST, _SIDELOADED = int(Flag.BANK), int(Flag.LINK), int(Flag.TOP_HOST), int(Flag.SIDELOADED)
_MARKED, _OVERSEAS, _SHORT_LINK, _OFFICIAL = int(Flag.MARKED), int(Flag.OVERSEAS), int(Flag.SHORT_LINK), int(Flag.OFFICIAL)
_FORWARDED, _FORWARD_KNOWN, _APK = int(Flag.FORWARDED), int(Flag.FORWARD_KNOWN), int(Flag.APK)
_NOTED_CALL, _NOTED_VISIT = _RISKY | _LONG | _FORWARDED | _OFFICIAL, _SHORT_LINK | _MARKED
_BANK_APP, _LOAN_APP, _INVEST_APP, _DATING_APP, _IM_APP = (
    int(c) for c in (Category.BANK, Category.LOAN, Category.INVEST, Category.DATING, Category.IM)
)
_START, _ANSWER, _END, _SMS, _VISIT, _DOWNLOAD, _INSTALL, _ACTIVE, _TIMER = (
    int(k) for k in (Kind.CALL_START, Kind.CALL_ANSWER, Kind.CALL_END, Kind.SMS, Kind.VISIT, Kind.DOWNLOAD,
                     Kind.APP_INSTALL, Kind.APP_ACTIVE, Kind.TIMER)
)  # fmt: skip


def _categories(*wanted: Category) -> Mask:
    """A table that says of every category code whether it is one of these."""
    table = np.zeros(256, np.bool_)
    table[list(wanted)] = True
    return table


_SCREEN_SHARE = _categories(Category.MEETING, Category.REMOTE_CONTROL)
_WATCHED_APP = _SCREEN_SHARE | _categories(Category.BANK, Category.LOAN, Category.INVEST, Category.DATING)
_WINDOWS = np.array(WINDOWS_S, np.float64)
IN_CALL_MAX_MS = 4 * 3_600_000
"""A call without an end is taken as over after 4 h."""


def has(rows: Rows, flag: int) -> Mask:
    """Rows with at least one of these flags."""
    mask: Mask = (rows["flags"] & np.uint32(flag)) != 0
    return mask


class Marks:
    """What the rows of a round are, each mask worked out once. Their flags must not change meanwhile."""

    def __init__(self, rows: Rows) -> None:
        self.kind, self.category = np.ascontiguousarray(rows["kind"]), np.ascontiguousarray(rows["category"])
        self.flags = np.ascontiguousarray(rows["flags"])
        self.call: Mask = (self.kind >= _START) & (self.kind <= _END)
        self.sms: Mask = self.kind == _SMS
        self.visit: Mask = self.kind == _VISIT
        self.app: Mask = (self.kind == _INSTALL) | (self.kind == _ACTIVE)
        self._has: dict[int, Mask] = {}

    def has(self, flag: int) -> Mask:
        """Rows with at least one of these flags."""
        mask = self._has.get(flag)
        if mask is None:
            mask = self._has[flag] = (self.flags & np.uint32(flag)) != 0
        return mask

    @property
    def risky_call(self) -> Mask:
        """Incoming calls from overseas, virtual, irregular or marked numbers."""
        return self.call & self.has(_RISKY) & ~self.has(_OUTGOING)


def is_risky_call(rows: Rows) -> Mask:
    """Incoming calls from overseas, virtual, irregular or marked numbers."""
    return Marks(rows).risky_call


def is_significant(rows: Rows) -> Mask:
    """Rows that go into the ring and have the rules looked at."""
    marks = Marks(rows)
    significant: Mask = (
        (marks.call & marks.has(_NOTED_CALL))
        | (marks.sms & marks.has(_KEPT_TEXT))
        | (marks.visit & marks.has(_NOTED_VISIT))
        | ((marks.kind == _DOWNLOAD) & marks.has(_APK))
        | (marks.kind == _INSTALL)
        | ((marks.kind == _ACTIVE) & _WATCHED_APP[marks.category])
        | (marks.kind == _TIMER)
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
    calls = np.flatnonzero((rows["kind"] >= _START) & (rows["kind"] <= _END))
    if len(calls):
        some, with_calls = rows[calls], h[calls]
        apply_call(with_calls, some)
        rows["flags"][calls], h[calls] = some["flags"], with_calls
    marks = Marks(rows)
    _count(h, rows, marks)
    _see(h, rows, marks)
    _during_call(h, rows, marks)
    known = marks.has(_FORWARD_KNOWN) & (ts_ms >= h["last_ms"])
    h["forwarded"] = np.where(known, marks.has(_FORWARDED), h["forwarded"])
    h["lures"] |= rows["lures"]
    newer = ts_ms >= h["last_ms"]
    for name in ("age", "household"):
        h[name] = np.where(newer & (rows[name] != 0), rows[name], h[name])
    observed = (rows["area"] > 0) | ((rows["area"] < 0) & (h["area"] <= 0))  # where somebody lives never hides where they are
    h["area"] = np.where(newer & observed, rows["area"], h["area"])
    h["last_ms"] = np.maximum(h["last_ms"], ts_ms)


def apply_call(h: Rows, rows: Rows) -> None:
    """Follow the call in progress through start, answer and end, in whatever order they come. Rows are phases of calls."""
    kind, ts_ms = rows["kind"], rows["ts_ms"]
    key = call_key(rows)
    over = (h["call"] == 0) & (ts_ms < h["call_answer_ms"])  # a phase of a call that has ended already
    same = (h["call"] == key) & (h["call"] != 0)
    free = ~in_call(h, ts_ms) | ((h["call_flags"] & RISKY) == 0) | is_risky_call(rows)  # nothing displaces a risky call
    begins = ((kind == _START) | (kind == _ANSWER)) & ~same & ~over & free & (ts_ms >= h["call_start_ms"])
    for name, value in (("call", key), ("call_peer", rows["peer"]), ("call_start_ms", ts_ms),
                        ("call_flags", rows["flags"])):  # fmt: skip
        h[name] = np.where(begins, value, h[name])
    h["call_flags"] |= np.where(same, rows["flags"], np.uint32(0))
    for name in ("call_answer_ms", "call_due_ms", "call_otps", "call_shares", "call_banks"):
        h[name][begins] = 0
    answered = (kind == _ANSWER) & (same | begins)
    h["call_answer_ms"] = np.where(answered, ts_ms, h["call_answer_ms"])
    ends = (kind == _END) & same
    talked_s = np.where(h["call_answer_ms"] > 0, (ts_ms - h["call_answer_ms"]) // 1000, 0)
    seconds = np.where(rows["value"] > 0, rows["value"], np.where(ends, talked_s, 0))
    long = (kind == _END) & (seconds >= LONG_CALL_S)
    rows["flags"] |= np.where(long, np.uint32(_LONG), np.uint32(0))
    stray = (kind == _END) & (h["call"] == 0)  # its start may still be on the way
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


def _count(h: Rows, rows: Rows, marks: Marks) -> None:
    ts_ms, last_ms = rows["ts_ms"], h["last_ms"]
    ahead_s = np.where(last_ms > 0, np.maximum(ts_ms - last_ms, 0), 0) / 1000.0
    behind_s = np.maximum(last_ms - ts_ms, 0) / 1000.0
    decay = np.exp(-ahead_s[:, None] / _WINDOWS).astype(np.float32)
    bump = np.exp(-behind_s[:, None] / _WINDOWS).astype(np.float32)
    h["counts"] *= decay[:, None, :]
    for column, which in _counted(marks):
        at = np.flatnonzero(which)
        if len(at):
            h["counts"][at, column] += bump[at]


def _counted(m: Marks) -> list[tuple[int, Mask]]:
    return [
        (Count.CALL, m.kind == _START),
        (Count.RISKY_CALL, m.risky_call & (m.kind == _START)),
        (Count.LONG_CALL, (m.kind == _END) & m.has(_LONG)),
        (Count.SMS, m.sms),
        (Count.OTP, m.sms & m.has(_OTP)),
        (Count.BANK_SMS, m.sms & m.has(_BANK_TEXT)),
        (Count.LURE, m.sms & m.has(_LURE)),
        (Count.VISIT, m.visit),
        (Count.OTHER_VISIT, m.visit & ~m.has(_TOP_HOST)),
        (Count.SIDELOAD, m.has(_SIDELOADED)),
        (Count.INSTALL, m.kind == _INSTALL),
        (Count.MARKED, m.has(_MARKED)),
    ]


def _see(h: Rows, rows: Rows, marks: Marks) -> None:
    seconds = (rows["ts_ms"] // 1000).astype(np.uint32)
    for column, which in _seen(marks):
        at = np.flatnonzero(which)
        if len(at):
            h["seen_s"][at, column] = np.maximum(h["seen_s"][at, column], seconds[at])


def _seen(m: Marks) -> list[tuple[int, Mask]]:
    risky, category = m.risky_call, m.category
    return [
        (Seen.ANY_CALL, m.call),
        (Seen.RISKY_CALL, risky),
        (Seen.OVERSEAS_CALL, risky & m.has(_OVERSEAS)),
        (Seen.LONG_RISKY_CALL, risky & m.has(_LONG)),
        (Seen.OTP, m.sms & m.has(_OTP)),
        (Seen.BANK_SMS, m.sms & m.has(_BANK_TEXT)),
        (Seen.LURE, m.sms & m.has(_LURE)),
        (Seen.LURE_LINK, m.sms & m.has(_LURE) & m.has(_LINK)),
        (Seen.SIDELOAD, m.has(_SIDELOADED)),
        (Seen.INSTALL, m.kind == _INSTALL),
        (Seen.SCREEN_SHARE, m.app & _SCREEN_SHARE[category]),
        (Seen.BANK_APP, m.app & (category == _BANK_APP)),
        (Seen.LOAN_APP, m.app & (category == _LOAN_APP)),
        (Seen.INVEST_APP, m.app & (category == _INVEST_APP)),
        (Seen.DATING_APP, m.app & (category == _DATING_APP)),
        (Seen.IM_INSTALL, (m.kind == _INSTALL) & (category == _IM_APP)),
        (Seen.SHORT_LINK, m.visit & m.has(_SHORT_LINK)),
        (Seen.OTHER_VISIT, m.visit & ~m.has(_TOP_HOST)),
        (Seen.OFFICIAL_CALL, m.call & m.has(_OFFICIAL)),
        (Seen.FORWARDED, m.call & m.has(_FORWARDED)),
        (Seen.MARKED, m.has(_MARKED)),
    ]


def _during_call(h: Rows, rows: Rows, marks: Marks) -> None:
    busy = in_call(h, rows["ts_ms"]) & (rows["ts_ms"] >= h["call_start_ms"])
    if not busy.any():
        return
    for name, which in (
        ("call_otps", marks.sms & marks.has(_OTP)),
        ("call_shares", marks.app & _SCREEN_SHARE[marks.category]),
        ("call_banks", marks.app & (marks.category == _BANK_APP)),
    ):
        h[name] = np.minimum(h[name].astype(np.int64) + (which & busy), 255)
