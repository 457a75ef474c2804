"""What is remembered of one subject, in plain Python: dicts, lists and single numbers.

Written from the documentation of the record, not from the product's functions; only the
numbering of kinds, flags and counters is shared. Counters are float32, as they are stored.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from fraud_guard.memory.layout import Seen
from fraud_guard.tags.kinds import Category, Flag, Kind
from tests.reference.contacts import Contacts
from tests.reference.tallies import (
    APP_KINDS,
    CALL_KINDS,
    HOST_KINDS,
    RISKY,
    SHARE,
    SPOKEN_S,
    Row,
    counted,
    is_risky_call,
    is_significant,
    noticed_during_call,
    shown,
)  # fmt: skip

__all__ = ["RISKY", "Call", "Event", "Record", "Row", "apply", "is_significant", "put_in_ring"]

WINDOWS_S = {"10m": 600, "1h": 3_600, "24h": 86_400, "7d": 604_800, "30d": 2_592_000, "90d": 7_776_000}
DAY_MS = 86_400_000
EXPIRE_MS = 90 * DAY_MS
RING = 64
CALL_LASTS_MS = 4 * 3_600_000
LONG_S = 600
TALKED_S = 180
TRUSTED_S = 60
MARK_MOVES_AFTER_S = 24_000


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
    reputation: float = 0.0
    otps: int = 0
    bank_sms: int = 0
    lures: int = 0
    shares: int = 0
    banks: int = 0
    loans: int = 0
    installs: int = 0
    other_visits: int = 0

    def is_up(self, now_ms: int) -> bool:
        return self.id != 0 and now_ms - self.start_ms < CALL_LASTS_MS

    def is_risky(self) -> bool:
        return bool(self.flags & RISKY) and not self.flags & Flag.OUTGOING


@dataclass
class LastCall:
    """The last call that was talked on."""

    end_s: int = 0
    seconds: int = 0
    risky: bool = False
    first_contact: bool = False
    otps: int = 0
    shares: int = 0
    banks: int = 0
    lures: int = 0


@dataclass
class Record:
    """Everything about one subject but the evidence. `counts` by counter and window, relative to `mark_s`."""

    first_ms: int = 0
    last_ms: int = 0
    mark_s: int = 0
    counts: dict[tuple[str, str], np.float32] = field(default_factory=dict)
    peaks: dict[str, np.float32] = field(default_factory=dict)
    seen_s: dict[int, int] = field(default_factory=dict)
    ring: list[Event] = field(default_factory=list)
    call: Call = field(default_factory=Call)
    last_call: LastCall = field(default_factory=LastCall)
    contacts: Contacts = field(default_factory=Contacts)
    lures: int = 0
    area: int = 0
    age: int = 0
    household: int = 0
    forwarded: bool = False
    victim: bool = False
    alerts: int = 0
    overflow: int = 0


def apply(record: Record, row: Row) -> None:
    """Bring the record up to date with one tag; `row["flags"]` gains what only the record tells."""
    _renew(record, row["ts_ms"])
    _meet(record, row)
    row["spoken_s"] = _talked_s(record.call, row)
    _follow_call(record, row)
    _meet_again(record, row)
    if row["kind"] == Kind.APP_INSTALL and 0 <= row["ts_ms"] // 1000 - record.seen_s.get(Seen.SIDELOAD, -1) <= 3_600:
        row["flags"] |= Flag.SIDELOADED if Seen.SIDELOAD in record.seen_s else 0
    _count(record, row)
    call = record.call
    busy = call.is_up(row["ts_ms"]) and row["ts_ms"] >= call.start_ms
    for seen in shown(row, on_risky_call=busy and call.is_risky()):
        record.seen_s[seen] = max(record.seen_s.get(seen, 0), row["ts_ms"] // 1000)
    for name in noticed_during_call(row) if busy else ():
        setattr(call, name, min(getattr(call, name) + 1, 255))
    record.lures |= row["lures"]
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


def _call_key(row: Row) -> int:
    return int(row["call"] or max(row["peer"], 1))


def _talked_s(call: Call, row: Row) -> int:
    """How long the call was that a row ends; 0 for other rows."""
    if row["kind"] != Kind.CALL_END:
        return 0
    own = call.id == _call_key(row) and call.answer_ms
    return int(row["value"] if row["value"] > 0 else (row["ts_ms"] - call.answer_ms) // 1000 if own else 0)


def _meet(record: Record, row: Row) -> None:
    """Is the peer known, is the host new? All phases of a call say what its first one said."""
    kind, call = row["kind"], record.call
    if kind in (*CALL_KINDS, Kind.SMS) and row["peer"] and not row["flags"] & Flag.NO_PEER:
        same = kind in CALL_KINDS and call.id == _call_key(row)
        trusted = bool(row["flags"] & Flag.OUTGOING) and _talked_s(call, row) >= TRUSTED_S
        known = record.contacts.meet(row["peer"], is_contact=not same, trusted=trusted)
        if call.flags & Flag.FIRST_CONTACT if same else not known:
            row["flags"] |= Flag.FIRST_CONTACT
    if kind in HOST_KINDS and row["peer"] and not record.contacts.visit(row["peer"]):
        row["flags"] |= Flag.NEW_HOST


def _meet_again(record: Record, row: Row) -> None:
    """Somebody known by now whose first contact is in the ring and at most two days old."""
    asked = row["kind"] == Kind.SMS or row["spoken_s"] >= SPOKEN_S
    if asked and row["peer"] and not row["flags"] & (Flag.FIRST_CONTACT | Flag.SHORT_CODE | Flag.NO_PEER):
        met_ms = [e.ts_ms for e in record.ring if e.peer == row["peer"] & 0xFFFF and e.flags & Flag.FIRST_CONTACT]
        if any(ts_ms >= row["ts_ms"] - 2 * DAY_MS for ts_ms in met_ms):
            row["flags"] |= Flag.NEW_PEER


def _follow_call(record: Record, row: Row) -> None:
    kind, ts_ms, call = row["kind"], row["ts_ms"], record.call
    if kind not in CALL_KINDS:
        return
    key, seconds = _call_key(row), _talked_s(call, row)
    same = call.id == key
    if kind != Kind.CALL_END and not same and _begins(call, row):
        begun = Call(key, row["peer"], ts_ms, flags=row["flags"], reputation=row["reputation"])
        call.__dict__.update(begun.__dict__)
        same = True
    elif same:
        call.flags |= row["flags"]
    if kind == Kind.CALL_ANSWER and same:
        call.answer_ms = ts_ms
    if kind == Kind.CALL_END:
        row["flags"] |= (Flag.LONG if seconds >= LONG_S else 0) | (Flag.TALKED if seconds >= TALKED_S else 0)
        _end_call(record, row, seconds, same=same)


def _end_call(record: Record, row: Row, seconds: int, *, same: bool) -> None:
    call, ts_ms = record.call, row["ts_ms"]
    if seconds > 0 and ts_ms // 1000 >= record.last_call.end_s and (same or row["value"] > 0):
        flags = call.flags if same else row["flags"]
        incoming = not flags & Flag.OUTGOING
        last = LastCall(ts_ms // 1000, seconds, incoming and bool(flags & RISKY), incoming and bool(flags & Flag.FIRST_CONTACT))
        counts = call.__dict__ if same else _fell_into(record.ring, ts_ms - seconds * 1000, ts_ms)
        for name in ("otps", "shares", "banks", "lures"):
            setattr(last, name, min(counts[name], 255))
        record.last_call = last
    if same:
        call.id, call.due_ms, call.answer_ms = 0, 0, ts_ms
    elif not call.id:
        call.answer_ms = max(call.answer_ms, ts_ms)


def _fell_into(ring: list[Event], begun_ms: int, ended_ms: int) -> dict[str, int]:
    events = [e for e in ring if begun_ms <= e.ts_ms <= ended_ms]
    apps = [e.category for e in events if e.kind in APP_KINDS]
    texts = [e.flags for e in events if e.kind == Kind.SMS]
    return {
        "otps": sum(bool(flags & Flag.OTP) for flags in texts),
        "lures": sum(bool(flags & Flag.LURE) for flags in texts),
        "shares": sum(category in SHARE for category in apps),
        "banks": sum(category == Category.BANK for category in apps),
    }


def _begins(call: Call, row: Row) -> bool:
    """A call ended later than this phase is over; nothing but a risky call displaces a risky call."""
    if row["ts_ms"] < call.start_ms or (not call.id and row["ts_ms"] < call.answer_ms):
        return False
    return not call.is_up(row["ts_ms"]) or not call.flags & RISKY or is_risky_call(row)


def _count(record: Record, row: Row) -> None:
    """A counter is the sum of exp((t - mark) / window); the mark moves up when it lies far back."""
    seconds = row["ts_ms"] // 1000
    record.mark_s = record.mark_s or seconds
    if seconds - record.mark_s > MARK_MOVES_AFTER_S:
        faded = {w: np.float32(np.exp((record.mark_s - seconds) / span_s)) for w, span_s in WINDOWS_S.items()}
        record.counts = {key: value * faded[key[1]] for key, value in record.counts.items()}
        record.peaks = {name: value * faded["24h"] for name, value in record.peaks.items()}
        record.mark_s = seconds
    grown = {w: np.float32(np.exp((row["ts_ms"] / 1000 - record.mark_s) / s)) for w, s in WINDOWS_S.items()}
    for count in counted(row):
        for window, value in grown.items():
            record.counts[count, window] = record.counts.get((count, window), np.float32(0)) + value
    for name in ("text", "host"):
        score = row[f"{name}_score"]
        if score > 128:
            peak = np.float32((score - 128) / 8) * grown["24h"]
            record.peaks[name] = max(record.peaks.get(name, np.float32(0)), peak)
