"""Whole days against the shipped rules: clear scams are seen in time, ordinary life stays quiet.

A failure after a change of weights means that the change raises or lowers real situations: judge it by the
story of the day (README of the golden day), then mend the rule or the promise.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import datasets
from fraud_guard.escalation.effects import AlertEffect
from tests.rules.shelf import replay, worst_level

GOLDEN = Path(datasets.__file__).parent / "golden"
DAY_MS = 1_773_590_400_000  # 2026-03-16 00:00 UTC+8
Tag = dict[str, Any]
LURE = "兼职招聘：手机点赞做任务，佣金日结，日赚300元，进群 https://dwz.cn/Ab12"
CODE = "【云禾银行】验证码123456，请勿告诉他人。"


@pytest.fixture(scope="module")
def golden_day() -> dict[str, list[AlertEffect]]:
    return replay(GOLDEN / "day")


def clock_ms(hhmmss: str) -> int:
    hours, minutes, seconds = map(int, hhmmss.split(":"))
    return DAY_MS + (hours * 3_600 + minutes * 60 + seconds) * 1000


def call(phase: str, at: str, peer: str = "0085253000123", *, direction: str = "in", seconds: int | None = None) -> Tag:
    end = {"duration_s": seconds} if seconds is not None else {}
    return {"at": at, "channel": "call", "peer": peer, "direction": direction, "phase": phase, "call_id": "c", **end}


def sms(at: str, text: str, peer: str = "95588") -> Tag:
    return {"at": at, "channel": "sms", "peer": peer, "direction": "in", "text": text}


def app(at: str, category: str, kind: str = "app_active") -> Tag:
    return {"at": at, "channel": "net", "kind": kind, "package": f"com.{category}.example", "app_category": category}


@pytest.mark.parametrize(
    ("person", "level", "before", "scam_type"),
    [
        ("0101", 1, "10:20:15", "fake_customer_service"),  # bank app
        ("0102", 1, "14:21:00", "fake_police"),  # bank app
        ("0103", 2, "16:31:00", "brushing_rebate"),  # first payment
        ("0103", 1, "18:54:00", "brushing_rebate"),  # second payment
        ("0104", 2, "15:21:00", "fake_loan"),  # first code
        ("0104", 1, "15:52:00", "fake_loan"),  # bank app
        ("0105", 3, "09:58:24", "fake_police"),  # hangs up
        ("0106", 1, "19:26:15", "fake_customer_service"),  # first code
    ],
)
def test_a_scam_is_seen_in_time(
    golden_day: dict[str, list[AlertEffect]], person: str, level: int, before: str, scam_type: str
) -> None:
    """On the golden day each victim's alert reaches its level before the moment that matters."""
    changes = golden_day["+861990000" + person]
    reached = [c for c in changes if c.ts_ms < clock_ms(before)]
    assert min(c.level for c in reached) <= level
    assert next(iter(reached[-1].types)) == scam_type


def test_nobody_else_is_troubled_on_the_golden_day(golden_day: dict[str, list[AlertEffect]]) -> None:
    """Failed attempts and look-alikes raise no alert at all."""
    assert set(golden_day) == {f"+86199000001{n:02d}" for n in range(1, 7)}


def test_the_quiet_day_is_quiet() -> None:
    """Ordinary life raises nothing at level 3 or more serious."""
    assert [c.level for changes in replay(GOLDEN / "quiet").values() for c in changes if c.level <= 3] == []


@pytest.mark.parametrize(
    "tags",
    [
        [call("start", "0s"), call("answer", "5s"), call("end", "25s", seconds=20)],
        [sms("0s", LURE, "+8619910009002")],
        [sms("0s", CODE), app("1min", "bank")],
        [app("0s", "meeting", "app_install")],
        [call("start", "0s", "+8619910009003"), call("answer", "5s", "+8619910009003"), app("1min", "meeting")],
        [sms("0s", CODE), sms("3min", CODE), sms("6min", CODE), app("7min", "bank")],
        [app("0s", "loan", "app_install"), app("1h", "bank")],
        [call("start", "0s", "17000000214"), call("end", "40s", "17000000214", seconds=35), app("5min", "bank")],
    ],
    ids=["overseas 20 s", "lure", "bank code", "meeting app", "colleague", "salaries", "loan app", "courier"],
)
def test_one_weak_thing_raises_nothing(tags: list[Tag]) -> None:
    """A lone weak sign stays below every level."""
    assert worst_level(tags) is None


def test_a_relative_abroad_raises_nothing() -> None:
    """An overseas call of 40 minutes alone is no sign enough for somebody who is neither old nor alone."""
    day = [call("start", "0s"), call("answer", "5s"), call("end", "40min", seconds=2395)]
    assert worst_level(day, age_band="35-44", household="family") is None


def test_the_weekly_call_of_an_old_person_raises_nothing() -> None:
    """Somebody abroad who has called every week is a habit, even for an old person who lives alone."""
    weeks = [call("start", f"{7 * n}d") | {"call_id": f"w{n}"} for n in range(5)]
    last = [call("start", "35d"), call("answer", "35d"), call("end", "36d", seconds=2400)]
    assert worst_level([*weeks, *last], age_band="75+", household="alone") is None


def test_the_first_long_call_of_an_old_person_alone_is_level_3() -> None:
    """The same call out of nothing asks for a visit of the grid team."""
    day = [call("start", "0s"), call("answer", "5s")]
    assert worst_level(day, until="20min", age_band="75+", household="alone") == 3


def test_a_former_victim_is_seen_sooner() -> None:
    """The same long overseas call is level 2 for somebody who was cheated before."""
    day = [call("start", "0s"), call("answer", "5s")]
    assert worst_level(day, until="20min", victim="yes") == 2
