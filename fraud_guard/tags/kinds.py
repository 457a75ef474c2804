"""Codes that a tag carries through the log: kinds, flags, app categories, lures.

They are stored in blocks, rings and golden files: append, never renumber.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag


class Kind(IntEnum):
    """What happened; one byte in blocks and rings."""

    TICK = 0  # no tag: carries the watermark of an idle partition
    CALL_START = 1
    CALL_ANSWER = 2
    CALL_END = 3
    SMS = 4
    VISIT = 5
    DOWNLOAD = 6
    APP_INSTALL = 7
    APP_ACTIVE = 8
    TIMER = 9  # made by the scorer when a subject's timer is due, never stored


class Flag(IntFlag):
    """What the door found out about a tag; 32 bits in blocks and rings."""

    OUTGOING = 1 << 0
    OVERSEAS = 1 << 1  # peer is outside mainland China (+852/853/886 count as overseas)
    VIRTUAL = 1 << 2  # mobile virtual operator (162, 165, 167, 170, 171)
    SHORT_CODE = 1 << 3  # 5-6 digit service number or 106… SMS port
    OFFICIAL = 1 << 4  # 110, 96110, 12381, 12321 … on the vendored list
    LANDLINE = 1 << 5
    IRREGULAR = 1 << 6  # not a number of any plan: spoofed or broken caller id
    NO_PEER = 1 << 7
    MARKED = 1 << 8  # upstream label says scam (crowd-marked-scam …)
    FORWARDED = 1 << 9  # call forwarding is set on the subject's line
    FORWARD_KNOWN = 1 << 10  # the feed said whether forwarding is set
    LONG = 1 << 11  # call of at least LONG_CALL_S
    OTP = 1 << 12  # text with a one-time code
    BANK = 1 << 13  # text of or about a bank or payment
    LURE = 1 << 14  # text with wording of a scam type (see Lure)
    LINK = 1 << 15  # text with a URL
    TOP_HOST = 1 << 16  # host on the offline top list: counted, not kept
    APK = 1 << 17  # download of an Android package
    SIDELOADED = 1 << 18  # APK from a host that is no known store; the scorer sets it on an install soon after one
    SHORT_LINK = 1 << 19  # host of a URL shortener
    CLAMPED = 1 << 20  # was dated more than 5 min ahead; its time was set to the arrival time
    LATE = 1 << 21  # older than the partition's watermark
    NIGHT = 1 << 22  # 22:00-06:00 local time (UTC+8)
    FIRST_CONTACT = 1 << 23  # set by the scorer: the subject does not know the peer of a call or text
    NEW_HOST = 1 << 24  # set by the scorer: not on the top list, and new to the subject
    LOOKALIKE = 1 << 25  # host that imitates a known name
    FREE_HOSTING = 1 << 26  # host below a suffix where anybody gets a sub-domain
    IP_HOST = 1 << 27  # host is an IP address
    SCAM_TEXT = 1 << 28  # the text model is above its threshold
    SCAM_HOST = 1 << 29  # the host model is above its threshold
    TALKED = 1 << 30  # set by the scorer at the end of a call of at least TALKED_S
    NEW_PEER = 1 << 31  # set by the scorer: known by now, but met for the first time within the last two days


LONG_CALL_S = 600
"""A call of at least this many seconds sets Flag.LONG."""
SPOKEN_S = 60
"""A call with a stranger of at least this many seconds goes into the ring."""
TALKED_S = 180
"""A call of at least this many seconds sets Flag.TALKED."""


class Category(IntEnum):
    """App category of an app_* tag; one byte."""

    NONE = 0
    BANK = 1
    MEETING = 2
    REMOTE_CONTROL = 3
    LOAN = 4
    IM = 5
    INVEST = 6
    DATING = 7
    GAME = 8
    SHOPPING = 9
    BROWSER = 10
    OTHER = 11


class Lure(IntFlag):
    """Wording of a scam type found in a text; 32 bits."""

    CUSTOMER_SERVICE = 1 << 0
    POLICE = 1 << 1
    BRUSHING = 1 << 2
    INVESTMENT = 1 << 3
    LOAN = 1 << 4
    CREDIT_RECORD = 1 << 5
    SHOPPING = 1 << 6
    BOSS = 1 << 7
    ROMANCE = 1 << 8
    PRIZE = 1 << 9
    GAME = 1 << 10
    EXTORTION = 1 << 11
    PHISHING = 1 << 12
    PARCEL = 1 << 13
    RELATIVE = 1 << 14  # a grandchild, child or relative in need
    KIDNAPPING = 1 << 15  # "your child is in our hands"
    MILITARY = 1 << 16  # an army or police unit that orders goods
    IDENTITY = 1 << 17  # collects identity data
    RECOVERY = 1 << 18  # gets back what was lost before, for a fee
    BANK = 1 << 19  # a bank's service, by text or phone
    CASH_PICKUP = 1 << 20  # cash handed to a runner
    DATING = 1 << 21  # dating and companions paid in advance
    ILLICIT = 1 << 22  # gambling, accounts for rent, running points
