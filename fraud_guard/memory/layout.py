"""The packed record of a subject: a fixed head and a ring of its last significant events.

Together 2 KiB. The head begins with its hot part, which every tag reads and writes; of the
rest a tag touches only what it is about. A change of these types raises LAYOUT; `pages`
refuses layouts it does not know, so a change ships with a conversion (`older_layouts`).
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

LAYOUT = 2
RING = 64
"""Significant events kept for each subject."""
WINDOWS_S = (600, 3_600, 86_400, 604_800, 2_592_000, 7_776_000)
"""Time constants of the decayed counters: 10 min, 1 h, 24 h, 7 d, 30 d, 90 d."""
QUICK = slice(1, 4)
"""Windows of the counters of quick things: 1 h, 24 h, 7 d."""
SLOW = slice(2, 5)
"""Windows of the counters of slow things: 24 h, 7 d, 30 d."""
EXPIRE_S = WINDOWS_S[-1]
"""A subject untouched this long is forgotten."""


class Count(IntEnum):
    """Decayed counters over all windows; row of `counts`."""

    CALL = 0
    RISKY_CALL = 1
    LONG_CALL = 2
    SMS = 3
    OTP = 4
    BANK_SMS = 5
    LURE = 6
    VISIT = 7
    OTHER_VISIT = 8
    SIDELOAD = 9
    INSTALL = 10
    MARKED = 11
    DOWNLOAD = 12
    APP_ACTIVE = 13


class QuickCount(IntEnum):
    """Decayed counters over the QUICK windows; row of `quick_counts`."""

    OVERSEAS_CALL = 0
    FIRST_CONTACT_CALL = 1
    SCAM_TEXT = 2
    BANK_APP = 3
    SCREEN_SHARE = 4


class SlowCount(IntEnum):
    """Decayed counters over the SLOW windows; row of `slow_counts`."""

    LOOKALIKE = 0
    NEW_HOST = 1
    LOAN_APP = 2
    INVEST_APP = 3
    NIGHT = 4


class Seen(IntEnum):
    """When something was last seen; column of `seen_s` (epoch seconds, 0 = never)."""

    RISKY_CALL = 0
    OVERSEAS_CALL = 1
    LONG_RISKY_CALL = 2
    OTP = 3
    BANK_SMS = 4
    LURE = 5
    LURE_LINK = 6
    SIDELOAD = 7
    INSTALL = 8
    MEETING = 9
    REMOTE_CONTROL = 10
    SHARE_INSTALL = 11
    BANK_APP = 12
    LOAN_APP = 13
    INVEST_APP = 14
    DATING_APP = 15
    IM_INSTALL = 16
    IM_APP = 17
    SHORT_LINK = 18
    OTHER_VISIT = 19
    OFFICIAL_CALL = 20
    FORWARDED = 21
    MARKED = 22
    FIRST_CONTACT_CALL = 23
    FIRST_CONTACT_SMS = 24
    VIRTUAL_CALL = 25
    IRREGULAR_CALL = 26
    LANDLINE_CALL = 27
    SHORT_CODE_CALL = 28
    LONG_CALL = 29
    SCAM_TEXT = 30
    SCAM_HOST = 31
    LOOKALIKE_HOST = 32
    NEW_HOST = 33
    IP_HOST = 34
    FREE_HOSTING = 35
    SIDELOAD_INSTALL = 36
    BANK_APP_ON_RISKY_CALL = 37
    SHARE_ON_RISKY_CALL = 38
    OTP_ON_RISKY_CALL = 39
    LURE_POLICE = 40
    LURE_CUSTOMER_SERVICE = 41
    LURE_BRUSHING = 42
    LURE_INVESTMENT = 43
    LURE_LOAN = 44
    LURE_CREDIT_RECORD = 45
    LURE_PHISHING = 46
    LURE_BOSS = 47
    LURE_ROMANCE = 48
    LURE_EXTORTION = 49


DURING_CALL = (
    "call_otps", "call_bank_sms", "call_lures", "call_shares", "call_banks", "call_loans", "call_installs",
    "call_other_visits",
)  # fmt: skip
"""Bytes that count what happens during the call in progress."""
LAST_CALL = ("last_call_otps", "last_call_lures", "last_call_shares", "last_call_banks")
"""The same of the last call."""

HOT = np.dtype(
    [
        ("token", "V16"),
        ("first_ms", "i8"),
        ("last_ms", "i8"),  # the subject's own watermark: newest event time applied
        ("area", "i8"),  # where the subject was last seen, or minus where it lives
        ("call", "u8"),  # call in progress; 0 = none
        ("call_start_ms", "i8"),
        ("call_answer_ms", "i8"),  # 0 = ringing
        ("call_due_ms", "i8"),  # next timer of the call; 0 = none
        ("call_flags", "u4"),
        ("call_peer", "u4"),
        ("call_reputation", "f4"),  # log-odds, 0 = unknown
        ("alerts", "u4"),  # alerts raised so far
        ("lures", "u4"),  # lures seen since the last closure
        ("last_call_end_s", "u4"),  # of the last call that was talked on; 0 = none
        ("last_call_s", "u4"),
        ("mark_s", "u4"),  # the time that counters and peaks are told relative to; see `features.decay`
        ("text_peak", "f4"),
        ("host_peak", "f4"),
        ("shard", "u2"),
        ("ring_head", "u1"),  # index of the oldest event
        ("ring_size", "u1"),
        *((name, "u1") for name in DURING_CALL + LAST_CALL),
        ("last_call_risky", "u1"),
        ("last_call_first", "u1"),  # from somebody not known
        ("forwarded", "u1"),
        ("age", "u1"),
        ("household", "u1"),
        ("victim", "u1"),  # an officer confirmed a scam before
        ("overflow", "u1"),  # young events pushed out of the ring, saturating
        ("layout", "u1"),
        ("peers_size", "u1"),
        ("met_size", "u1"),
        ("hosts_size", "u1"),
        ("spare", "V5"),
    ]
)
"""The part of the head that every tag reads and writes: the head's first bytes."""
HEAD = np.dtype(
    [
        *HOT.descr,
        ("peers", "u8", (2, 3)),  # see `memory.sketch`: peers the subject knows
        ("met", "u8", (1, 1)),  # peers met once
        ("hosts", "u8", (2, 2)),  # hosts outside the top list used lately
        ("seen_s", "u4", (len(Seen),)),
        ("counts", "f4", (len(Count), len(WINDOWS_S))),  # as of mark_s
        ("quick_counts", "f4", (len(QuickCount), 3)),
        ("slow_counts", "f4", (len(SlowCount), 3)),
        ("spare_2", "V8"),
    ]
)
EVENTS = np.dtype(
    [
        ("when", "u8", (RING,)),  # see `ring.pack`
        ("flags", "u4", (RING,)),
        ("position", "u4", (RING,)),  # the lower 32 bits
        ("peer", "u2", (RING,)),
    ]
)
"""The ring of one subject, a column a field."""
EVENT = np.dtype([("when", "u8"), ("position", "u8"), ("flags", "u4"), ("peer", "u2")], align=True)
"""One event as it is read: `when` is ts_ms << 16 | kind << 8 | category; a position below 0 wraps."""
RECORD_BYTES = HEAD.itemsize + EVENTS.itemsize
assert RECORD_BYTES <= 2_048  # noqa: S101


def hot(head: np.ndarray) -> np.ndarray:
    """The hot part of heads: the same memory, seen as an array of dtype HOT."""
    return np.ndarray(head.shape, HOT, head, strides=head.strides)
