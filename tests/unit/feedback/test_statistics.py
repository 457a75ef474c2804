"""Promises of the statistics of closures."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from fraud_guard.dispatch.order import Order
from fraud_guard.escalation.alert import Alert
from fraud_guard.feedback.closure import TRUE, Closure, Truth
from fraud_guard.feedback.statistics import Tally, count_closures
from tests.histories import DESK, closure, effect, views

Told = tuple[Closure, Order, Alert]


def told(truth: Truth, *, rules: tuple[str, ...] = ("a",), area: str = "329981001", corrected: str | None = None) -> Told:
    outcome = DESK.on_effect(None, (), effect(area=area), views(*rules))
    assert outcome is not None
    (order,) = outcome.orders
    reported = Closure(order_id=order.order_id, ts_ms=1, truth=truth, contact="off", outcome="no_action", scam_type_corrected=corrected)
    return reported, order, outcome.alert


def test_nothing_closed() -> None:
    """Without closures there is no ratio, and nothing to divide by."""
    found = count_closures([])
    assert (found.total, found.total.false_alarms) == (Tally(), None)
    assert found.total.cells() == ("0", "0", "0", "0", "–")


def test_closures_by_truth_type_station_and_rule() -> None:
    """A closure counts once by truth, type and station, and once for each rule behind its alert."""
    found = count_closures(
        [told(Truth.CONTACTED, rules=("a", "b")), told(Truth.LEGIT), told(Truth.CANNOT_TELL, area="3299", corrected="fake_loan")]
    )
    assert found.total == Tally(1, 1, 1)
    assert {k: t.closures for k, t in found.truth.items()} == {"true_contacted_no_loss": 1, "false_legit_activity": 1, "cannot_tell": 1}
    assert found.scam_type == {"fake_police": Tally(1, 1, 0), "fake_loan": Tally(0, 0, 1)}
    assert found.station == {"north": Tally(1, 1, 0), "city": Tally(0, 0, 1)}
    assert found.rule == {"a": Tally(1, 1, 1), "b": Tally(1, 0, 0)}


def test_the_ratio_tells_its_n() -> None:
    """The false-alarm ratio stands beside the number it was computed from; cannot_tell is left out of it."""
    assert Tally(3, 1, 5).false_alarms == 0.25
    assert Tally(3, 1, 5).cells() == ("9", "3", "1", "5", "25.0% (n=4)")


def test_groups_and_json() -> None:
    """Groups come largest first; the JSON holds the same numbers."""
    found = count_closures([told(Truth.LEGIT, rules=("b",)), told(Truth.STALE, rules=("b", "c")), told(Truth.CONTACTED, rules=("c", "a", "b"))])
    groups = dict(found.groups())
    assert list(groups["命中规则 closures by rule"]) == ["b", "c", "a"]
    said = json.loads(found.to_json())
    assert said["total"] == {"closures": 3, "true": 1, "false": 2, "unknown": 0, "false_alarm_ratio": 2 / 3, "n": 3}
    assert said["rule"]["a"]["n"] == 1


@given(st.lists(st.sampled_from(Truth)))
def test_every_truth_counts_somewhere(truths: list[Truth]) -> None:
    """However the closures fall, true, false and unknown add up, and the groups agree."""
    found = count_closures(told(t) for t in truths)
    assert found.total.closures == len(truths) == sum(t.closures for t in found.truth.values())
    assert found.total.true == sum(t in TRUE for t in truths)


def test_the_closures_of_tests_are_sound() -> None:
    """The closure used by these tests agrees with itself."""
    assert closure("o").outcome == "dissuaded"
