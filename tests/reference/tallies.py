"""Which counters a tag raises and what it shows, in plain Python, a fact a line."""

from __future__ import annotations

from typing import Any

from fraud_guard.memory.layout import Seen
from fraud_guard.tags.kinds import Category, Flag, Kind, Lure

Row = dict[str, Any]
RISKY = Flag.OVERSEAS | Flag.VIRTUAL | Flag.IRREGULAR | Flag.MARKED
CALL_KINDS = (Kind.CALL_START, Kind.CALL_ANSWER, Kind.CALL_END)
APP_KINDS = (Kind.APP_INSTALL, Kind.APP_ACTIVE)
HOST_KINDS = (Kind.VISIT, Kind.DOWNLOAD)
STRANGE = Flag.FIRST_CONTACT | Flag.NEW_PEER
SPOKEN_S = 60
SHARE = (Category.MEETING, Category.REMOTE_CONTROL)
NOTED_APPS = (*SHARE, Category.BANK, Category.LOAN, Category.INVEST, Category.DATING)


def is_incoming_call(row: Row) -> bool:
    return row["kind"] in CALL_KINDS and not row["flags"] & Flag.OUTGOING


def is_risky_call(row: Row) -> bool:
    return is_incoming_call(row) and bool(row["flags"] & RISKY)


def is_significant(row: Row) -> bool:
    """Whether the tag goes into the ring and rules look at it."""
    kind, flags = row["kind"], row["flags"]
    if kind in CALL_KINDS:
        noted = flags & (RISKY | Flag.LONG | Flag.FORWARDED | Flag.OFFICIAL)
        return bool(noted or (flags & STRANGE and row["spoken_s"] >= SPOKEN_S))
    if kind == Kind.SMS:
        person = not flags & (Flag.OUTGOING | Flag.SHORT_CODE | Flag.NO_PEER)
        return bool(flags & (Flag.OTP | Flag.BANK | Flag.LURE | Flag.SCAM_TEXT) or (flags & STRANGE and person))
    if kind == Kind.VISIT:
        odd = flags & (Flag.SHORT_LINK | Flag.MARKED | Flag.LOOKALIKE | Flag.IP_HOST | Flag.SCAM_HOST)
        return bool(odd or (flags & Flag.FREE_HOSTING and flags & Flag.NEW_HOST))
    if kind == Kind.DOWNLOAD:
        return bool(flags & Flag.APK)
    if kind == Kind.APP_ACTIVE:
        return row["category"] in NOTED_APPS
    return kind in (Kind.APP_INSTALL, Kind.TIMER)


def counted(row: Row) -> list[str]:
    """Counters that the tag raises, named as the features are."""
    kind, flags, category = row["kind"], row["flags"], row["category"]
    sms, visit, app, host = kind == Kind.SMS, kind == Kind.VISIT, kind in APP_KINDS, kind in HOST_KINDS
    begins = kind == Kind.CALL_START
    comes_in = begins and is_incoming_call(row)
    facts = {
        "calls": begins,
        "risky_calls": begins and is_risky_call(row),
        "long_calls": kind == Kind.CALL_END and flags & Flag.LONG,
        "sms": sms,
        "otps": sms and flags & Flag.OTP,
        "bank_sms": sms and flags & Flag.BANK,
        "lures": sms and flags & Flag.LURE,
        "visits": visit,
        "other_visits": visit and not flags & Flag.TOP_HOST,
        "sideloads": kind == Kind.DOWNLOAD and flags & Flag.SIDELOADED,
        "installs": kind == Kind.APP_INSTALL,
        "marked": flags & Flag.MARKED,
        "downloads": kind == Kind.DOWNLOAD,
        "app_actives": kind == Kind.APP_ACTIVE,
        "overseas_calls": comes_in and flags & Flag.OVERSEAS,
        "first_contact_calls": comes_in and flags & Flag.FIRST_CONTACT,
        "scam_texts": sms and flags & Flag.SCAM_TEXT,
        "bank_apps": app and category == Category.BANK,
        "screen_shares": app and category in SHARE,
        "lookalike_visits": host and flags & Flag.LOOKALIKE,
        "new_hosts": host and flags & Flag.NEW_HOST,
        "loan_apps": app and category == Category.LOAN,
        "invest_apps": app and category == Category.INVEST,
        "nights": flags & Flag.NIGHT,
    }
    return [name for name, fact in facts.items() if fact]


def shown(row: Row, *, on_risky_call: bool) -> list[Seen]:
    """What the tag shows."""
    kind, flags, lures = row["kind"], row["flags"], Lure(row["lures"])
    incoming, risky, sms = is_incoming_call(row), is_risky_call(row), kind == Kind.SMS
    host, visit, call = kind in HOST_KINDS, kind == Kind.VISIT, kind in CALL_KINDS
    app = row["category"] if kind in APP_KINDS else None
    installed = row["category"] if kind == Kind.APP_INSTALL else None
    facts = {
        Seen.RISKY_CALL: risky,
        Seen.OVERSEAS_CALL: incoming and flags & Flag.OVERSEAS,
        Seen.LONG_RISKY_CALL: risky and flags & Flag.LONG,
        Seen.LONG_CALL: incoming and flags & Flag.LONG,
        Seen.FIRST_CONTACT_CALL: incoming and flags & Flag.FIRST_CONTACT,
        Seen.VIRTUAL_CALL: incoming and flags & Flag.VIRTUAL,
        Seen.IRREGULAR_CALL: incoming and flags & Flag.IRREGULAR,
        Seen.LANDLINE_CALL: incoming and flags & Flag.LANDLINE,
        Seen.SHORT_CODE_CALL: incoming and flags & Flag.SHORT_CODE,
        Seen.OFFICIAL_CALL: call and flags & Flag.OFFICIAL,
        Seen.FORWARDED: call and flags & Flag.FORWARDED,
        Seen.MARKED: flags & Flag.MARKED,
        Seen.OTP: sms and flags & Flag.OTP,
        Seen.OTP_ON_RISKY_CALL: sms and flags & Flag.OTP and on_risky_call,
        Seen.BANK_SMS: sms and flags & Flag.BANK,
        Seen.LURE: sms and flags & Flag.LURE,
        Seen.LURE_LINK: sms and flags & Flag.LURE and flags & Flag.LINK,
        Seen.FIRST_CONTACT_SMS: sms and flags & Flag.FIRST_CONTACT and not flags & Flag.OUTGOING,
        Seen.SCAM_TEXT: sms and flags & Flag.SCAM_TEXT,
        Seen.SIDELOAD: kind == Kind.DOWNLOAD and flags & Flag.SIDELOADED,
        Seen.INSTALL: kind == Kind.APP_INSTALL,
        Seen.SIDELOAD_INSTALL: kind == Kind.APP_INSTALL and flags & Flag.SIDELOADED,
        Seen.MEETING: app == Category.MEETING,
        Seen.REMOTE_CONTROL: app == Category.REMOTE_CONTROL,
        Seen.SHARE_INSTALL: installed in SHARE,
        Seen.SHARE_ON_RISKY_CALL: app in SHARE and on_risky_call,
        Seen.BANK_APP: app == Category.BANK,
        Seen.BANK_APP_ON_RISKY_CALL: app == Category.BANK and on_risky_call,
        Seen.LOAN_APP: app == Category.LOAN,
        Seen.INVEST_APP: app == Category.INVEST,
        Seen.DATING_APP: app == Category.DATING,
        Seen.IM_APP: app == Category.IM,
        Seen.IM_INSTALL: installed == Category.IM,
        Seen.SHORT_LINK: visit and flags & Flag.SHORT_LINK,
        Seen.OTHER_VISIT: visit and not flags & Flag.TOP_HOST,
        Seen.NEW_HOST: host and flags & Flag.NEW_HOST,
        Seen.LOOKALIKE_HOST: host and flags & Flag.LOOKALIKE,
        Seen.FREE_HOSTING: host and flags & Flag.FREE_HOSTING,
        Seen.IP_HOST: host and flags & Flag.IP_HOST,
        Seen.SCAM_HOST: host and flags & Flag.SCAM_HOST,
        Seen.LURE_POLICE: Lure.POLICE in lures,
        Seen.LURE_CUSTOMER_SERVICE: Lure.CUSTOMER_SERVICE in lures,
        Seen.LURE_BRUSHING: Lure.BRUSHING in lures,
        Seen.LURE_INVESTMENT: Lure.INVESTMENT in lures,
        Seen.LURE_LOAN: Lure.LOAN in lures,
        Seen.LURE_CREDIT_RECORD: Lure.CREDIT_RECORD in lures,
        Seen.LURE_PHISHING: Lure.PHISHING in lures,
        Seen.LURE_BOSS: Lure.BOSS in lures or Lure.RELATIVE in lures,
        Seen.LURE_ROMANCE: Lure.ROMANCE in lures or Lure.DATING in lures,
        Seen.LURE_EXTORTION: Lure.EXTORTION in lures,
    }
    return [seen for seen, fact in facts.items() if fact]


def noticed_during_call(row: Row) -> list[str]:
    """Fields of the call in progress that the tag raises."""
    kind, flags = row["kind"], row["flags"]
    sms, app = kind == Kind.SMS, row["category"] if kind in APP_KINDS else None
    sideload = kind == Kind.DOWNLOAD and flags & Flag.SIDELOADED
    facts = {
        "otps": sms and flags & Flag.OTP,
        "bank_sms": sms and flags & Flag.BANK,
        "lures": sms and flags & Flag.LURE,
        "shares": app in SHARE,
        "banks": app == Category.BANK,
        "loans": app == Category.LOAN,
        "installs": kind == Kind.APP_INSTALL or sideload,
        "other_visits": kind == Kind.VISIT and not flags & Flag.TOP_HOST,
    }
    return [name for name, fact in facts.items() if fact]
