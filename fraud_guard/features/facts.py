"""What a tag is: which counters it moves, what it shows, whether rules look at it.

All of it follows from kind, category, flags and whether a call is up, and there are few
different combinations of these. So each combination is worked out once and remembered in
a table; a row of a block only looks its combination up. Nothing else is ever cached here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fraud_guard.memory.layout import DURING_CALL, Count, QuickCount, Seen, SlowCount
from fraud_guard.tags.kinds import Category, Flag, Kind

Mask = npt.NDArray[np.bool_]
Keys = npt.NDArray[np.uint64]
Codes = npt.NDArray[np.intp]

RISKY = np.uint32(Flag.OVERSEAS | Flag.VIRTUAL | Flag.IRREGULAR | Flag.MARKED)
"""An incoming call with one of these flags is risky."""
STRANGER = np.uint32(Flag.FIRST_CONTACT | Flag.NEW_PEER)
"""A peer whom the subject does not know, or has known for two days at most."""
NO_PERSON = np.uint32(Flag.SHORT_CODE | Flag.NO_PEER)
"""A peer that is a service, or that did not show its number."""
ON_CALL, ON_RISKY_CALL, SPOKEN = 1, 2, 4
"""State of the subject at the time of the tag; SPOKEN: the tag ends a call of SPOKEN_S or more."""
MOST_KEYS = 4_096
_IGNORED = np.uint32(Flag.CLAMPED | Flag.LATE | Flag.FORWARD_KNOWN)
_FLAG_BITS = np.uint64(0xFFFF_FFFF)
_KIND, _CATEGORY, _STATE = np.uint64(32), np.uint64(40), np.uint64(48)


def keys_of(kind: np.ndarray, category: np.ndarray, flags: np.ndarray, state: np.ndarray) -> Keys:
    """The combination of each row as one number."""
    keys: Keys = (
        (flags & ~_IGNORED).astype(np.uint64)
        | kind.astype(np.uint64) << _KIND
        | category.astype(np.uint64) << _CATEGORY
        | state.astype(np.uint64) << _STATE
    )
    return keys


class Table(NamedTuple):
    """Facts by code; `keys` are sorted and say which code a combination has. Each matrix is (codes, columns)."""

    keys: Keys
    counts: Mask
    quick_counts: Mask
    slow_counts: Mask
    seen: Mask
    during_call: Mask
    significant: Mask


class Facts:
    """The table so far. Safe to share: a longer table replaces the old one in one step."""

    def __init__(self) -> None:
        self._table = _table_of(np.zeros(0, np.uint64))

    def look_up(self, keys: Keys) -> tuple[Table, Codes]:
        """The table and the code of each key in it."""
        table = self._table
        codes = _codes_of(table, keys)
        if codes is None:
            known = table.keys if len(table.keys) < MOST_KEYS else table.keys[:0]
            self._table = table = _table_of(np.union1d(known, keys))
            codes = np.searchsorted(table.keys, keys)
        return table, codes


def _codes_of(table: Table, keys: Keys) -> Codes | None:
    if not len(table.keys):
        return None
    codes = np.searchsorted(table.keys, keys)
    codes[codes == len(table.keys)] = 0
    return codes if np.array_equal(table.keys[codes], keys) else None


def _table_of(keys: Keys) -> Table:
    marks = Marks((keys >> _KIND).astype(np.uint8), (keys >> _CATEGORY).astype(np.uint8),
                  (keys & _FLAG_BITS).astype(np.uint32), (keys >> _STATE).astype(np.uint8))  # fmt: skip
    return Table(
        keys,
        _matrix(len(Count), len(keys), _counted(marks)),
        _matrix(len(QuickCount), len(keys), _counted_quick(marks)),
        _matrix(len(SlowCount), len(keys), _counted_slow(marks)),
        _matrix(len(Seen), len(keys), _seen_calls(marks) + _seen_texts(marks) + _seen_net(marks)),
        _matrix(len(DURING_CALL), len(keys), _during_call(marks)),
        _significant(marks),
    )


def _matrix(columns: int, rows: int, facts: Sequence[tuple[int, Mask]]) -> Mask:
    matrix = np.zeros((rows, columns), np.bool_)
    for column, mask in facts:
        matrix[:, column] = mask
    return matrix


class Marks:
    """What combinations are, as masks."""

    def __init__(self, kind: np.ndarray, category: np.ndarray, flags: np.ndarray, state: np.ndarray) -> None:
        self.kind, self._category, self._flags, self._state = kind, category, flags, state
        self.call: Mask = (kind >= Kind.CALL_START) & (kind <= Kind.CALL_END)
        self.incoming_call: Mask = self.call & ~self.has(Flag.OUTGOING)
        self.risky_call: Mask = self.incoming_call & self.has(int(RISKY))
        self.sms: Mask = kind == Kind.SMS
        self.visit: Mask = kind == Kind.VISIT
        self.host: Mask = self.visit | (kind == Kind.DOWNLOAD)
        self.install: Mask = kind == Kind.APP_INSTALL
        self.app: Mask = self.install | (kind == Kind.APP_ACTIVE)
        self.sideload: Mask = (kind == Kind.DOWNLOAD) & self.has(Flag.SIDELOADED)

    def has(self, flags: int) -> Mask:
        """With at least one of these flags."""
        mask: Mask = (self._flags & np.uint32(flags)) != 0
        return mask

    def of(self, *categories: Category) -> Mask:
        """Apps of one of these categories."""
        wanted = np.zeros(256, np.bool_)
        wanted[list(categories)] = True
        mask: Mask = self.app & wanted[self._category]
        return mask

    def during(self, state: int) -> Mask:
        """While a call (a risky call) is up."""
        mask: Mask = (self._state & state) != 0
        return mask


_SHARE = (Category.MEETING, Category.REMOTE_CONTROL)
_WATCHED = (Category.BANK, *_SHARE, Category.LOAN, Category.INVEST, Category.DATING)


def _significant(m: Marks) -> Mask:
    """Rows that go into the ring and have the rules looked at."""
    stranger = m.has(int(STRANGER))
    significant: Mask = (
        (m.call & m.has(int(RISKY) | Flag.LONG | Flag.FORWARDED | Flag.OFFICIAL))
        | ((m.kind == Kind.CALL_END) & m.during(SPOKEN) & stranger)
        | (m.sms & stranger & ~m.has(Flag.OUTGOING | int(NO_PERSON)))
        | (m.sms & m.has(Flag.OTP | Flag.BANK | Flag.LURE | Flag.SCAM_TEXT))
        | (m.visit & m.has(Flag.SHORT_LINK | Flag.MARKED | Flag.LOOKALIKE | Flag.IP_HOST | Flag.SCAM_HOST))
        | (m.visit & m.has(Flag.FREE_HOSTING) & m.has(Flag.NEW_HOST))
        | ((m.kind == Kind.DOWNLOAD) & m.has(Flag.APK))
        | m.install
        | ((m.kind == Kind.APP_ACTIVE) & m.of(*_WATCHED))
        | (m.kind == Kind.TIMER)
    )
    return significant


def _counted(m: Marks) -> list[tuple[int, Mask]]:
    start = m.kind == Kind.CALL_START
    return [
        (Count.CALL, start),
        (Count.RISKY_CALL, m.risky_call & start),
        (Count.LONG_CALL, (m.kind == Kind.CALL_END) & m.has(Flag.LONG)),
        (Count.SMS, m.sms),
        (Count.OTP, m.sms & m.has(Flag.OTP)),
        (Count.BANK_SMS, m.sms & m.has(Flag.BANK)),
        (Count.LURE, m.sms & m.has(Flag.LURE)),
        (Count.VISIT, m.visit),
        (Count.OTHER_VISIT, m.visit & ~m.has(Flag.TOP_HOST)),
        (Count.SIDELOAD, m.sideload),
        (Count.INSTALL, m.install),
        (Count.MARKED, m.has(Flag.MARKED)),
        (Count.DOWNLOAD, m.kind == Kind.DOWNLOAD),
        (Count.APP_ACTIVE, m.kind == Kind.APP_ACTIVE),
    ]


def _counted_quick(m: Marks) -> list[tuple[int, Mask]]:
    start = m.kind == Kind.CALL_START
    return [
        (QuickCount.OVERSEAS_CALL, m.incoming_call & start & m.has(Flag.OVERSEAS)),
        (QuickCount.FIRST_CONTACT_CALL, m.incoming_call & start & m.has(Flag.FIRST_CONTACT)),
        (QuickCount.SCAM_TEXT, m.sms & m.has(Flag.SCAM_TEXT)),
        (QuickCount.BANK_APP, m.of(Category.BANK)),
        (QuickCount.SCREEN_SHARE, m.of(*_SHARE)),
    ]


def _counted_slow(m: Marks) -> list[tuple[int, Mask]]:
    return [
        (SlowCount.LOOKALIKE, m.host & m.has(Flag.LOOKALIKE)),
        (SlowCount.NEW_HOST, m.host & m.has(Flag.NEW_HOST)),
        (SlowCount.LOAN_APP, m.of(Category.LOAN)),
        (SlowCount.INVEST_APP, m.of(Category.INVEST)),
        (SlowCount.NIGHT, m.has(Flag.NIGHT)),
    ]


def _seen_calls(m: Marks) -> list[tuple[int, Mask]]:
    return [
        (Seen.RISKY_CALL, m.risky_call),
        (Seen.OVERSEAS_CALL, m.incoming_call & m.has(Flag.OVERSEAS)),
        (Seen.LONG_RISKY_CALL, m.risky_call & m.has(Flag.LONG)),
        (Seen.LONG_CALL, m.incoming_call & m.has(Flag.LONG)),
        (Seen.FIRST_CONTACT_CALL, m.incoming_call & m.has(Flag.FIRST_CONTACT)),
        (Seen.VIRTUAL_CALL, m.incoming_call & m.has(Flag.VIRTUAL)),
        (Seen.IRREGULAR_CALL, m.incoming_call & m.has(Flag.IRREGULAR)),
        (Seen.LANDLINE_CALL, m.incoming_call & m.has(Flag.LANDLINE)),
        (Seen.SHORT_CODE_CALL, m.incoming_call & m.has(Flag.SHORT_CODE)),
        (Seen.OFFICIAL_CALL, m.call & m.has(Flag.OFFICIAL)),
        (Seen.FORWARDED, m.call & m.has(Flag.FORWARDED)),
        (Seen.MARKED, m.has(Flag.MARKED)),
    ]


def _seen_texts(m: Marks) -> list[tuple[int, Mask]]:
    return [
        (Seen.OTP, m.sms & m.has(Flag.OTP)),
        (Seen.BANK_SMS, m.sms & m.has(Flag.BANK)),
        (Seen.LURE, m.sms & m.has(Flag.LURE)),
        (Seen.LURE_LINK, m.sms & m.has(Flag.LURE) & m.has(Flag.LINK)),
        (Seen.FIRST_CONTACT_SMS, m.sms & ~m.has(Flag.OUTGOING) & m.has(Flag.FIRST_CONTACT)),
        (Seen.SCAM_TEXT, m.sms & m.has(Flag.SCAM_TEXT)),
        (Seen.OTP_ON_RISKY_CALL, m.sms & m.has(Flag.OTP) & m.during(ON_RISKY_CALL)),
    ]


def _seen_net(m: Marks) -> list[tuple[int, Mask]]:
    return [
        (Seen.SIDELOAD, m.sideload),
        (Seen.INSTALL, m.install),
        (Seen.SIDELOAD_INSTALL, m.install & m.has(Flag.SIDELOADED)),
        (Seen.MEETING, m.of(Category.MEETING)),
        (Seen.REMOTE_CONTROL, m.of(Category.REMOTE_CONTROL)),
        (Seen.SHARE_INSTALL, m.install & m.of(*_SHARE)),
        (Seen.BANK_APP, m.of(Category.BANK)),
        (Seen.LOAN_APP, m.of(Category.LOAN)),
        (Seen.INVEST_APP, m.of(Category.INVEST)),
        (Seen.DATING_APP, m.of(Category.DATING)),
        (Seen.IM_INSTALL, m.install & m.of(Category.IM)),
        (Seen.IM_APP, m.of(Category.IM)),
        (Seen.SHORT_LINK, m.visit & m.has(Flag.SHORT_LINK)),
        (Seen.OTHER_VISIT, m.visit & ~m.has(Flag.TOP_HOST)),
        (Seen.SCAM_HOST, m.host & m.has(Flag.SCAM_HOST)),
        (Seen.LOOKALIKE_HOST, m.host & m.has(Flag.LOOKALIKE)),
        (Seen.NEW_HOST, m.host & m.has(Flag.NEW_HOST)),
        (Seen.IP_HOST, m.host & m.has(Flag.IP_HOST)),
        (Seen.FREE_HOSTING, m.host & m.has(Flag.FREE_HOSTING)),
        (Seen.BANK_APP_ON_RISKY_CALL, m.of(Category.BANK) & m.during(ON_RISKY_CALL)),
        (Seen.SHARE_ON_RISKY_CALL, m.of(*_SHARE) & m.during(ON_RISKY_CALL)),
    ]


def _during_call(m: Marks) -> list[tuple[int, Mask]]:
    """In the order of DURING_CALL."""
    during = m.during(ON_CALL)
    facts = (
        m.sms & m.has(Flag.OTP),
        m.sms & m.has(Flag.BANK),
        m.sms & m.has(Flag.LURE),
        m.of(*_SHARE),
        m.of(Category.BANK),
        m.of(Category.LOAN),
        m.install | m.sideload,
        m.visit & ~m.has(Flag.TOP_HOST),
    )
    return [(column, during & mask) for column, mask in enumerate(facts)]
