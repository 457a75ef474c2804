"""The desk: pure functions from (alert, what happened) to changes and orders.

The SQL truth loads a row, calls one of these under the row's lock, and saves what
comes back; `replay` does the same in memory. No other place changes an alert.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import msgspec

from fraud_guard.dispatch.order import Clock, Order, is_open, issue
from fraud_guard.dispatch.stations import Stations
from fraud_guard.escalation.alert import Alert, AlertChange, AlertState, EvidenceView
from fraud_guard.escalation.effects import AlertEffect, Cause, Change
from fraud_guard.escalation.ids import alert_id
from fraud_guard.escalation.policy import EscalationPolicy


class Outcome(msgspec.Struct, frozen=True):
    """What to save and to send: the alert's new row, its changes, new and changed orders."""

    alert: Alert
    changes: tuple[AlertChange, ...] = ()
    orders: tuple[Order, ...] = ()


class Desk(msgspec.Struct, frozen=True):
    """The desk's fixed surroundings: the site, its stations and the policy in force."""

    namespace: uuid.UUID
    stations: Stations
    policy: EscalationPolicy

    def on_effect(
        self, alert: Alert | None, orders: Sequence[Order], effect: AlertEffect, views: tuple[EvidenceView, ...]
    ) -> Outcome | None:
        """Apply a change the scorer saw. `alert` is the subject's alert n, else its open one, if truth knows any.

        An effect of an alert that truth does not know joins the subject's open one, which then
        answers to that n too. `views` is the effect's evidence with its tag ids. Returns None when
        there is nothing to do: a repeated raise, or a change to an alert that has ended.
        """
        if alert is None:
            return self._raise(effect, views) if effect.change != "closed" else None
        if alert.state != "open" or (effect.change == "raised" and effect.n == alert.n):
            return None
        if effect.change in ("closed", "expired"):
            return self._end(alert, orders, effect) if effect.n >= alert.n else None
        return self._grow(alert, orders, effect, views)

    def on_clock(self, alert: Alert, orders: Sequence[Order], clock: Clock, now_ms: int) -> Outcome | None:
        """A deadline passed; what follows runs from `now_ms`, so an outage leaves every station its time. None when it no longer matters (accepted, superseded, a closure is on its way)."""
        order = next((o for o in orders if o.order_id == clock.order_id), None)
        if order is None or alert.state != "open" or not _still_silent(order, clock):
            return None
        if any(o.state == "closed" for o in orders):
            return None
        level = self.policy.levels[order.level]
        wanted = level.unaccepted_level if clock.kind == "accept" else level.uncontacted_level
        raised = alert
        if wanted is not None and (alert.level_clock is None or wanted < alert.level_clock):
            raised = msgspec.structs.replace(alert, level_clock=wanted)
        now_ms = max(clock.due_ms, alert.ts_ms, now_ms)
        if raised.level < alert.level:
            return self._rise(raised, orders, now_ms, "clock", order if self._to_parent(order) else None)
        if self._to_parent(order):
            return self._retry(alert, order, orders, now_ms)
        return None

    def on_accept(self, order: Order) -> Order | None:
        """The station takes the order; None unless it was waiting."""
        return order.model_copy(update={"state": "accepted"}) if order.state == "issued" else None

    def on_person(self, alert: Alert, orders: Sequence[Order], level: int, now_ms: int) -> Outcome | None:
        """A person sets the level; it stands until new evidence."""
        if alert.state != "open" or level == alert.level:
            return None
        changed = msgspec.structs.replace(alert, level_person=level)
        now_ms = max(now_ms, alert.ts_ms)
        if changed.level < alert.level:
            return self._rise(changed, orders, now_ms, "person", None)
        changed = _stamp(changed, now_ms)
        return Outcome(changed, (self._change(changed, "lowered", "person"),))

    def _raise(self, effect: AlertEffect, views: tuple[EvidenceView, ...]) -> Outcome:
        token = effect.token.hex()
        alert = Alert(
            alert_id=alert_id(self.namespace, token, effect.n), token=token, n=effect.n, state="open", seq=0,
            opened_ms=effect.ts_ms, ts_ms=effect.ts_ms, level_score=effect.level, level_clock=None,
            level_person=None, probability=effect.probability, types=effect.types, evidence=views,
            station_id=self.stations.route(effect.area), area=effect.area,
        )  # fmt: skip
        change = self._change(alert, "raised", "score")
        if effect.change == "expired":  # the raise itself was lost with an older truth: record both
            ended = _stamp(msgspec.structs.replace(alert, state="expired"), alert.ts_ms)
            return Outcome(ended, (change, self._change(ended, "expired", None)))
        return Outcome(alert, (change,), self._order(alert, alert.station_id, 1, effect.ts_ms))

    def _grow(
        self, alert: Alert, orders: Sequence[Order], effect: AlertEffect, views: tuple[EvidenceView, ...]
    ) -> Outcome:
        known = {(e.kind, e.id): e.tag_ids for e in alert.evidence}
        merged = tuple(v if v.tag_ids else v.model_copy(update={"tag_ids": known.get((v.kind, v.id), ())}) for v in views)
        grown = msgspec.structs.replace(
            alert, n=max(effect.n, alert.n), level_score=min(effect.level, alert.level_score), level_person=None,
            probability=max(effect.probability, alert.probability), types=effect.types, evidence=merged,
            area=effect.area, station_id=self.stations.route(effect.area),
        )  # fmt: skip
        if grown.level > alert.level:  # evidence ends a person's lowering, never a person's raise
            grown = msgspec.structs.replace(grown, level_person=alert.level_person)
        now_ms = max(effect.ts_ms, alert.ts_ms)
        if grown.level < alert.level:
            return self._rise(grown, orders, now_ms, "score", None)
        grown = _stamp(grown, now_ms)
        return Outcome(grown, (self._change(grown, "evidence", None),))

    def _rise(
        self, after: Alert, orders: Sequence[Order], now_ms: int, cause: Cause, silent: Order | None
    ) -> Outcome:
        """The effective level rose: new order, the station's older ones are superseded, a silent one's parent joins."""
        after = _stamp(after, now_ms)
        change = self._change(after, "escalated", cause)
        replaced = tuple(o.model_copy(update={"state": "superseded"}) for o in orders if is_open(o))
        attempt = _next_attempt(after, orders)
        new = self._order(after, after.station_id, attempt, now_ms)
        parent = self.stations.parent(silent.station_id) if silent else ""
        if parent and parent != after.station_id:
            new += self._order(after, parent, attempt, now_ms)
        return Outcome(after, (change,), replaced + new)

    def _retry(self, alert: Alert, order: Order, orders: Sequence[Order], now_ms: int) -> Outcome | None:
        parent = self.stations.parent(order.station_id)
        target = parent or order.station_id
        attempt = _next_attempt(alert, orders)
        first = min((o.attempt for o in orders if o.level == alert.level and o.state != "superseded"), default=attempt)
        if attempt - first >= self.policy.max_attempts:
            return None
        return Outcome(alert, (), self._order(alert, target, attempt, now_ms))

    def _end(self, alert: Alert, orders: Sequence[Order], effect: AlertEffect) -> Outcome:
        state: AlertState = "closed" if effect.change == "closed" else "expired"
        ended = _stamp(msgspec.structs.replace(alert, state=state), max(effect.ts_ms, alert.ts_ms))
        shut = tuple(o.model_copy(update={"state": "closed"}) for o in orders if is_open(o))
        return Outcome(ended, (self._change(ended, effect.change, "person" if state == "closed" else None),), shut)

    def _order(self, alert: Alert, station_id: str, attempt: int, now_ms: int) -> tuple[Order, ...]:
        if not station_id or not self.policy.levels[alert.level].order:
            return ()
        return (issue(alert, station_id, attempt, now_ms, self.policy),)

    def _to_parent(self, order: Order) -> bool:
        return self.policy.levels[order.level].unaccepted_to_parent and order.state == "issued"

    def _change(self, alert: Alert, change: Change, cause: Cause | None) -> AlertChange:
        return AlertChange(
            alert_id=alert.alert_id, seq=alert.seq, change=change, ts_ms=alert.ts_ms, subject=alert.token,
            level=alert.level, probability=round(alert.probability, 6), scam_type=alert.scam_type,
            scam_type_probabilities={t: round(p, 4) for t, p in alert.types.items()},
            evidence=alert.evidence, station_id=alert.station_id, area=alert.area, cause=cause,
        )  # fmt: skip


def _still_silent(order: Order, clock: Clock) -> bool:
    return order.state == "issued" or (clock.kind == "contact" and order.state == "accepted")


def _next_attempt(alert: Alert, orders: Sequence[Order]) -> int:
    """A number no order of this alert at this level had, so that no order id comes twice."""
    return 1 + max((o.attempt for o in orders if o.level == alert.level), default=0)


def _stamp(alert: Alert, ts_ms: int) -> Alert:
    return msgspec.structs.replace(alert, seq=alert.seq + 1, ts_ms=ts_ms)
