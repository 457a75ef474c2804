"""The record of a caller, and what a row of the log tells about one."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

LAYOUT = 2
SKETCH_WORDS = 8
SKETCH_BITS = 64 * SKETCH_WORDS
"""Bits of a sketch of distinct subjects; it counts to about two thousand."""
GENERATION_BUCKETS = 288
"""A day: then a new sketch begins, and the one before the last is forgotten."""
TIME_CONSTANT_BUCKETS = 2_016
"""Counters decay with a time constant of 7 days."""
EXPIRE_BUCKETS = 30 * 288
"""A caller unseen for longer is forgotten."""
LONE_BUCKETS = 2 * GENERATION_BUCKETS
"""A caller of one subject is forgotten when unseen for longer than this. Most callers are; by then a sketch counts no more anyway."""
LONE = 2
"""Fewer subjects called lately, and fewer return calls: a caller of one subject."""


class Tally(IntEnum):
    """Decayed counters of a caller; column of `tallies`."""

    CALLED = 0  # calls to subjects
    ANSWERED = 1
    TALKED_S = 2
    RETURNED = 3  # calls of subjects to this number
    FIRST = 4  # subjects it had not called lately


CALLER = np.dtype(
    [
        ("peer", "u8"),
        ("first", "i4"),  # bucket
        ("last", "i4"),  # bucket that the tallies are told for
        ("tallies", "f4", (len(Tally),)),
        ("burst", "f4"),  # most calls in a bucket, decayed
        ("hours", "u4"),  # hours of the day (UTC+8) with calls to subjects, of the newer generation
        ("generation", "i4"),
        ("newer", "u8", (SKETCH_WORDS,)),  # distinct subjects called since the generation began
        ("older", "u8", (SKETCH_WORDS,)),  # and in the one before
        ("published", "f4"),  # the last reputation told
        ("published_at", "i4"),
    ]
)
CONTACT = np.dtype(
    [
        ("peer", "u8"),
        ("subject", "u8"),
        ("ts_ms", "i8"),
        ("watermark_ms", "i8"),
        ("fingerprint", "u8"),
        ("value", "i4"),
        ("ended", "u1"),
        ("outgoing", "u1"),
    ]
)
"""The beginning or the end of a call between a subject and a peer, as the `peers` log carries it."""
MET = np.dtype([("peer", "u8"), ("bit", "u2"), ("value", "i4"), ("ended", "u1"), ("outgoing", "u1")])
"""What a caller's record will take of a contact when its bucket closes; `bit` is the subject's in a sketch."""
TOLD = np.dtype([("peer", "u8"), ("bucket", "i8"), ("value", "f8")])
"""A reputation that was published with a bucket."""
