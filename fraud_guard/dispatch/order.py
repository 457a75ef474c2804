"""The order: what a police station's screen shows, with its deadlines."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from fraud_guard.escalation.alert import Alert
from fraud_guard.escalation.ids import order_id
from fraud_guard.escalation.policy import EscalationPolicy

OrderState = Literal["issued", "accepted", "closed", "superseded"]
ClockKind = Literal["accept", "contact"]


class Order(BaseModel):
    """One line of the `orders` topic or file. Times are epoch milliseconds; None = no deadline."""

    model_config = ConfigDict(frozen=True)

    v: int = 1
    order_id: str
    alert_id: str
    level: int = Field(ge=1, le=4)
    station_id: str
    attempt: int = Field(ge=1)
    issued_ms: int
    accept_by_ms: int | None = None
    contact_by_ms: int | None = None
    visit_by_ms: int | None = None
    state: OrderState = "issued"
    script_zh: str = ""


class Clock(BaseModel):
    """A due time of an order: when it strikes and nobody acted, `desk.on_clock` says what follows."""

    model_config = ConfigDict(frozen=True)

    order_id: str
    kind: ClockKind
    due_ms: int


def issue(alert: Alert, station_id: str, attempt: int, issued_ms: int, policy: EscalationPolicy) -> Order:
    """A new order for an alert at its effective level."""
    level = policy.levels[alert.level]
    return Order(
        order_id=order_id(alert.alert_id, alert.level, station_id, attempt),
        alert_id=alert.alert_id,
        level=alert.level,
        station_id=station_id,
        attempt=attempt,
        issued_ms=issued_ms,
        accept_by_ms=_after(issued_ms, level.accept_s),
        contact_by_ms=_after(issued_ms, level.contact_s),
        visit_by_ms=_after(issued_ms, level.visit_s),
        script_zh=level.script_zh.format(reasons="；".join(top_reasons(alert))),
    )


def clocks(order: Order, policy: EscalationPolicy) -> tuple[Clock, ...]:
    """The clocks that an order starts: only those whose striking changes something."""
    level = policy.levels[order.level]
    found = []
    if order.accept_by_ms is not None and (level.unaccepted_to_parent or level.unaccepted_level):
        found.append(Clock(order_id=order.order_id, kind="accept", due_ms=order.accept_by_ms))
    if order.contact_by_ms is not None and level.uncontacted_level:
        found.append(Clock(order_id=order.order_id, kind="contact", due_ms=order.contact_by_ms))
    return tuple(found)


def is_open(order: Order) -> bool:
    """Whether a station still has something to do about it."""
    return order.state in ("issued", "accepted")


def top_reasons(alert: Alert, most: int = 3) -> list[str]:
    """The `most` strongest counted reasons in Chinese, strongest first."""
    ranked = sorted(alert.evidence, key=lambda e: (-e.weight, e.id))
    return [e.summary_zh for e in ranked[:most]]


def _after(issued_ms: int, seconds: int | None) -> int | None:
    return None if seconds is None else issued_ms + seconds * 1000
