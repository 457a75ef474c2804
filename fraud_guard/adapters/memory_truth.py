"""Truth in memory: the same promises as the SQL truth for the life of one process. `replay` uses it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from fraud_guard.adapters.memory_outbox import MemoryOutbox
from fraud_guard.adapters.messages import of_closure, of_order, of_outcome
from fraud_guard.dispatch.desk import Desk, Outcome
from fraud_guard.dispatch.docket import Docket
from fraud_guard.dispatch.order import Clock, Order, clocks, is_open, top_reasons
from fraud_guard.errors import FencedError
from fraud_guard.escalation.alert import Alert, AlertChange
from fraud_guard.escalation.policy import EscalationPolicy
from fraud_guard.feedback.closing import check, check_acceptable, complete
from fraud_guard.feedback.closure import Closure
from fraud_guard.ports import CLOCK_LEASE_MS, AuditEntry, SeenEffect


class _Place(msgspec.Struct):
    epoch: int = 0
    position: int = -1
    generations: list[tuple[int, str]] = msgspec.field(default_factory=list)
    modes: dict[int, int] = msgspec.field(default_factory=dict)


class _Due(msgspec.Struct):
    clock: Clock
    lease_ms: int = 0
    struck: bool = False


class MemoryTruth(MemoryOutbox):
    """See `ports.Truth`."""

    def __init__(self, desk: Desk, *, webhook: bool = False) -> None:
        super().__init__()
        self._desk, self._webhook = desk, webhook
        self._docket = Docket()
        self._places: dict[str, _Place] = {}
        self._orders: dict[str, str] = {}
        self._changes: list[AlertChange] = []
        self._clocks: dict[tuple[str, str], _Due] = {}
        self._closures: dict[str, Closure] = {}
        self._audit: list[AuditEntry] = []

    def use(self, policy: EscalationPolicy) -> None:
        """From now on this policy is in force."""
        self._desk = msgspec.structs.replace(self._desk, policy=policy)

    def take_epoch(self, partition: str) -> int:
        """Become the only scorer of this partition."""
        place = self._places.setdefault(partition, _Place())
        place.epoch += 1
        return place.epoch

    def progress(self, partition: str) -> int:
        """The highest position whose effects are stored."""
        return self._places[partition].position if partition in self._places else -1

    def apply(
        self, partition: str, epoch: int, position: int, effects: Sequence[SeenEffect], generation: str = ""
    ) -> list[Outcome]:
        """Book effects above the progress."""
        place = self._fenced(partition, epoch)
        outcomes = [self._on_effect(e) for e in effects if e.effect.position > place.position]
        if generation and position > place.position and generation != self.generation_at(partition, position):
            place.generations.append((place.position + 1, generation))
        place.position = max(position, place.position)
        return [outcome for outcome in outcomes if outcome is not None]

    def generation_at(self, partition: str, position: int) -> str:
        """The generation that decided at a position; "" when unknown."""
        place = self._places.get(partition, _Place())
        return next((name for start, name in reversed(place.generations) if start <= position), "")

    def journal_mode(self, partition: str, epoch: int, from_position: int, mode: int) -> None:
        """Note how much is left out from a position on."""
        self._fenced(partition, epoch).modes[from_position] = mode

    def modes(self, partition: str) -> list[tuple[int, int]]:
        """Every (position, mode) that was noted."""
        return sorted(self._places.get(partition, _Place()).modes.items())

    def _fenced(self, partition: str, epoch: int) -> _Place:
        place = self._places.get(partition)
        if place is None or place.epoch != epoch:
            raise FencedError(f"{partition}: another scorer took this partition over; epoch {epoch} may not write")
        return place

    def due_clocks(self, now_ms: int, limit: int = 100) -> list[Clock]:
        """Lease clocks that are due."""
        due = [c for c in self._clocks.values() if not c.struck and max(c.clock.due_ms, c.lease_ms) <= now_ms]
        due.sort(key=lambda c: (c.clock.due_ms, c.clock.order_id, c.clock.kind))
        for one in due[:limit]:
            one.lease_ms = now_ms + CLOCK_LEASE_MS
        return [one.clock for one in due[:limit]]

    def strike(self, clock: Clock, now_ms: int) -> Outcome | None:
        """Let a clock strike exactly once."""
        due = self._clocks.get((clock.order_id, clock.kind))
        if due is None or due.struck or due.clock != clock or clock.due_ms > now_ms:
            return None
        due.struck = True
        return self._save(self._docket.on_clock(self._desk, self.order(clock.order_id), clock, now_ms))

    def accept(self, order_id: str, officer: str, now_ms: int) -> Order:
        """A station takes an order."""
        order = self.order(order_id)
        check_acceptable(order)
        accepted = self._desk.on_accept(order) or order
        self._docket.put_order(accepted)
        self.send([of_order(accepted)], now_ms)
        self.audit(officer, "accept", order_id, "", now_ms)
        return accepted

    def close_order(self, closure: Closure) -> Closure:
        """Store a closure once and send its control record."""
        order = self.order(closure.order_id)
        closure = complete(closure)
        same_id = (c for c in self._closures.values() if c.closure_id == closure.closure_id)
        known = self._closures.get(order.order_id) or next(same_id, None)
        if not check(order, closure, known):
            return closure
        closed = order.model_copy(update={"state": "closed"})
        self._closures[order.order_id] = closure
        self._docket.put_order(closed)
        alert = self._docket.alerts[order.alert_id]
        self.send([of_order(closed), of_closure(closure, alert)], closure.ts_ms)
        self.audit(closure.officer, "close", order.order_id, closure.truth.value, closure.ts_ms)
        return closure

    def set_level(self, alert_id: str, level: int, officer: str, reason: str, now_ms: int) -> Outcome | None:
        """A person raises or lowers an alert."""
        alert = self._alert(alert_id)
        outcome = self._save(self._docket.on_person(self._desk, alert, level, now_ms))
        self.audit(officer, "set_level", alert_id, f"{level}: {reason}", now_ms)
        return outcome

    def orders(self, station_id: str | None = None, state: str | None = None, limit: int = 100) -> list[Order]:
        """Newest first."""
        found = [
            o for orders in self._docket.orders.values() for o in orders.values()
            if station_id in (None, o.station_id) and state in (None, o.state)
        ]  # fmt: skip
        return sorted(found, key=lambda o: (-o.issued_ms, o.order_id))[:limit]

    def alerts(self, state: str | None = None, limit: int = 100) -> list[Alert]:
        """Newest first."""
        found = [a for a in self._docket.alerts.values() if state in (None, a.state)]
        return sorted(found, key=lambda a: (-a.opened_ms, a.alert_id))[:limit]

    def changes(self, alert_id: str | None = None) -> Iterator[AlertChange]:
        """Every change in order of (ts_ms, alert_id, seq)."""
        found = [c for c in self._changes if alert_id in (None, c.alert_id)]
        yield from sorted(found, key=lambda c: (c.ts_ms, c.alert_id, c.seq))

    def closures(self) -> Iterator[tuple[Closure, Order, Alert]]:
        """Every closure with its order and alert, oldest first."""
        for closure in sorted(self._closures.values(), key=lambda c: (c.ts_ms, c.closure_id)):
            order = self.order(closure.order_id)
            yield closure, order, self._docket.alerts[order.alert_id]

    def reasons(self, alert_id: str, most: int = 3) -> list[str]:
        """The strongest counted reasons of an alert."""
        return top_reasons(self._alert(alert_id), most)

    def audit(self, who: str, what: str, target: str, reason: str, now_ms: int) -> None:
        """Note what somebody did or looked at."""
        self._audit.append(AuditEntry(now_ms, who, what, target, reason))

    def audit_log(self, target: str | None = None) -> Iterator[AuditEntry]:
        """Who did what, oldest first."""
        yield from (entry for entry in self._audit if target in (None, entry.target))

    def counts(self) -> Mapping[str, int]:
        """Totals for the board."""
        totals = Counter({"closures": len(self._closures)}) + self.outbox_counts()
        for alert in self._docket.alerts.values():
            totals.update([f"alerts.{alert.state}"] + [f"alerts.level{alert.level}"] * (alert.state == "open"))
        for order in self.orders(limit=len(self._orders)):
            totals.update([f"orders.{order.state}"] + [f"orders.level{order.level}"] * is_open(order))
        return totals

    def close(self) -> None:
        """Nothing to release."""

    def _on_effect(self, seen: SeenEffect) -> Outcome | None:
        return self._save(self._docket.on_effect(self._desk, seen.effect, seen.views))

    def _save(self, outcome: Outcome | None) -> Outcome | None:
        if outcome is None:
            return None
        self._changes += outcome.changes
        for order in outcome.orders:
            self._orders[order.order_id] = order.alert_id
            if order.state == "issued":
                for clock in clocks(order, self._desk.policy):
                    self._clocks.setdefault((clock.order_id, clock.kind), _Due(clock))
        self.send(of_outcome(outcome, webhook=self._webhook), outcome.alert.ts_ms)
        return outcome

    def _alert(self, alert_id: str) -> Alert:
        if alert_id not in self._docket.alerts:
            raise LookupError(f"no alert {alert_id}")
        return self._docket.alerts[alert_id]

    def order(self, order_id: str) -> Order:
        """One order."""
        if order_id not in self._orders:
            raise LookupError(f"no order {order_id}")
        return self._docket.orders[self._orders[order_id]][order_id]
