"""The feature vector: every name, unit, window and version in one place. Rules and models read these.

All features are float64. "Never" is the sentinel NEVER_S, not a null, so that every
comparison has an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fraud_guard.features.update import RISKY, in_call
from fraud_guard.memory.layout import WINDOWS_S, Count, Seen
from fraud_guard.tags.kinds import Flag

NEVER_S = 315_360_000.0
"""Ten years: larger than any span a rule may ask for."""

Floats = npt.NDArray[np.float64]


class View(NamedTuple):
    """What a feature is computed from: gathered heads and the time of evaluation (epoch ms), one a row."""

    h: np.ndarray
    now_ms: npt.NDArray[np.int64]


class Feature(NamedTuple):
    """One feature. `compute` maps a View of n rows to float64 of shape (n,)."""

    name: str
    unit: str
    doc: str
    compute: Callable[[View], Floats]
    version: int = 1


def _since(seen: Seen) -> Callable[[View], Floats]:
    def compute(view: View) -> Floats:
        last = view.h["seen_s"][:, seen].astype(np.int64)
        return np.where(last > 0, np.maximum(view.now_ms // 1000 - last, 0), NEVER_S).astype(np.float64)

    return compute


def _counter(count: Count, window: int) -> Callable[[View], Floats]:
    def compute(view: View) -> Floats:
        idle_s = np.maximum(view.now_ms - view.h["last_ms"], 0) / 1000.0
        decay = np.exp(-idle_s / WINDOWS_S[window])
        left: Floats = view.h["counts"][:, count, window].astype(np.float64) * decay
        return left

    return compute


def _head(field: str) -> Callable[[View], Floats]:
    return lambda view: view.h[field].astype(np.float64)


def _while_in_call(field: str) -> Callable[[View], Floats]:
    return lambda view: np.where(in_call(view.h, view.now_ms), view.h[field], 0).astype(np.float64)


def _call_has(flags: int) -> Callable[[View], Floats]:
    def compute(view: View) -> Floats:
        incoming = (view.h["call_flags"] & np.uint32(Flag.OUTGOING)) == 0
        flagged = (view.h["call_flags"] & np.uint32(flags)) != 0
        found: Floats = (in_call(view.h, view.now_ms) & incoming & flagged).astype(np.float64)
        return found

    return compute


def _call_elapsed_s(view: View) -> Floats:
    answered = in_call(view.h, view.now_ms) & (view.h["call_answer_ms"] > 0)
    return np.where(answered, (view.now_ms - view.h["call_answer_ms"]) // 1000, 0).astype(np.float64)


def _hour(view: View) -> Floats:
    return ((view.now_ms // 3_600_000 + 8) % 24).astype(np.float64)


def _known_for_s(view: View) -> Floats:
    known: Floats = ((view.now_ms - view.h["first_ms"]) // 1000).astype(np.float64)
    return known


_WINDOW_NAMES = ("10m", "1h", "24h", "7d", "30d", "90d")
_SINCE = (
    ("risky_call", Seen.RISKY_CALL, "an incoming call from an overseas, virtual, irregular or marked number"),
    ("overseas_call", Seen.OVERSEAS_CALL, "an incoming call from outside mainland China"),
    ("long_risky_call", Seen.LONG_RISKY_CALL, "a risky call of 10 minutes or more (ended, or still running at its timer)"),
    ("otp", Seen.OTP, "a text with a one-time code"),
    ("bank_sms", Seen.BANK_SMS, "a text of a bank or payment service"),
    ("lure", Seen.LURE, "a text with the wording of a scam"),
    ("lure_link", Seen.LURE_LINK, "such a text that carries a link"),
    ("sideload", Seen.SIDELOAD, "the download of an APK outside the stores"),
    ("install", Seen.INSTALL, "the installation of an app"),
    ("screen_share", Seen.SCREEN_SHARE, "a meeting or remote-control app installed or active"),
    ("bank_app", Seen.BANK_APP, "a bank app active"),
    ("loan_app", Seen.LOAN_APP, "a loan app installed or active"),
    ("invest_app", Seen.INVEST_APP, "an investment app installed or active"),
    ("dating_app", Seen.DATING_APP, "a dating app installed or active"),
    ("im_install", Seen.IM_INSTALL, "the installation of a chat app"),
    ("short_link", Seen.SHORT_LINK, "a visit to a link shortener"),
    ("other_visit", Seen.OTHER_VISIT, "a visit to a host that is not on the top list"),
    ("official_call", Seen.OFFICIAL_CALL, "a call with a police or government service number"),
    ("forwarding", Seen.FORWARDED, "call forwarding set on the line"),
    ("marked", Seen.MARKED, "a tag that the feed had marked as scam"),
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
)


def _all() -> Iterable[Feature]:
    yield Feature("in_call", "0/1", "a call is in progress", lambda v: in_call(v.h, v.now_ms).astype(np.float64))
    yield Feature("call_elapsed_s", "s", "since the call in progress was answered; 0 without", _call_elapsed_s)
    yield Feature("call_risky", "0/1", "the call in progress came from a risky number", _call_has(int(RISKY)))
    yield Feature("call_overseas", "0/1", "the call in progress came from overseas", _call_has(Flag.OVERSEAS))
    yield Feature("call_virtual", "0/1", "the call in progress came from a virtual operator", _call_has(Flag.VIRTUAL))
    yield Feature("call_marked", "0/1", "the feed marked the caller of the call in progress", _call_has(Flag.MARKED))
    yield Feature("call_otps", "count", "one-time codes during the call in progress", _while_in_call("call_otps"))
    yield Feature("call_shares", "count", "screen-share events during the call in progress", _while_in_call("call_shares"))
    yield Feature("call_banks", "count", "bank app events during the call in progress", _while_in_call("call_banks"))
    yield Feature("forwarded", "0/1", "call forwarding is set on the line now", _head("forwarded"))
    yield Feature("age", "years", "lower bound of the age band; 0 = unknown", _head("age"))
    yield Feature("lives_alone", "0/1", "household of one", lambda v: (v.h["household"] == 1).astype(np.float64))
    yield Feature("victim_before", "0/1", "an officer confirmed a scam before", _head("victim"))
    yield Feature("hour", "h", "hour of the day, UTC+8", _hour)
    yield Feature("known_for_s", "s", "since the subject was first seen", _known_for_s)
    yield Feature("ring_overflow", "count", "events of the last day that the ring lost", _head("overflow"))
    for name, seen, what in _SINCE:
        yield Feature(f"since_{name}_s", "s", f"since {what}; {NEVER_S:.0f} = never", _since(seen))
    for name, count, what in _COUNTED:
        for i, window in enumerate(_WINDOW_NAMES):
            doc = f"{what}, decayed with a time constant of {window} ({WINDOWS_S[i]} s)"
            yield Feature(f"{name}_{window}", "count", doc, _counter(count, i))


FEATURES: Mapping[str, Feature] = {f.name: f for f in _all()}
"""Every feature by name, in the documented order."""


def compute(view: View, names: Iterable[str]) -> dict[str, Floats]:
    """The named features of n rows."""
    return {name: FEATURES[name].compute(view) for name in names}
