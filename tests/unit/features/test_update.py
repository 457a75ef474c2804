"""How single tags change a record: calls in any order of their phases, counters, last-seen times."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from fraud_guard.features.calls import in_call
from fraud_guard.features.facts import SPOKEN, Facts, keys_of
from fraud_guard.features.update import renew
from fraud_guard.memory.layout import EXPIRE_S, Count, Seen, hot
from fraud_guard.tags.kinds import Category, Flag, Kind
from tests.records import T_MS, One, row

START, ANSWER, END = Kind.CALL_START, Kind.CALL_ANSWER, Kind.CALL_END


def phase(kind: int, at_s: float, call: int = 5, flags: int = Flag.OVERSEAS, **more: int) -> np.ndarray:
    return row(kind, at_s, call=call, peer=77, flags=flags, **more)


def test_a_call_is_up_from_start_to_end():
    """Between start and end the call is in progress; the answer time is kept apart."""
    head = One(phase(START, 0), phase(ANSWER, 8))
    assert (head["call"], head["call_answer_ms"] - T_MS) == (5, 8_000)
    assert in_call(head.head, np.array([T_MS + 60_000]))[0]
    assert not in_call(One(phase(START, 0), phase(ANSWER, 8), phase(END, 30)).head, np.array([T_MS + 60_000]))[0]


def test_a_call_without_an_end_is_over_after_four_hours():
    """Nobody stays on a forgotten call for ever."""
    head = One(phase(START, 0), phase(ANSWER, 8))
    assert in_call(head.head, np.array([T_MS + 14_399_000]))[0]
    assert not in_call(head.head, np.array([T_MS + 14_400_000]))[0]


def test_an_answer_alone_begins_the_call():
    """A feed that sends no start still has its calls followed."""
    assert One(phase(ANSWER, 8))["call_start_ms"] == T_MS + 8_000


def test_a_start_that_comes_after_the_end_is_ignored():
    """A late phase of a call that is over does not bring it back."""
    head = One(phase(START, 0), phase(END, 30), phase(ANSWER, 8))
    assert head["call"] == 0


def test_an_end_that_comes_first_ends_the_call():
    """When the phases of a call arrive in any order, the call is over in the end; the next one begins."""
    for order in permutations((phase(START, 0), phase(ANSWER, 8), phase(END, 30))):
        head = One(*(one.copy() for one in order))
        assert head["call"] == 0
        head.take([phase(START, 40, call=6)])
        assert head["call"] == 6


@pytest.mark.parametrize(("second", "wins"), [(Flag.VIRTUAL, True), (0, False)])
def test_only_a_risky_call_displaces_a_risky_call(second, wins):
    """While a risky call is up a harmless one does not hide it; another risky one does."""
    head = One(phase(START, 0), phase(ANSWER, 8), phase(START, 20, call=6, flags=second))
    assert head["call"] == (6 if wins else 5)


def test_a_harmless_call_gives_way():
    """A risky call takes the place of a harmless one."""
    assert One(phase(START, 0, flags=0), phase(START, 20, call=6))["call"] == 6


def test_phases_without_an_id_are_joined_by_the_peer():
    """Start and end with the same peer and no call id are one call."""
    head = One(phase(START, 0, call=0), phase(ANSWER, 5, call=0), phase(END, 700, call=0))
    assert head["call"] == 0
    assert head["counts"][Count.LONG_CALL, 0] > 0


@pytest.mark.parametrize(
    ("end", "value", "long"), [(608, 0, True), (607, 0, False), (60, 600, True), (900, 30, False)]
)
def test_a_long_call_is_known_at_its_end(end, value, long):
    """The feed's duration counts, else the time since the answer; 600 s is long."""
    last = phase(END, end, value=value)
    head = One(phase(START, 0), phase(ANSWER, 8), last)
    assert bool(last["flags"][0] & Flag.LONG) == long
    assert bool(head["seen_s"][Seen.LONG_RISKY_CALL]) == long


def test_what_happens_during_a_call_is_counted_for_the_call():
    """Codes, screen sharing and bank apps count from the start on, and begin again with the next call."""
    code = {"kind": Kind.SMS, "flags": Flag.OTP}
    during = [
        row(at_s=20, **code), row(at_s=30, **code), row(Kind.APP_ACTIVE, 40, category=Category.MEETING),
        row(Kind.APP_ACTIVE, 50, category=Category.BANK),
    ]  # fmt: skip
    head = One(row(at_s=-5, **code), phase(START, 0), phase(ANSWER, 8), *during, row(at_s=-3, **code))
    assert [int(head[n]) for n in ("call_otps", "call_shares", "call_banks")] == [2, 1, 1]
    head.take([phase(START, 90, call=6)])
    assert [int(head[n]) for n in ("call_otps", "call_shares", "call_banks")] == [0, 0, 0]


def test_counters_fade_with_their_window():
    """After one window a count has fallen to 1/e; a longer window holds it longer."""
    head = One(row(Kind.SMS), row(Kind.VISIT, 3_600))
    assert head.feature("sms_1h") == pytest.approx(np.exp(-1), rel=1e-6)
    assert head.feature("sms_10m") == pytest.approx(np.exp(-6), rel=1e-6)
    assert head.feature("sms_90d") == pytest.approx(np.exp(-3_600 / EXPIRE_S), rel=1e-6)


@pytest.mark.parametrize("gap_s", [5_000, 30_000, 200_000, 5_000_000])
def test_moving_the_mark_changes_no_counter(gap_s):
    """However far the mark of the counters moves up, each event is worth what its age says."""
    head = One(row(Kind.SMS), row(Kind.SMS, gap_s), row(Kind.VISIT, 2 * gap_s))
    for name, window_s in (("10m", 600), ("24h", 86_400), ("30d", 2_592_000)):
        expected = np.exp(-2 * gap_s / window_s) + np.exp(-gap_s / window_s)
        assert head.feature(f"sms_{name}") == pytest.approx(expected, rel=1e-5, abs=1e-30)


def test_a_late_tag_counts_as_if_it_had_come_in_time():
    """Two tags count the same in either order."""
    straight, swapped = One(row(Kind.SMS), row(Kind.SMS, 900)), One(row(Kind.SMS, 900), row(Kind.SMS))
    for name in ("sms_10m", "sms_1h", "sms_90d"):
        assert swapped.feature(name) == pytest.approx(straight.feature(name), rel=1e-6)
    assert swapped["last_ms"] == straight["last_ms"]


def test_a_late_tag_does_not_overwrite_newer_facts():
    """Area and forwarding follow the newest tag by its own time."""
    new = phase(START, 60, flags=Flag.FORWARD_KNOWN | Flag.FORWARDED, area=9)
    old = phase(START, 0, flags=Flag.FORWARD_KNOWN, area=8)
    head = One(new, old)
    assert (head["forwarded"], head["area"]) == (1, 9)


def test_ninety_days_of_silence_are_forgotten():
    """After 90 days all signals go; the number of alerts and a confirmed scam stay."""
    head, slots = One(row(Kind.SMS, flags=Flag.OTP, peer=1 << 40)).head, np.zeros(1, np.intp)
    head["alerts"], head["victim"], head["ring_size"] = 3, 1, 5
    h = hot(head)[slots]
    renew(head, h, slots, np.array([T_MS + EXPIRE_S * 1000]))
    assert h["ring_size"][0] == 5
    renew(head, h, slots, np.array([T_MS + EXPIRE_S * 1000 + 1]))
    assert (h["alerts"][0], h["victim"][0], h["ring_size"][0]) == (3, 1, 0)
    assert not any(head[name].any() for name in ("counts", "seen_s", "peers", "met", "hosts"))
    assert h["first_ms"][0] == T_MS + EXPIRE_S * 1000 + 1


@pytest.mark.parametrize(
    ("fields", "significant"),
    [
        ({"kind": START, "flags": Flag.OVERSEAS}, True),
        ({"kind": START, "flags": 0}, False),
        ({"kind": START, "flags": Flag.FORWARDED}, True),
        ({"kind": Kind.SMS, "flags": Flag.OTP}, True),
        ({"kind": Kind.SMS, "flags": Flag.LINK}, False),
        ({"kind": Kind.VISIT, "flags": Flag.TOP_HOST}, False),
        ({"kind": Kind.VISIT, "flags": Flag.SHORT_LINK}, True),
        ({"kind": Kind.DOWNLOAD, "flags": Flag.APK}, True),
        ({"kind": Kind.DOWNLOAD, "flags": 0}, False),
        ({"kind": Kind.APP_INSTALL, "category": Category.GAME}, True),
        ({"kind": Kind.APP_ACTIVE, "category": Category.GAME}, False),
        ({"kind": Kind.APP_ACTIVE, "category": Category.LOAN}, True),
        ({"kind": END, "flags": Flag.FIRST_CONTACT}, False),
        ({"kind": END, "flags": Flag.FIRST_CONTACT, "state": SPOKEN}, True),
        ({"kind": END, "flags": Flag.NEW_PEER | Flag.OUTGOING, "state": SPOKEN}, True),
        ({"kind": END, "flags": Flag.TALKED, "state": SPOKEN}, False),
        ({"kind": Kind.SMS, "flags": Flag.FIRST_CONTACT}, True),
        ({"kind": Kind.SMS, "flags": Flag.NEW_PEER}, True),
        ({"kind": Kind.SMS, "flags": Flag.FIRST_CONTACT | Flag.SHORT_CODE}, False),
        ({"kind": Kind.SMS, "flags": Flag.FIRST_CONTACT | Flag.OUTGOING}, False),
        ({"kind": ANSWER, "flags": Flag.FIRST_CONTACT}, False),
        ({"kind": Kind.SMS, "flags": Flag.SCAM_TEXT}, True),
        ({"kind": Kind.VISIT, "flags": Flag.LOOKALIKE}, True),
        ({"kind": Kind.VISIT, "flags": Flag.FREE_HOSTING}, False),
        ({"kind": Kind.VISIT, "flags": Flag.FREE_HOSTING | Flag.NEW_HOST}, True),
        ({"kind": Kind.TIMER}, True),
    ],
)
def test_significant_events_are_those_rules_can_use(fields, significant):
    """Only events that say something about a scam take a place in the ring."""
    given = {"category": 0, "flags": 0, "state": 0} | fields
    columns = (np.array([given[name]], kind) for name, kind in (("kind", "u1"), ("category", "u1"), ("flags", "u4"), ("state", "u1")))
    table, codes = Facts().look_up(keys_of(*columns))
    assert table.significant[codes[0]] == significant
