"""Apply tags to records: one tag a subject at a time, all subjects of a round at once.

Arrays have one element a row. `head` is the whole head of the memory; `h` are the hot
parts of the round's subjects, gathered, changed here and written back by the caller.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fraud_guard.features import calls, contacts, decay
from fraud_guard.features.facts import ON_CALL, ON_RISKY_CALL, RISKY, SPOKEN, Codes, Facts, Table, keys_of
from fraud_guard.memory import packed
from fraud_guard.memory.layout import DURING_CALL, EXPIRE_S, HEAD, HOT, Seen, hot
from fraud_guard.tags.kinds import Flag, Kind, Lure

__all__ = ["RISKY", "Round", "apply", "renew"]

Mask = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.intp]
Rows = np.ndarray
SIDELOADED_FOR_S = 3_600
"""An app installed within this time after a sideload is taken for what was loaded."""
_FACTS = Facts()
_START, _SMS, _VISIT, _DOWNLOAD, _INSTALL = (
    int(k) for k in (Kind.CALL_START, Kind.SMS, Kind.VISIT, Kind.DOWNLOAD, Kind.APP_INSTALL)
)  # NumPy is slow to understand an IntEnum
_SIDELOAD = int(Seen.SIDELOAD)
_FORWARD_KNOWN, _FORWARDED, _SIDELOADED = (
    np.uint32(f) for f in (Flag.FORWARD_KNOWN, Flag.FORWARDED, Flag.SIDELOADED)
)
_LURES = (
    (Seen.LURE_POLICE, Lure.POLICE),
    (Seen.LURE_CUSTOMER_SERVICE, Lure.CUSTOMER_SERVICE),
    (Seen.LURE_BRUSHING, Lure.BRUSHING),
    (Seen.LURE_INVESTMENT, Lure.INVESTMENT),
    (Seen.LURE_LOAN, Lure.LOAN),
    (Seen.LURE_CREDIT_RECORD, Lure.CREDIT_RECORD),
    (Seen.LURE_PHISHING, Lure.PHISHING),
    (Seen.LURE_BOSS, Lure.BOSS | Lure.RELATIVE),
    (Seen.LURE_ROMANCE, Lure.ROMANCE | Lure.DATING),
    (Seen.LURE_EXTORTION, Lure.EXTORTION),
)
_LURE_COLUMNS = np.array([seen for seen, _ in _LURES])
_LURE_BITS = np.array([lure for _, lure in _LURES], np.uint32)
_DURING_CALL = slice(HOT.fields[DURING_CALL[0]][1], HOT.fields[DURING_CALL[-1]][1] + 1)  # type: ignore[index]


class Round(NamedTuple):
    """What a round made: hot heads to be written back, and which rows the rules must look at."""

    h: Rows
    significant: Mask


def apply(head: Rows, rings: Rows, slots: Ints, rows: Rows) -> Round:
    """Bring the records of `slots` (distinct) up to date with one row each.

    `rows["flags"]` gains what only the record tells: FIRST_CONTACT, NEW_PEER, NEW_HOST, LONG, TALKED,
    SIDELOADED.
    """
    h, ts_ms, kind = packed.gather(hot(head), slots), rows["ts_ms"], np.ascontiguousarray(rows["kind"])
    renew(head, h, slots, ts_ms)
    spoken = _people(head, rings, h, slots, rows)
    _net(head, h, slots, rows)
    table, codes = _FACTS.look_up(keys_of(kind, rows["category"], rows["flags"], _state(h, ts_ms, spoken)))
    _count(head, h, slots, rows, table, codes)
    _see(head["seen_s"], slots, rows, table.seen[codes])
    _during_call(h, table.during_call[codes])
    _person(h, rows)
    return Round(h, table.significant[codes])


def renew(head: Rows, h: Rows, slots: Ints, ts_ms: npt.NDArray[np.int64]) -> None:
    """Forget what is older than 90 days; stamp records seen for the first time."""
    old = (h["last_ms"] > 0) & (ts_ms - h["last_ms"] > EXPIRE_S * 1000)
    for i in np.flatnonzero(old).tolist():
        blank = np.zeros((), HEAD)
        for name in ("token", "shard", "layout", "alerts", "victim"):
            blank[name] = h[name][i]
        head[slots[i]] = blank
        h[i] = hot(head)[slots[i]]
    fresh = h["first_ms"] == 0
    if fresh.any():
        h["first_ms"] = np.where(fresh, ts_ms, h["first_ms"])


def _people(head: Rows, rings: Rows, h: Rows, slots: Ints, rows: Rows) -> Ints:
    """Calls and texts: do the two know each other, and where is the call. Returns which rows end a call that was spoken on."""
    kind = rows["kind"]
    at = np.flatnonzero((kind >= _START) & (kind <= _SMS))
    if not len(at):
        return at
    some, own = packed.gather(rows, at), packed.gather(h, at)
    phone = np.flatnonzero(some["kind"] != _SMS)
    callers, phone_rows = packed.gather(own, phone), packed.gather(some, phone)
    phases = calls.phases_of(callers, phone_rows)
    same, seconds = np.zeros(len(at), np.bool_), np.zeros(len(at), np.int64)
    same[phone], seconds[phone] = phases.same, phases.seconds
    contacts.meet_peers(head, own, slots[at], some, same, seconds)
    if len(phone):
        phone_rows, callers = packed.gather(some, phone), packed.gather(own, phone)
        calls.follow(callers, phone_rows, phases)
        calls.look_back(callers, phone_rows, phases, rings, slots[at[phone]])
        some["flags"][phone] = phone_rows["flags"]
        packed.scatter(own, phone, callers)
    spoken = contacts.meet_again(rings, slots[at], some, seconds)
    rows["flags"][at] = some["flags"]
    packed.scatter(h, at, own)
    return at[spoken]


def _net(head: Rows, h: Rows, slots: Ints, rows: Rows) -> None:
    """Hosts: new to the subject? Installs: soon after a sideload?"""
    kind = rows["kind"]
    at = np.flatnonzero(((kind == _VISIT) | (kind == _DOWNLOAD)) & (rows["peer"] != 0))
    if len(at):
        some, own = packed.gather(rows, at), packed.gather(h, at)
        contacts.meet_hosts(head, own, slots[at], some)
        rows["flags"][at], h["hosts_size"][at] = some["flags"], own["hosts_size"]
    at = np.flatnonzero(kind == _INSTALL)
    if len(at):
        loaded_s = head["seen_s"][slots[at], _SIDELOAD].astype(np.int64)
        since_s = rows["ts_ms"][at] // 1000 - loaded_s
        soon = (loaded_s > 0) & (since_s >= 0) & (since_s <= SIDELOADED_FOR_S)
        rows["flags"][at] |= np.where(soon, _SIDELOADED, np.uint32(0))


def _state(h: Rows, ts_ms: npt.NDArray[np.int64], spoken: Ints) -> npt.NDArray[np.uint8]:
    busy = calls.in_call(h, ts_ms) & (ts_ms >= h["call_start_ms"])
    state = np.zeros(len(h), np.uint8)
    at = np.flatnonzero(busy)
    state[at] = np.where(calls.is_risky(h["call_flags"][at]), ON_CALL | ON_RISKY_CALL, ON_CALL)
    state[spoken] |= SPOKEN
    return state


def _count(head: Rows, h: Rows, slots: Ints, rows: Rows, table: Table, codes: Codes) -> None:
    decay.move_marks(head, h, slots, rows["ts_ms"])
    grown = decay.growth(rows["ts_ms"], h["mark_s"])
    for (name, windows), facts in zip(decay.TABLES, (table.counts, table.quick_counts, table.slow_counts), strict=True):
        decay.raise_counters(head[name], slots, decay.Pairs(*np.nonzero(facts[codes])), grown[:, windows])
    decay.raise_peak(h["text_peak"], rows["text_score"], grown)
    decay.raise_peak(h["host_peak"], rows["host_score"], grown)


def _see(seen_s: np.ndarray, slots: Ints, rows: Rows, facts: Mask) -> None:
    at, column = np.nonzero(facts)
    seconds = (rows["ts_ms"] // 1000).astype(np.uint32)
    where = slots[at], column
    seen_s[where] = np.maximum(seen_s[where], seconds[at])
    with_lures = np.flatnonzero(rows["lures"])
    if len(with_lures):
        found, which = np.nonzero(rows["lures"][with_lures, None] & _LURE_BITS)
        where = slots[with_lures[found]], _LURE_COLUMNS[which]
        seen_s[where] = np.maximum(seen_s[where], seconds[with_lures[found]])


def _during_call(h: Rows, facts: Mask) -> None:
    at, column = np.nonzero(facts)
    if len(at):
        cells = h.view(np.uint8).reshape(len(h), HOT.itemsize)[:, _DURING_CALL]
        cells[at, column] += cells[at, column] < 255


def _person(h: Rows, rows: Rows) -> None:
    """Line and person, as the newest tag tells them."""
    ts_ms = rows["ts_ms"]
    newer = ts_ms >= h["last_ms"]
    known = newer & ((rows["flags"] & _FORWARD_KNOWN) != 0)
    if known.any():
        h["forwarded"] = np.where(known, (rows["flags"] & _FORWARDED) != 0, h["forwarded"])
    h["lures"] |= rows["lures"]
    for name in ("age", "household"):
        h[name] = np.where(newer & (rows[name] != 0), rows[name], h[name])
    observed = (rows["area"] > 0) | ((rows["area"] < 0) & (h["area"] <= 0))  # where somebody lives never hides where they are
    h["area"] = np.where(newer & observed, rows["area"], h["area"])
    h["last_ms"] = np.maximum(h["last_ms"], ts_ms)
