"""Conditions that can never be true are told from those that can."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraud_guard.rulebook.book import compile_event, compile_when
from fraud_guard.rulebook.events import EventColumns
from fraud_guard.rulebook.possible import can_happen, can_hold
from fraud_guard.tags.kinds import Category, Kind


@pytest.mark.parametrize(
    "sql",
    [
        "age > 200", "hour < 3 AND hour > 20", "NOT (age >= 0)", "in_call AND NOT in_call", "since_otp_s > 400000000",
        "calls_1h - sms_1h > 2 AND calls_1h - sms_1h < 1", "call_risky = 1 AND NOT call_risky", "1 > 2 AND in_call",
        "FALSE AND in_call", "call_otps < 0", "age BETWEEN 60 AND 50", "age IN (1, 2) AND age > 3", "NOT in_call AND (in_call OR age > 200)",
    ],
)  # fmt: skip
def test_a_contradiction_is_found(sql: str) -> None:
    """No person can ever fulfil this."""
    assert not can_hold(compile_when(sql))


@pytest.mark.parametrize(
    "sql",
    [
        "call_otps >= 2", "age BETWEEN 50 AND 60", "NOT age BETWEEN 50 AND 60", "in_call OR age > 200", "calls_1h / GREATEST(sms_1h, 1) > 100",
        "since_otp_s = 315360000", "hour >= 22 OR hour < 6", "otps_1h > 1.5 AND otps_1h < 1.6", "age NOT IN (0, 60)", "TRUE AND in_call",
    ],
)  # fmt: skip
def test_a_condition_that_can_hold_is_left_alone(sql: str) -> None:
    """A rule is never called impossible when it is not."""
    assert can_hold(compile_when(sql))


@pytest.mark.parametrize(
    "sql",
    [
        "kind = 'sms' AND kind = 'visit'", "kind = 'sms' AND app = 'bank'", "kind = 'sms' AND risky", "call AND kind = 'sms'",
        "kind = 'visit' AND lure_type = 'police'", "NOT call AND kind = 'call_end'", "otp AND NOT otp", "app = 'bank' AND app = 'loan'",
    ],
)  # fmt: skip
def test_an_event_that_cannot_happen_is_found(sql: str) -> None:
    """Kinds, categories and what follows from them contradict each other."""
    assert not can_happen(compile_event(sql))


WORDS = ("kind = 'sms'", "kind IN ('call_end', 'timer')", "app = 'bank'", "lure_type = 'police'", "call", "risky", "otp", "overseas", "outgoing")


@settings(max_examples=150)
@given(
    st.recursive(st.sampled_from(WORDS), lambda i: i.map("NOT ({})".format) | st.builds("({}) {} ({})".format, i, st.sampled_from(("AND", "OR")), i), max_leaves=5),
    st.integers(0, 2**31 - 1),
)  # fmt: skip
def test_what_happens_can_happen(sql: str, flags: int) -> None:
    """An event that fulfils a condition proves that it can be fulfilled."""
    kinds, categories = np.meshgrid([k for k in Kind if k is not Kind.TICK], list(Category))
    columns = EventColumns(kinds.astype(np.uint8), categories.astype(np.uint8), np.full(kinds.shape, flags, np.uint32))
    event = compile_event(sql)
    assert can_happen(event) or not event.run(columns, {}).any()


def test_a_timer_speaks_of_a_call() -> None:
    """The `call` of a timer is asked when the call is answered, so it cannot be a text."""
    assert not can_happen(compile_event("kind = 'sms'"), (Kind.CALL_ANSWER,))
    assert can_happen(compile_event("risky"), (Kind.CALL_ANSWER,))
