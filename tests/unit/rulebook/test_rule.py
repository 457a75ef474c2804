"""The rule model and what an event offers to rules."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_guard.rulebook.book import FEATURE_SCHEMA
from fraud_guard.rulebook.events import EVENT_SCHEMA, EventColumns
from fraud_guard.rulebook.expression import compile_sql
from fraud_guard.rulebook.rule import seconds
from fraud_guard.tags.kinds import Category, Flag, Kind, Lure


def holds(sql: str, kind: Kind, category: int = 0, flags: int = 0) -> bool:
    """Whether a condition holds for one event."""
    columns = EventColumns(np.array([kind], np.uint8), np.array([category], np.uint8), np.array([flags], np.uint32))
    return bool(compile_sql(sql, EVENT_SCHEMA).run(columns, {})[0])


@given(st.integers(0, 10**6), st.sampled_from([("s", 1), ("min", 60), ("h", 3_600), ("d", 86_400)]))
def test_a_span_is_read_in_seconds(number: int, unit: tuple[str, int]) -> None:
    """Number and unit give seconds, with or without a blank."""
    assert seconds(f"{number}{unit[0]}") == seconds(f" {number} {unit[0]} ") == number * unit[1]


@pytest.mark.parametrize("text", ["", "5", "h", "-5s", "1.5h", "5m", "5 weeks", "1h30min", None, 5])
def test_what_is_no_span_is_refused(text: object) -> None:
    """A span without a known unit is refused with examples of how to write it."""
    with pytest.raises(ValueError, match="90s, 15min, 2h or 7d"):
        seconds(text)


@pytest.mark.parametrize("flag", list(Flag), ids=lambda f: str(f.name).lower())
def test_every_flag_is_a_name(flag: Flag) -> None:
    """Each flag of a tag is a yes/no name that is true for that flag only."""
    name = str(flag.name).lower()
    others = [f for f in Flag if f is not flag]
    assert holds(name, Kind.SMS, flags=int(flag))
    assert not any(holds(name, Kind.SMS, flags=int(other)) for other in others)


def test_an_app_has_a_category_and_nothing_else_has() -> None:
    """`app` reads the category byte of app events only; of texts it is the lure."""
    assert holds("app = 'bank'", Kind.APP_ACTIVE, Category.BANK)
    assert not holds("app = 'bank'", Kind.SMS, Category.BANK)
    assert holds("app = 'none'", Kind.CALL_START)


@pytest.mark.parametrize("lure", list(Lure), ids=lambda f: str(f.name).lower())
def test_a_text_has_the_type_of_its_lowest_lure(lure: Lure) -> None:
    """`lure_type` of a text is the name of its lure."""
    assert holds(f"lure_type = '{str(lure.name).lower()}'", Kind.SMS, int(lure).bit_length())


@pytest.mark.parametrize("flag", [Flag.OVERSEAS, Flag.VIRTUAL, Flag.IRREGULAR, Flag.MARKED])
def test_risky_is_an_incoming_call_of_a_risky_number(flag: Flag) -> None:
    """All phases of such a call and its timer are risky; an outgoing call or a text is not."""
    assert all(holds("risky", k, flags=flag) for k in (Kind.CALL_START, Kind.CALL_ANSWER, Kind.CALL_END, Kind.TIMER))
    assert not holds("risky", Kind.CALL_ANSWER, flags=flag | Flag.OUTGOING)
    assert not holds("risky", Kind.SMS, flags=flag)


def test_names_of_events_and_subjects_are_told_apart() -> None:
    """`when` cannot speak of one event and `event` cannot speak of the subject, but for words both have."""
    assert set(EVENT_SCHEMA) & set(FEATURE_SCHEMA) == {"forwarded", "night"}
