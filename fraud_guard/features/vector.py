"""The feature vector: every name, unit, window and version in one place. Rules and models read these.

All features are float64. "Never" is the sentinel NEVER_S, not a null, so that every
comparison has an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import NamedTuple

import numpy as np

from fraud_guard.features import decay
from fraud_guard.features.facts import RISKY
from fraud_guard.features.strangers import MOST_OF_ONE, WINDOWS_MS, Strangers
from fraud_guard.features.view import Floats, View
from fraud_guard.memory.layout import QUICK, SLOW, WINDOWS_S, Count, QuickCount, Seen, SlowCount
from fraud_guard.tags.kinds import Flag, Lure

NEVER_S = 315_360_000.0
"""Ten years: larger than any span a rule may ask for."""


Compute = Callable[[View], Floats]


class Feature(NamedTuple):
    """One feature. `compute` maps a View of n rows to float64 of shape (n,)."""

    name: str
    unit: str
    doc: str
    compute: Compute
    version: int = 1


def _floats(values: np.ndarray) -> Floats:
    return values.astype(np.float64)


def _head(field: str) -> Compute:
    return lambda view: _floats(view.h[field])


def _while_in_call(field: str) -> Compute:
    return lambda view: _floats(np.where(view.in_call, view.h[field], 0))


def _call_has(flags: int, *, incoming: bool = True) -> Compute:
    """Whether the call in progress has one of these flags; with `incoming` it must have come in."""

    def compute(view: View) -> Floats:
        found = view.in_call & ((view.h["call_flags"] & np.uint32(flags)) != 0)
        return _floats(found & ((view.h["call_flags"] & np.uint32(Flag.OUTGOING)) == 0) if incoming else found)

    return compute


def _call_elapsed_s(view: View) -> Floats:
    answered = view.in_call & (view.h["call_answer_ms"] > 0)
    return _floats(np.where(answered, (view.now_ms - view.h["call_answer_ms"]) // 1000, 0))


def _call_reputation(view: View) -> Floats:
    return np.where(view.in_call, view.h["call_reputation"], np.float32(0)).astype(np.float64)


def _since(view: View, last_s: np.ndarray) -> Floats:
    last = last_s.astype(np.int64)
    return _floats(np.where(last > 0, np.maximum(view.now_ms // 1000 - last, 0), NEVER_S))


def _since_seen(*seen: Seen) -> Compute:
    return lambda view: _since(view, np.maximum.reduce([view.h["seen_s"][:, one] for one in seen]))


def _counter(field: str, row: int, column: int, window: int) -> Compute:
    return lambda view: view.h[field][:, row, column].astype(np.float64) * view.worth(window)


def _peak(field: str) -> Compute:
    return lambda view: view.h[field].astype(np.float64) * view.worth(decay.PEAK_WINDOW)


def _had_lure(lure: Lure) -> Compute:
    return lambda view: _floats((view.h["lures"] & np.uint32(lure)) != 0)


def _local_h(view: View) -> np.ndarray:
    hours: np.ndarray = view.now_ms // 3_600_000 + 8
    return hours


_CALL_FLAGS = (
    ("risky", int(RISKY), "came from a risky number"),
    ("overseas", Flag.OVERSEAS, "came from overseas"),
    ("virtual", Flag.VIRTUAL, "came from a virtual operator"),
    ("irregular", Flag.IRREGULAR, "came from a number of no plan: spoofed or broken"),
    ("marked", Flag.MARKED, "came from a number that the feed had marked"),
    ("landline", Flag.LANDLINE, "came from a landline"),
    ("short_code", Flag.SHORT_CODE, "came from a service number or 106… port"),
    ("official", Flag.OFFICIAL, "came from a police or government service number"),
    ("no_peer", Flag.NO_PEER, "came from a withheld number"),
    ("first_contact", Flag.FIRST_CONTACT, "came from somebody the subject does not know"),
)
_DURING_CALL = (
    ("otps", "one-time codes"),
    ("bank_sms", "texts of banks"),
    ("lures", "texts with the wording of a scam"),
    ("shares", "screen-share events (meeting or remote control)"),
    ("banks", "bank app events"),
    ("loans", "loan app events"),
    ("installs", "app installations and sideloads"),
    ("other_visits", "visits outside the top list"),
)
_LAST_CALL = (
    ("otps", "one-time codes"),
    ("shares", "screen-share events"),
    ("banks", "bank app events"),
    ("lures", "texts with the wording of a scam"),
)
_SINCE: tuple[tuple[str, tuple[Seen, ...], str], ...] = (
    ("risky_call", (Seen.RISKY_CALL,), "an incoming call from an overseas, virtual, irregular or marked number"),
    ("overseas_call", (Seen.OVERSEAS_CALL,), "an incoming call from outside mainland China"),
    ("long_risky_call", (Seen.LONG_RISKY_CALL,), "a risky call of 10 minutes or more (ended, or still running at its timer)"),
    ("virtual_call", (Seen.VIRTUAL_CALL,), "an incoming call from a virtual operator"),
    ("irregular_call", (Seen.IRREGULAR_CALL,), "an incoming call from a number of no plan"),
    ("landline_call", (Seen.LANDLINE_CALL,), "an incoming call from a landline"),
    ("short_code_call", (Seen.SHORT_CODE_CALL,), "an incoming call from a service number"),
    ("first_contact_call", (Seen.FIRST_CONTACT_CALL,), "an incoming call from somebody not known"),
    ("long_call", (Seen.LONG_CALL,), "an incoming call of 10 minutes or more, whoever called"),
    ("otp", (Seen.OTP,), "a text with a one-time code"),
    ("bank_sms", (Seen.BANK_SMS,), "a text of a bank or payment service"),
    ("first_contact_sms", (Seen.FIRST_CONTACT_SMS,), "a text from somebody not known"),
    ("scam_text", (Seen.SCAM_TEXT,), "a text that the text model takes for a scam"),
    ("lure", (Seen.LURE,), "a text with the wording of a scam"),
    ("lure_link", (Seen.LURE_LINK,), "such a text that carries a link"),
    ("lure_police", (Seen.LURE_POLICE,), "a text with the wording of fake police"),
    ("lure_customer_service", (Seen.LURE_CUSTOMER_SERVICE,), "a text with the wording of fake customer service"),
    ("lure_brushing", (Seen.LURE_BRUSHING,), "a text with the wording of brushing for rebates"),
    ("lure_investment", (Seen.LURE_INVESTMENT,), "a text with the wording of a fake investment"),
    ("lure_loan", (Seen.LURE_LOAN,), "a text with the wording of a fake loan"),
    ("lure_credit_record", (Seen.LURE_CREDIT_RECORD,), "a text with the wording of a credit record repaired"),
    ("lure_phishing", (Seen.LURE_PHISHING,), "a text with the wording of phishing"),
    ("lure_boss", (Seen.LURE_BOSS,), "a text with the wording of a fake boss, acquaintance or relative"),
    ("lure_romance", (Seen.LURE_ROMANCE,), "a text with the wording of romance or dating"),
    ("lure_extortion", (Seen.LURE_EXTORTION,), "a text with the wording of extortion"),
    ("sideload", (Seen.SIDELOAD,), "the download of an APK outside the stores"),
    ("install", (Seen.INSTALL,), "the installation of an app"),
    ("sideload_install", (Seen.SIDELOAD_INSTALL,), "the installation of an app within an hour after such a download"),
    ("screen_share", (Seen.MEETING, Seen.REMOTE_CONTROL), "a meeting or remote-control app installed or active"),
    ("meeting", (Seen.MEETING,), "a meeting app installed or active"),
    ("remote_control", (Seen.REMOTE_CONTROL,), "a remote-control app installed or active"),
    ("share_install", (Seen.SHARE_INSTALL,), "the installation of a meeting or remote-control app"),
    ("bank_app", (Seen.BANK_APP,), "a bank app active"),
    ("loan_app", (Seen.LOAN_APP,), "a loan app installed or active"),
    ("invest_app", (Seen.INVEST_APP,), "an investment app installed or active"),
    ("dating_app", (Seen.DATING_APP,), "a dating app installed or active"),
    ("im_install", (Seen.IM_INSTALL,), "the installation of a chat app"),
    ("im_app", (Seen.IM_APP,), "a chat app installed or active"),
    ("bank_app_on_risky_call", (Seen.BANK_APP_ON_RISKY_CALL,), "a bank app while a risky call was up"),
    ("share_on_risky_call", (Seen.SHARE_ON_RISKY_CALL,), "a meeting or remote-control app while a risky call was up"),
    ("otp_on_risky_call", (Seen.OTP_ON_RISKY_CALL,), "a one-time code while a risky call was up"),
    ("short_link", (Seen.SHORT_LINK,), "a visit to a link shortener"),
    ("other_visit", (Seen.OTHER_VISIT,), "a visit to a host that is not on the top list"),
    ("new_host", (Seen.NEW_HOST,), "a visit to or download from a host outside the top list that is new to the subject"),
    ("lookalike_host", (Seen.LOOKALIKE_HOST,), "a visit to or download from a host that imitates a known name"),
    ("free_hosting", (Seen.FREE_HOSTING,), "a visit to or download from a host where anybody gets a sub-domain"),
    ("ip_host", (Seen.IP_HOST,), "a visit to or download from a host without a name"),
    ("scam_host", (Seen.SCAM_HOST,), "a visit to or download from a host that the host model takes for a scam"),
    ("official_call", (Seen.OFFICIAL_CALL,), "a call with a police or government service number"),
    ("forwarding", (Seen.FORWARDED,), "call forwarding set on the line"),
    ("marked", (Seen.MARKED,), "a tag that the feed had marked as scam"),
)
_COUNTED = (
    ("calls", Count.CALL, "calls started"),
    ("risky_calls", Count.RISKY_CALL, "risky calls started"),
    ("long_calls", Count.LONG_CALL, "calls of 10 minutes or more"),
    ("sms", Count.SMS, "texts"),
    ("otps", Count.OTP, "one-time codes"),
    ("bank_sms", Count.BANK_SMS, "texts of banks"),
    ("lures", Count.LURE, "texts with the wording of a scam"),
    ("visits", Count.VISIT, "visits"),
    ("other_visits", Count.OTHER_VISIT, "visits outside the top list"),
    ("sideloads", Count.SIDELOAD, "APK downloads outside the stores"),
    ("installs", Count.INSTALL, "app installations"),
    ("marked", Count.MARKED, "tags marked as scam by the feed"),
    ("downloads", Count.DOWNLOAD, "downloads"),
    ("app_actives", Count.APP_ACTIVE, "apps active"),
)
_COUNTED_QUICK = (
    ("overseas_calls", QuickCount.OVERSEAS_CALL, "calls from overseas started"),
    ("first_contact_calls", QuickCount.FIRST_CONTACT_CALL, "calls started by somebody not known"),
    ("scam_texts", QuickCount.SCAM_TEXT, "texts that the text model takes for a scam"),
    ("bank_apps", QuickCount.BANK_APP, "bank app events"),
    ("screen_shares", QuickCount.SCREEN_SHARE, "screen-share events"),
)
_COUNTED_SLOW = (
    ("lookalike_visits", SlowCount.LOOKALIKE, "visits to and downloads from hosts that imitate a known name"),
    ("new_hosts", SlowCount.NEW_HOST, "hosts outside the top list that were new to the subject"),
    ("loan_apps", SlowCount.LOAN_APP, "loan app events"),
    ("invest_apps", SlowCount.INVEST_APP, "investment app events"),
    ("nights", SlowCount.NIGHT, "tags at night, 22:00–06:00"),
)
_WINDOW_NAMES = ("10m", "1h", "24h", "7d", "30d", "90d")
_LURE_NAMES = tuple((str(name).lower(), lure) for name, lure in Lure.__members__.items())


def _of_calls() -> Iterator[Feature]:
    yield Feature("in_call", "0/1", "a call is in progress", lambda v: _floats(v.in_call))
    yield Feature("call_elapsed_s", "s", "since the call in progress was answered; 0 without", _call_elapsed_s)
    for name, flags, what in _CALL_FLAGS:
        yield Feature(f"call_{name}", "0/1", f"the call in progress {what}", _call_has(int(flags)))
    outgoing, forwarded = (_call_has(flag, incoming=False) for flag in (Flag.OUTGOING, Flag.FORWARDED))
    yield Feature("call_outgoing", "0/1", "the subject made the call in progress", outgoing)
    yield Feature("call_forwarded", "0/1", "forwarding was reported set during the call in progress", forwarded)
    yield Feature("call_reputation", "log-odds", "of the caller of the call in progress; 0 = nothing known", _call_reputation)
    for name, what in _DURING_CALL:
        yield Feature(f"call_{name}", "count", f"{what} during the call in progress", _while_in_call(f"call_{name}"))
    yield Feature("last_call_s", "s", "talk time of the last call that has ended; 0 = none", _head("last_call_s"))
    yield Feature("last_call_risky", "0/1", "the last call came from a risky number", _head("last_call_risky"))
    first = "the last call came from somebody the subject did not know"
    yield Feature("last_call_first_contact", "0/1", first, _head("last_call_first"))
    for name, what in _LAST_CALL:
        yield Feature(f"last_call_{name}", "count", f"{what} during the last call", _head(f"last_call_{name}"))
    ended = f"since the end of the last call; {NEVER_S:.0f} = never"
    yield Feature("since_last_call_s", "s", ended, lambda v: _since(v, v.h["last_call_end_s"]))


def _of_people() -> Iterator[Feature]:
    yield Feature("forwarded", "0/1", "call forwarding is set on the line now", _head("forwarded"))
    yield Feature("age", "years", "lower bound of the age band; 0 = unknown", _head("age"))
    yield Feature("age_known", "0/1", "the age band is known", lambda v: _floats(v.h["age"] > 0))
    yield Feature("lives_alone", "0/1", "household of one", lambda v: _floats(v.h["household"] == 1))
    yield Feature("victim_before", "0/1", "an officer confirmed a scam before", _head("victim"))
    yield Feature("alerts_before", "count", "alerts raised so far, the open one included", _head("alerts"))
    known = "since the subject was first seen"
    yield Feature("known_for_s", "s", known, lambda v: _floats((v.now_ms - v.h["first_ms"]) // 1000))
    yield Feature("ring_overflow", "count", "events of the last day that the ring lost", _head("overflow"))
    yield Feature("hour", "h", "hour of the day, UTC+8", lambda v: _floats(_local_h(v) % 24))
    yield Feature("night", "0/1", "22:00–06:00, UTC+8", lambda v: _floats((_local_h(v) + 2) % 24 < 8))
    yield Feature("weekday", "day", "0 = Monday … 6 = Sunday, UTC+8", lambda v: _floats((_local_h(v) // 24 + 3) % 7))


def _of_models() -> Iterator[Feature]:
    fading = "fading with a time constant of 24 h; 0 = none above 0"
    yield Feature("text_score_24h", "log-odds", f"highest of the text model, {fading}", _peak("text_peak"))
    yield Feature("host_score_24h", "log-odds", f"highest of the host model, {fading}", _peak("host_peak"))


def _of_history() -> Iterator[Feature]:
    for name, lure in _LURE_NAMES:
        doc = f"a text with the wording `{name}` since the last closure"
        yield Feature(f"lure_{name}", "0/1", doc, _had_lure(lure))
    for name, seen, what in _SINCE:
        yield Feature(f"since_{name}_s", "s", f"since {what}; {NEVER_S:.0f} = never", _since_seen(*seen))
    tables = (
        ("counts", _COUNTED, slice(None)),
        ("quick_counts", _COUNTED_QUICK, QUICK),
        ("slow_counts", _COUNTED_SLOW, SLOW),
    )
    for field, counted, windows in tables:
        for name, row, what in counted:
            yield from _windows_of(name, what, field, int(row), windows)


def _of_strangers() -> Iterator[Feature]:
    who = "somebody whom the subject does not know or has known for two days at most"
    for window in WINDOWS_MS:
        of = partial(_stranger_feature, window)
        yield of("stranger_calls", "count", f"calls of a minute or more, or risky, with {who}", Strangers.calls)
        yield of("stranger_talks", "count", f"calls of three minutes or more with {who}", Strangers.talks)
        yield of("stranger_texts", "count", f"texts from a person's number of {who}", Strangers.texts)
        yield of("same_stranger", "count", f"such calls and texts of the one stranger who had most, {MOST_OF_ONE} at most", Strangers.of_one)
        yield of("stranger_wrote_and_called", "0/1", f"a text and a call of one person: {who}", Strangers.wrote_and_called)
    for name, text, what in (("stranger_call", False, "such a call"), ("stranger_text", True, "such a text")):
        doc = f"since {what} with a stranger, if the ring still holds it; {NEVER_S:.0f} = never"
        yield Feature(f"since_{name}_s", "s", doc, _since_stranger(text=text))


def _stranger_feature(window: str, name: str, unit: str, what: str, compute: Callable[[Strangers, str], Floats]) -> Feature:
    return Feature(f"{name}_{window}", unit, f"{what} within {window}; as far as the ring holds them", lambda view: compute(view.strangers, window))


def _since_stranger(*, text: bool) -> Compute:
    return lambda view: _since(view, view.strangers.last_ms(text=text) // 1000)


def _windows_of(name: str, what: str, field: str, row: int, windows: slice) -> Iterator[Feature]:
    for column, window in enumerate(range(len(WINDOWS_S))[windows]):
        span = _WINDOW_NAMES[window]
        doc = f"{what}, decayed with a time constant of {span} ({WINDOWS_S[window]} s)"
        yield Feature(f"{name}_{span}", "count", doc, _counter(field, row, column, window))


def _all() -> Iterator[Feature]:
    for some in (_of_calls, _of_people, _of_models, _of_history, _of_strangers):
        yield from some()


FEATURES: Mapping[str, Feature] = {f.name: f for f in _all()}
"""Every feature by name, in the documented order."""


class Vector(dict[str, Floats]):
    """Features of n rows, each computed when it is first asked for."""

    def __init__(self, view: View) -> None:
        super().__init__()
        self._view = view

    def __missing__(self, name: str) -> Floats:
        self[name] = values = FEATURES[name].compute(self._view)
        return values


def compute(view: View, names: Iterable[str]) -> dict[str, Floats]:
    """The named features of n rows."""
    vector = Vector(view)
    return {name: vector[name] for name in names}
