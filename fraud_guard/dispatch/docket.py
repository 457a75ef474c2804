"""The docket: the alerts and orders at hand, and the desk's work on them.

`replay` keeps all alerts in one; the SQL truth loads those of the subjects concerned,
works, and saves the outcomes. So both decide alike.
"""

from __future__ import annotations

from fraud_guard.dispatch.desk import Desk, Outcome
from fraud_guard.dispatch.order import Clock, Order
from fraud_guard.escalation.alert import Alert, EvidenceView
from fraud_guard.escalation.effects import AlertEffect
from fraud_guard.escalation.ids import alert_id


class Docket:
    """Alerts by id, the open one of each subject, and the orders of each alert in order of issue."""

    def __init__(self) -> None:
        self.alerts: dict[str, Alert] = {}
        self.orders: dict[str, dict[str, Order]] = {}
        self._open: dict[str, str] = {}

    def put(self, alert: Alert) -> None:
        """Take an alert in, or its newer state."""
        self.alerts[alert.alert_id] = alert
        if alert.state == "open":
            self._open[alert.token] = alert.alert_id
        elif self._open.get(alert.token) == alert.alert_id:
            del self._open[alert.token]

    def put_order(self, order: Order) -> None:
        """Take an order in, or its newer state."""
        self.orders.setdefault(order.alert_id, {})[order.order_id] = order

    def orders_of(self, alert: str) -> list[Order]:
        """The orders of an alert."""
        return list(self.orders.get(alert, {}).values())

    def on_effect(self, desk: Desk, effect: AlertEffect, views: tuple[EvidenceView, ...]) -> Outcome | None:
        """What the scorer saw: on the alert it means, else on the subject's open one."""
        token = effect.token.hex()
        known = self.alerts.get(alert_id(desk.namespace, token, effect.n))
        if known is None and token in self._open:
            known = self.alerts[self._open[token]]
        orders = self.orders_of(known.alert_id) if known else []
        return self.book(desk.on_effect(known, orders, effect, views))

    def on_clock(self, desk: Desk, order: Order, clock: Clock, now_ms: int) -> Outcome | None:
        """A deadline of an order passed."""
        alert = self.alerts[order.alert_id]
        return self.book(desk.on_clock(alert, self.orders_of(alert.alert_id), clock, now_ms))

    def on_person(self, desk: Desk, alert: Alert, level: int, now_ms: int) -> Outcome | None:
        """A person sets the level. Raises ValueError for no level."""
        if level not in desk.policy.levels:
            raise ValueError(f"level {level} does not exist; give 1 (red) to 4 (blue)")
        return self.book(desk.on_person(alert, self.orders_of(alert.alert_id), level, now_ms))

    def book(self, outcome: Outcome | None) -> Outcome | None:
        """Take the outcome in, and give it back."""
        if outcome is not None:
            self.put(outcome.alert)
            for order in outcome.orders:
                self.put_order(order)
        return outcome
