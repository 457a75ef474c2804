"""What is remembered of one subject, in plain Python: dicts, lists and single numbers.

Written from the documentation of the record, not from the product's functions; only the
numbering of kinds, flags and counters is shared. Counters are float32, as they are stored.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fraud_guard.memory.layout import Count, Seen
from fraud_guard.tags.kinds import Category, Flag, Kind

WINDOWS_S = {"10m": 600, "1h": 3_600, "24h": 86_400, "7d": 604_800, "30d": 2_592_000, "90d": 7_776_000}
DAY_MS = 86_400_000
EXPIRE_MS = 90 * DAY_MS
RING = 64
CALL_LASTS_MS = 4 * 3_600_000
LONG_S = 600
RISKY = Flag.OVERSEAS | Flag.VIRTUAL | Flag.IRREGULAR | Flag.MARKED
CALL_KINDS = (Kind.CALL_START, Kind.CALL_ANSWER, Kind.CALL_END)
APP_KINDS = (Kind.APP_INSTALL, Kind.APP_ACTIVE)
NOTED_APPS = (
    Category.BANK,
    Category.MEETING,
    Category.REMOTE_CONTROL,
    Category.LOAN,
    Category.INVEST,
    Category.DATING,
)

Row = dict[str, Any]


@dataclass
class Event:
    """A significant event as the ring keeps it."""

    ts_ms: int
    kind: int
    category: int
    flags: int
    peer: int
    position: int


@dataclass
class Call:
    """The call in progress, and when the last one ended."""

    id: int = 0
    peer: int = 0
    start_ms: int = 0
    answer_ms: int = 0
    due_ms: int = 0
    flags: int = 0
    otps: int = 0
    shares: int = 0
    banks: int = 0

    def is_up(self, now_ms: int) -> bool:
        return self.id != 0 and now_ms - self.start_ms < CALL_LASTS_MS


@dataclass
class Record:
    """Everything about one subject but the evidence."""

    first_ms: int = 0
    last_ms: int = 0
    counts: dict[tuple[int, str], np.float32] = field(default_factory=dict)
    seen_s: dict[int, int] = field(default_factory=dict)
    ring: list[Event] = field(default_factory=list)
    call: Call = field(default_factory=Call)
    area: int = 0
    age: int = 0
    household: int = 0
    forwarded: bool = False
    victim: bool = False
    alerts: int = 0
    overflow: int = 0


def is_risky_call(row: Row) -> bool:
    return row["kind"] in CALL_KINDS and bool(row["flags"] & RISKY) and not row["flags"] & Flag.OUTGOING


def is_significant(row: Row) -> bool:
    kind, flags = row["kind"], row["flags"]
    if kind in CALL_KINDS:
        return bool(flags & (RISKY | Flag.LONG | Flag.FORWARDED | Flag.OFFICIAL))
    if kind == Kind.SMS:
        return bool(flags & (Flag.OTP | Flag.BANK | Flag.LURE))
    if kind == Kind.VISIT:
        return bool(flags & (Flag.SHORT_LINK | Flag.MARKED))
    if kind == Kind.DOWNLOAD:
        return bool(flags & Flag.APK)
    if kind == Kind.APP_ACTIVE:
        return row["category"] in NOTED_APPS
    return kind in (Kind.APP_INSTALL, Kind.TIMER)


def apply(record: Record, row: Row) -> None:
    """Bring the record up to date with one tag; `row["flags"]` gains LONG at the end of a long call."""
    _renew(record, row["ts_ms"])
    _follow_call(record.call, row)
    _count(record, row)
    for seen in _seen(row):
        record.seen_s[seen] = max(record.seen_s.get(seen, 0), row["ts_ms"] // 1000)
    _notice_during_call(record.call, row)
    if row["ts_ms"] >= record.last_ms:
        if row["flags"] & Flag.FORWARD_KNOWN:
            record.forwarded = bool(row["flags"] & Flag.FORWARDED)
        for name in ("age", "household"):
            setattr(record, name, row[name] or getattr(record, name))
        if row["area"] > 0 or (row["area"] < 0 and record.area <= 0):
            record.area = row["area"]
    record.last_ms = max(record.last_ms, row["ts_ms"])


def put_in_ring(record: Record, event: Event) -> None:
    """Behind all events of the same or an earlier time; a full ring loses its oldest."""
    at = sum(1 for e in record.ring if e.ts_ms <= event.ts_ms)
    record.ring.insert(at, event)
    if len(record.ring) > RING:
        lost = record.ring.pop(0)
        if lost.ts_ms > record.ring[-1].ts_ms - DAY_MS:
            record.overflow = min(record.overflow + 1, 255)


def _renew(record: Record, ts_ms: int) -> None:
    if record.last_ms and ts_ms - record.last_ms > EXPIRE_MS:
        kept = Record(alerts=record.alerts, victim=record.victim)
        record.__dict__.update(kept.__dict__)
    record.first_ms = record.first_ms or ts_ms


def _follow_call(call: Call, row: Row) -> None:
    kind, ts_ms = row["kind"], row["ts_ms"]
    if kind not in (Kind.CALL_START, Kind.CALL_ANSWER, Kind.CALL_END):
        return
    key = row["call"] or max(row["peer"], 1)
    same = call.id == key
    if kind in (Kind.CALL_START, Kind.CALL_ANSWER) and not same and _begins(call, row):
        call.__dict__.update(Call(key, row["peer"], ts_ms, flags=row["flags"]).__dict__)
        same = True
    elif same:
        call.flags |= row["flags"]
    if kind == Kind.CALL_ANSWER and same:
        call.answer_ms = ts_ms
    if kind == Kind.CALL_END:
        talked_s = (ts_ms - call.answer_ms) // 1000 if same and call.answer_ms else 0
        if (row["value"] or talked_s) >= LONG_S:
            row["flags"] |= Flag.LONG
        if same:
            call.id, call.due_ms, call.answer_ms = 0, 0, ts_ms
        elif not call.id:
            call.answer_ms = max(call.answer_ms, ts_ms)


def _begins(call: Call, row: Row) -> bool:
    """A call ended later than this phase is over; nothing but a risky call displaces a risky call."""
    if row["ts_ms"] < call.start_ms or (not call.id and row["ts_ms"] < call.answer_ms):
        return False
    return not call.is_up(row["ts_ms"]) or not call.flags & RISKY or is_risky_call(row)


def _notice_during_call(call: Call, row: Row) -> None:
    if not call.is_up(row["ts_ms"]) or row["ts_ms"] < call.start_ms:
        return
    if row["kind"] == Kind.SMS and row["flags"] & Flag.OTP:
        call.otps = min(call.otps + 1, 255)
    if row["kind"] in APP_KINDS and row["category"] in (Category.MEETING, Category.REMOTE_CONTROL):
        call.shares = min(call.shares + 1, 255)
    if row["kind"] in APP_KINDS and row["category"] == Category.BANK:
        call.banks = min(call.banks + 1, 255)


def _count(record: Record, row: Row) -> None:
    """Counters fade with the subject's time; a late tag counts as much as is left of it."""
    ahead_s = max(row["ts_ms"] - record.last_ms, 0) / 1000 if record.last_ms else 0.0
    behind_s = max(record.last_ms - row["ts_ms"], 0) / 1000
    for key in record.counts:
        record.counts[key] *= np.float32(np.exp(-ahead_s / WINDOWS_S[key[1]]))
    for count in _counted(row):
        for window, span_s in WINDOWS_S.items():
            bump = np.float32(np.exp(-behind_s / span_s))
            record.counts[count, window] = record.counts.get((count, window), np.float32(0)) + bump


def _counted(row: Row) -> list[Count]:
    kind, flags = row["kind"], row["flags"]
    facts = {
        Count.CALL: kind == Kind.CALL_START,
        Count.RISKY_CALL: kind == Kind.CALL_START and is_risky_call(row),
        Count.LONG_CALL: kind == Kind.CALL_END and flags & Flag.LONG,
        Count.SMS: kind == Kind.SMS,
        Count.OTP: kind == Kind.SMS and flags & Flag.OTP,
        Count.BANK_SMS: kind == Kind.SMS and flags & Flag.BANK,
        Count.LURE: kind == Kind.SMS and flags & Flag.LURE,
        Count.VISIT: kind == Kind.VISIT,
        Count.OTHER_VISIT: kind == Kind.VISIT and not flags & Flag.TOP_HOST,
        Count.SIDELOAD: flags & Flag.SIDELOADED,
        Count.INSTALL: kind == Kind.APP_INSTALL,
        Count.MARKED: flags & Flag.MARKED,
    }
    return [count for count, fact in facts.items() if fact]


def _seen(row: Row) -> list[Seen]:
    kind, flags, category = row["kind"], row["flags"], row["category"]
    risky, sms, app, call = is_risky_call(row), kind == Kind.SMS, kind in APP_KINDS, kind in CALL_KINDS
    facts = {
        Seen.ANY_CALL: call,
        Seen.RISKY_CALL: risky,
        Seen.OVERSEAS_CALL: risky and flags & Flag.OVERSEAS,
        Seen.LONG_RISKY_CALL: risky and flags & Flag.LONG,
        Seen.OTP: sms and flags & Flag.OTP,
        Seen.BANK_SMS: sms and flags & Flag.BANK,
        Seen.LURE: sms and flags & Flag.LURE,
        Seen.LURE_LINK: sms and flags & Flag.LURE and flags & Flag.LINK,
        Seen.SIDELOAD: flags & Flag.SIDELOADED,
        Seen.INSTALL: kind == Kind.APP_INSTALL,
        Seen.SCREEN_SHARE: app and category in (Category.MEETING, Category.REMOTE_CONTROL),
        Seen.BANK_APP: app and category == Category.BANK,
        Seen.LOAN_APP: app and category == Category.LOAN,
        Seen.INVEST_APP: app and category == Category.INVEST,
        Seen.DATING_APP: app and category == Category.DATING,
        Seen.IM_INSTALL: kind == Kind.APP_INSTALL and category == Category.IM,
        Seen.SHORT_LINK: kind == Kind.VISIT and flags & Flag.SHORT_LINK,
        Seen.OTHER_VISIT: kind == Kind.VISIT and not flags & Flag.TOP_HOST,
        Seen.OFFICIAL_CALL: call and flags & Flag.OFFICIAL,
        Seen.FORWARDED: call and flags & Flag.FORWARDED,
        Seen.MARKED: flags & Flag.MARKED,
    }
    return [seen for seen, fact in facts.items() if fact]
