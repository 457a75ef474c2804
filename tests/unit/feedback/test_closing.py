"""Promises of closing: which answers agree with each other, and which closure may be stored."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from fraud_guard.dispatch.order import Order
from fraud_guard.feedback.closing import check, check_acceptable, complete
from tests.histories import T0, closure

ORDER = Order(order_id="7b0f4b1e-0000-5000-8000-000000000001", alert_id="a", level=2, station_id="north", attempt=1, issued_ms=T0)
CLOSURE = complete(closure(ORDER.order_id))


def test_an_id_follows_from_order_and_time() -> None:
    """A closure without an id gets one that every machine computes alike; a given id stays."""
    assert complete(closure(ORDER.order_id)) == CLOSURE
    assert complete(closure(ORDER.order_id, T0 + 1)).closure_id != CLOSURE.closure_id
    assert complete(closure(ORDER.order_id, closure_id="mine")).closure_id == "mine"


@pytest.mark.parametrize("state", ["issued", "accepted"])
def test_a_live_order_is_closed(state: str) -> None:
    """An order that was issued or accepted may be closed."""
    assert check(ORDER.model_copy(update={"state": state}), CLOSURE, None)


def test_the_same_again_is_nothing_new() -> None:
    """A closure that is stored already is no error."""
    assert not check(ORDER.model_copy(update={"state": "closed"}), CLOSURE, CLOSURE)


@pytest.mark.parametrize(("state", "why"), [("accepted", "was accepted before"), ("closed", "is closed"), ("superseded", "replaced")])
def test_only_an_issued_order_is_accepted(state: str, why: str) -> None:
    """A refusal to accept says in what state the order is."""
    with pytest.raises(ValueError, match=why):
        check_acceptable(ORDER.model_copy(update={"state": state}))
    check_acceptable(ORDER)


@pytest.mark.parametrize(
    ("answers", "complaint"),
    [
        ({"contact": "busy"}, "dissuaded needs contact"),
        ({"outcome": "scammed_after_warning", "truth": "cannot_tell"}, "needs a truth that is true_"),
        ({"contact": "wrong_number", "outcome": "no_action"}, "wrong_number goes with"),
    ],
)
def test_answers_must_agree(answers: dict[str, str], complaint: str) -> None:
    """A closure whose answers contradict each other is refused."""
    with pytest.raises(ValidationError, match=complaint):
        type(CLOSURE)(**{**CLOSURE.model_dump(), **answers})
