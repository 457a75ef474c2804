"""Strangers who come back: what the ring tells of the last two days."""

from __future__ import annotations

import numpy as np
import pytest

from fraud_guard.tags.kinds import Flag, Kind
from tests.records import One, row

END = Kind.CALL_END
HOUR_S = 3_600


def peer(n: int) -> int:
    """A number whose bits are spread as those of a hash."""
    return int(np.random.default_rng(n).integers(1, 1 << 63))


def spoke(n: int, at_s: float, seconds: int = 90, **more: int) -> np.ndarray:
    """The end of a call with person `n`."""
    return row(END, at_s, peer=peer(n), call=int(at_s) + 1, value=seconds, **more)


def text(n: int, at_s: float, **more: int) -> np.ndarray:
    return row(Kind.SMS, at_s, peer=peer(n), **more)


def new_peers(*rows: np.ndarray) -> list[bool]:
    One(*rows)
    return [bool(one["flags"][0] & Flag.NEW_PEER) for one in rows]


def test_a_stranger_stays_new_for_two_days() -> None:
    """Known after two contacts, and yet new until the last contact as a stranger is two days old."""
    day = 24 * HOUR_S
    rows = (spoke(1, 0), spoke(1, 100), spoke(1, 200), text(1, day), spoke(1, 2 * day + 101))
    assert new_peers(*rows) == [False, False, True, True, False]


def test_short_calls_and_companies_are_not_asked_about() -> None:
    """A courier's 20 s and texts of service numbers take no place in the ring."""
    one = One(spoke(1, 0, 20), spoke(1, 50, 20), spoke(1, 100, 20), text(2, 200, flags=Flag.SHORT_CODE))
    assert one["ring_size"] == 0
    assert one.feature("stranger_calls_2d") == one.feature("stranger_texts_2d") == 0


def test_contacts_of_the_most_frequent_stranger_are_told_apart() -> None:
    """Three of one and one of another are four contacts, three of one person who wrote and called."""
    one = One(spoke(1, 0), text(1, 600), spoke(1, 900, 400), spoke(2, 1_200, 70))
    assert one.feature("stranger_calls_6h") == 3
    assert one.feature("stranger_talks_6h") == 1
    assert one.feature("stranger_texts_6h") == 1
    assert one.feature("same_stranger_6h") == 3
    assert one.feature("stranger_wrote_and_called_6h") == 1
    assert one.feature("since_stranger_text_s", 100) == 700


def test_two_strangers_are_not_one() -> None:
    """A text of one and a call of another do not add up to somebody who did both."""
    one = One(text(1, 0), spoke(2, 60))
    assert one.feature("same_stranger_2d") == 1
    assert one.feature("stranger_wrote_and_called_2d") == 0


@pytest.mark.parametrize(("after_s", "six_hours", "two_days"), [(0, 1, 1), (7 * HOUR_S, 0, 1), (49 * HOUR_S, 0, 0)])
def test_windows_end(after_s: int, six_hours: int, two_days: int) -> None:
    """A contact leaves the six hours first and the two days later."""
    one = One(spoke(1, 0))
    assert one.feature("stranger_calls_6h", after_s) == six_hours
    assert one.feature("stranger_calls_2d", after_s) == two_days


def test_many_contacts_of_one_are_counted_up_to_six() -> None:
    """The ninth contact says no more than the sixth."""
    one = One(*(spoke(1, 100 * k) for k in range(9)))
    assert one.feature("same_stranger_6h") == 6
    assert one.feature("stranger_calls_6h") == 9
