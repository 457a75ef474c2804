"""Messages: what leaves the desk for topics, stations, webhooks and the log, as values with fixed ids.

The id follows from what is told (alert and seq, order and state), so that telling it
twice is found out by whoever stores or receives it.
"""

from __future__ import annotations

import base64
import uuid

import msgspec

from fraud_guard.dispatch.desk import Outcome
from fraud_guard.dispatch.order import Order, top_reasons
from fraud_guard.escalation.alert import Alert, AlertChange
from fraud_guard.feedback.closure import Closure
from fraud_guard.ports import DeadLetter
from fraud_guard.tags.control import Control
from fraud_guard.tags.letter import DeadLetterNotice
from fraud_guard.tags.reasons import Reason

CHANNELS = ("alerts", "orders", "deadletters", "inbox", "webhook", "control")
_LETTERS = uuid.UUID("5f0f2f0e-7c9b-5d2e-9b57-0d1f2a6c8e41")
_MAX_REASON = 400
_MAX_SCRIPT = 2_000


class Message(msgspec.Struct, frozen=True):
    """One message. `key` is the topic key or station; messages of one `lane` of a channel keep their order."""

    message_id: str
    channel: str
    key: str
    lane: str
    payload: bytes


def of_outcome(outcome: Outcome, *, webhook: bool) -> list[Message]:
    """Every change and order as a topic message; a new order also goes to its station and the webhook."""
    found = [_change(change) for change in outcome.changes]
    for order in outcome.orders:
        found.append(of_order(order))
        if order.state == "issued":
            found += _issued(order, outcome.alert, webhook=webhook)
    return found


def of_order(order: Order) -> Message:
    """The state of an order for the `orders` topic."""
    payload = order.model_dump_json().encode()
    return Message(_id(order.order_id, f"orders/{order.state}"), "orders", order.station_id, order.order_id, payload)


def of_closure(closure: Closure, alert: Alert) -> Message:
    """The closure as a control record for the subject's log."""
    control = Control(
        kind="closure", token=bytes.fromhex(alert.token), ts_ms=closure.ts_ms, n=alert.n, truth=closure.truth.value,
        body=closure.model_dump_json(),
    )  # fmt: skip
    payload = msgspec.msgpack.encode(control)
    return Message(_id(closure.order_id, "control/closure"), "control", alert.token, alert.token, payload)


def of_letter(letter: DeadLetter) -> Message:
    """The dead letter for its topic; the raw record stays sealed."""
    notice = DeadLetterNotice(
        id=letter.id, reason=Reason(letter.reason), detail=letter.detail, source=letter.source, position=letter.position,
        at_ms=letter.at_ms, sealed=base64.b64encode(letter.sealed).decode(),
    )  # fmt: skip
    message_id = str(uuid.uuid5(_LETTERS, letter.id))
    return Message(message_id, "deadletters", letter.source, message_id, notice.model_dump_json().encode())


def _change(change: AlertChange) -> Message:
    payload = change.model_dump_json().encode()
    return Message(
        _id(change.alert_id, f"alerts/{change.seq}"), "alerts", change.subject, change.alert_id, payload
    )


def _issued(order: Order, alert: Alert, *, webhook: bool) -> list[Message]:
    """For the station: no number, no token, only the order and why."""
    payload = msgspec.json.encode(
        {
            "type": "order.issued",
            "source": "fraud-guard",
            "id": order.order_id,
            "time_ms": order.issued_ms,
            "order": {**order.model_dump(mode="json"), "script_zh": order.script_zh[:_MAX_SCRIPT]},
            "scam_type": alert.scam_type,
            "reasons_zh": [reason[:_MAX_REASON] for reason in top_reasons(alert)],
        }
    )
    channels = ("inbox", "webhook") if webhook else ("inbox",)
    return [
        Message(_id(order.order_id, channel), channel, order.station_id, order.order_id, payload) for channel in channels
    ]


def _id(of: str, what: str) -> str:
    return str(uuid.uuid5(uuid.UUID(of), what))
