"""The packed record of a subject: a fixed head and a ring of its last significant events.

Together at most 2 KiB. A change of these types raises LAYOUT; `pages` refuses other
layouts, so a change ships with a conversion.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

LAYOUT = 1
RING = 64
"""Significant events kept for each subject."""
WINDOWS_S = (600, 3_600, 86_400, 604_800, 2_592_000, 7_776_000)
"""Time constants of the decayed counters: 10 min, 1 h, 24 h, 7 d, 30 d, 90 d."""
EXPIRE_S = WINDOWS_S[-1]
"""A subject untouched this long is forgotten."""


class Count(IntEnum):
    """Decayed counters; column of `counts`."""

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


class Seen(IntEnum):
    """When something was last seen; column of `seen_s` (epoch seconds, 0 = never)."""

    ANY_CALL = 0
    RISKY_CALL = 1
    OVERSEAS_CALL = 2
    LONG_RISKY_CALL = 3
    OTP = 4
    BANK_SMS = 5
    LURE = 6
    LURE_LINK = 7
    SIDELOAD = 8
    INSTALL = 9
    SCREEN_SHARE = 10  # meeting or remote control app installed or active
    BANK_APP = 11
    LOAN_APP = 12
    INVEST_APP = 13
    IM_INSTALL = 14
    SHORT_LINK = 15
    OTHER_VISIT = 16
    OFFICIAL_CALL = 17
    FORWARDED = 18
    MARKED = 19
    DATING_APP = 20
    RESERVED_21 = 21
    RESERVED_22 = 22
    RESERVED_23 = 23


HEAD = np.dtype(
    [
        ("token", "V16"),
        ("first_ms", "i8"),
        ("last_ms", "i8"),  # the subject's own watermark: newest event time applied
        ("counts", "f4", (len(Count), len(WINDOWS_S))),  # as of last_ms
        ("seen_s", "u4", (len(Seen),)),
        ("area", "i8"),  # where the subject was last seen, or minus where it lives
        ("call", "u8"),  # call in progress; 0 = none
        ("call_peer", "u8"),
        ("call_start_ms", "i8"),
        ("call_answer_ms", "i8"),  # 0 = ringing
        ("call_due_ms", "i8"),  # next timer of the call; 0 = none
        ("call_flags", "u4"),
        ("alerts", "u4"),  # alerts raised so far
        ("lures", "u4"),  # lures seen since the last closure
        ("shard", "u2"),
        ("ring_head", "u1"),  # index of the oldest event
        ("ring_size", "u1"),
        ("call_otps", "u1"),
        ("call_shares", "u1"),
        ("call_banks", "u1"),
        ("forwarded", "u1"),
        ("age", "u1"),
        ("household", "u1"),
        ("victim", "u1"),  # an officer confirmed a scam before
        ("overflow", "u1"),  # young events pushed out of the ring, saturating
        ("layout", "u1"),
        ("spare", "V3"),
    ]
)
EVENT = np.dtype(
    [
        ("when", "u8"),  # ts_ms << 16 | kind << 8 | category: sorts by time
        ("flags", "u4"),
        ("peer", "u4"),
        ("position", "u8"),
    ]
)
RECORD_BYTES = HEAD.itemsize + RING * EVENT.itemsize
assert RECORD_BYTES <= 2_048  # noqa: S101
