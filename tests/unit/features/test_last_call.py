"""The last call, from its phases or from its end alone; what fell into it; who called."""

from __future__ import annotations

import numpy as np
import pytest

from fraud_guard.tags.kinds import Category, Flag, Kind
from tests.records import T_MS, One, row

START, ANSWER, END = Kind.CALL_START, Kind.CALL_ANSWER, Kind.CALL_END
OTP = row(Kind.SMS, 100, flags=Flag.OTP)
LURE = row(Kind.SMS, 150, flags=Flag.LURE)
SHARE = row(Kind.APP_INSTALL, 200, category=Category.MEETING)
BANK = row(Kind.APP_ACTIVE, 250, category=Category.BANK)
DURING = (OTP, LURE, SHARE, BANK)


def phase(kind: int, at_s: float, call: int = 5, flags: int = Flag.OVERSEAS, **more: int) -> np.ndarray:
    return row(kind, at_s, call=call, peer=77, flags=flags, **more)


def told(one: One, after_s: float = 0) -> dict[str, float]:
    names = ("last_call_s", "last_call_risky", "last_call_otps", "last_call_lures", "last_call_shares", "last_call_banks",
             "since_last_call_s")  # fmt: skip
    return {name: one.feature(name, after_s) for name in names}


WHOLE = {"last_call_s": 290, "last_call_risky": 1, "last_call_otps": 1, "last_call_lures": 1, "last_call_shares": 1,
         "last_call_banks": 1, "since_last_call_s": 40}  # fmt: skip


def test_a_call_by_its_phases_becomes_the_last_call():
    """At its end a call hands on how long it was, who called and what happened during it."""
    one = One(phase(START, 0), phase(ANSWER, 10), *(d.copy() for d in DURING), phase(END, 300))
    assert told(one, 40) == WHOLE


def test_an_end_alone_tells_the_same():
    """A feed that sends only ends with a duration gives the same last call, read from the ring."""
    one = One(*(d.copy() for d in DURING), phase(END, 300, call=0, value=290))
    assert told(one, 40) == WHOLE


def test_only_what_fell_into_the_call_counts():
    """Codes before the call and after its end are not its own; both edges are."""
    code = {"kind": Kind.SMS, "flags": Flag.OTP}
    rows = [row(at_s=t, **code) for t in (99, 100, 300, 301)]
    assert One(*rows, phase(END, 300, call=0, value=200)).feature("last_call_otps") == 2


def test_an_unanswered_call_is_no_last_call():
    """A call that nobody took leaves the last call as it was."""
    one = One(phase(END, 300, call=0, value=290), phase(START, 400, call=6), phase(END, 420, call=6))
    assert (one.feature("last_call_s"), one.feature("since_last_call_s")) == (290, 120)


def test_a_late_end_does_not_hide_a_newer_call():
    """The last call is the one that ended last, whatever comes when."""
    one = One(phase(END, 900, call=7, value=60), phase(END, 300, call=6, value=290))
    assert one.feature("last_call_s") == 60


@pytest.mark.parametrize(("seconds", "talked", "long"), [(179, False, False), (180, True, False), (600, True, True)])
def test_the_length_of_a_call_is_flagged_at_its_end(seconds, talked, long):
    """Three minutes are a talk, ten are long, also when only the end is sent."""
    end = phase(END, 700, call=0, value=seconds)
    One(end)
    assert (bool(end["flags"][0] & Flag.TALKED), bool(end["flags"][0] & Flag.LONG)) == (talked, long)


def test_counts_of_a_call_do_not_wrap():
    """More than 255 codes during a call stay 255."""
    one = One(phase(START, 0), phase(ANSWER, 1), *(row(Kind.SMS, 2 + n, flags=Flag.OTP) for n in range(300)))
    assert one.feature("call_otps") == 255


def test_what_happens_on_a_risky_call_is_remembered():
    """Bank app, screen share and code while a risky call is up have times of their own; on a harmless call they have not."""
    names = ("since_bank_app_on_risky_call_s", "since_share_on_risky_call_s", "since_otp_on_risky_call_s")
    for flags, expected in ((Flag.OVERSEAS, True), (0, False), (Flag.OVERSEAS | Flag.OUTGOING, False)):
        one = One(phase(START, 0, flags=flags), phase(ANSWER, 9, flags=flags), *(d.copy() for d in DURING))
        assert [one.feature(n) < 1_000 for n in names] == [expected] * 3


def test_an_install_soon_after_a_sideload_is_told():
    """Within an hour after a sideload an install carries the flag; later, or without, it does not."""
    load = row(Kind.DOWNLOAD, 0, flags=Flag.APK | Flag.SIDELOADED)
    for at_s, soon in ((0, True), (3_600, True), (3_601, False), (-5, False)):
        install = row(Kind.APP_INSTALL, at_s)
        One(load.copy(), install)
        assert bool(install["flags"][0] & Flag.SIDELOADED) == soon
    assert One(row(Kind.APP_INSTALL)).feature("sideloads_24h") == 0


def test_a_peak_fades_and_holds_the_highest():
    """The highest score of a model counts, less by age; a score against a scam is none."""
    one = One(row(Kind.SMS, 0, text_score=128 + 32), row(Kind.SMS, 60, text_score=128 + 8), row(Kind.SMS, 86_400, text_score=40))
    assert one.feature("text_score_24h") == pytest.approx(4 * np.exp(-1), rel=1e-5)
    assert one.feature("host_score_24h") == 0


def test_weekday_and_night_are_those_of_china():
    """14 February 2026, 22:30 in China, is a Saturday night."""
    one = One(row(Kind.SMS))
    after_s = (1_771_079_400_000 - T_MS) / 1000
    assert (one.feature("weekday", after_s), one.feature("night", after_s), one.feature("hour", after_s)) == (5, 1, 22)
