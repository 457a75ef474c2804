"""Closing an order: which closure may be stored, and what a refusal says."""

from __future__ import annotations

from fraud_guard.dispatch.order import Order
from fraud_guard.escalation.ids import closure_id
from fraud_guard.feedback.closure import Closure


def complete(closure: Closure) -> Closure:
    """The closure with an id: its own, or one that follows from order and time."""
    if closure.closure_id:
        return closure
    return closure.model_copy(update={"closure_id": closure_id(closure.order_id, closure.ts_ms)})


def check(order: Order, closure: Closure, known: Closure | None) -> bool:
    """Whether this complete closure is new. Raises ValueError when it may not be stored.

    `known` is the closure stored for this order or under this id, if any.
    """
    if known == closure:
        return False
    if known is not None and known.order_id != closure.order_id:
        raise ValueError(f"closure {closure.closure_id} belongs to order {known.order_id}; give this one its own id")
    if known is not None:
        raise ValueError(
            f"order {order.order_id} was closed before with other answers (closure {known.closure_id}, "
            f"truth {known.truth.value}); a closure is never overwritten: leave it, or report the correction to the centre"
        )
    if order.state == "superseded":
        raise ValueError(f"order {order.order_id} was replaced by a more urgent one; close the newest order of the alert")
    if order.state == "closed":
        raise ValueError(f"order {order.order_id} ended with its alert; there is nothing left to close")
    return True


def check_acceptable(order: Order) -> None:
    """Raises ValueError, which says why, when the order is not waiting for a station."""
    if order.state != "issued":
        why = {"accepted": "was accepted before", "closed": "is closed", "superseded": "was replaced by a newer one"}
        raise ValueError(f"order {order.order_id} {why[order.state]}; only an issued order can be accepted")
