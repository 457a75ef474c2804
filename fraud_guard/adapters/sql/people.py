"""What people do: take an order, report how it ended, set a level. Each leaves a line in the audit."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, insert, or_, select, update

from fraud_guard.adapters.messages import of_closure, of_order
from fraud_guard.adapters.sql.ledger import Known, Ledger
from fraud_guard.adapters.sql.rows import alert_of
from fraud_guard.adapters.sql.tables import alert, audit, station_order
from fraud_guard.adapters.sql.tables import closure as closures
from fraud_guard.dispatch.desk import Outcome
from fraud_guard.dispatch.order import Order, OrderState
from fraud_guard.failpoints import failpoint
from fraud_guard.feedback.closing import check, check_acceptable, complete
from fraud_guard.feedback.closure import Closure
from fraud_guard.ports import AuditEntry


class People(Ledger):
    """People's part of `ports.Truth`."""

    def accept(self, order_id: str, officer: str, now_ms: int) -> Order:
        """A station takes an order."""
        with self._db.write() as connection:
            order = self._load_order(connection, order_id)
            check_acceptable(order)
            accepted = self._set_state(connection, order, "accepted", now_ms)
            self._note(connection, officer, "accept", order_id, "", now_ms)
            failpoint("accept-before-commit")
        failpoint("accept-after-commit")
        return accepted

    def close_order(self, closure: Closure) -> Closure:
        """Store a closure once and send its control record."""
        with self._db.write() as connection:
            order = self._load_order(connection, closure.order_id)
            closure = complete(closure)
            if not check(order, closure, _known(connection, closure)):
                return closure
            connection.execute(insert(closures), _row(closure))
            self._set_state(connection, order, "closed", closure.ts_ms)
            of_it = connection.execute(select(alert).where(alert.c.alert_id == order.alert_id)).mappings().one()
            self._send(connection, [(of_closure(closure, alert_of(of_it)), closure.ts_ms)])
            self._note(connection, closure.officer, "close", order.order_id, closure.truth.value, closure.ts_ms)
            failpoint("closure-before-commit")
        failpoint("closure-after-commit")
        return closure

    def set_level(self, alert_id: str, level: int, officer: str, reason: str, now_ms: int) -> Outcome | None:
        """A person raises or lowers an alert."""
        with self._db.write() as connection:
            docket = self._docket(connection, [(alert_id, "")])
            known = Known(docket)
            if alert_id not in docket.alerts:
                raise LookupError(f"no alert {alert_id}")
            outcome = docket.on_person(self._desk, docket.alerts[alert_id], level, now_ms)
            self._save(connection, known, [outcome] if outcome else [])
            self._note(connection, officer, "set_level", alert_id, f"{level}: {reason}", now_ms)
            failpoint("level-before-commit")
        return outcome

    def audit(self, who: str, what: str, target: str, reason: str, now_ms: int) -> None:
        """Note what somebody did or looked at."""
        with self._db.write() as connection:
            self._note(connection, who, what, target, reason, now_ms)

    def audit_log(self, target: str | None = None) -> Iterator[AuditEntry]:
        """Who did what, oldest first."""
        columns = (audit.c.at_ms, audit.c.who, audit.c.what, audit.c.target, audit.c.reason)
        wanted = select(*columns).order_by(audit.c.id)
        if target is not None:
            wanted = wanted.where(audit.c.target == target)
        with self._db.read() as connection:
            rows = connection.execute(wanted).all()
        return (AuditEntry(*row) for row in rows)

    def _set_state(self, connection: Connection, order: Order, state: OrderState, now_ms: int) -> Order:
        changed = order.model_copy(update={"state": state})
        mine = station_order.c.order_id == order.order_id
        connection.execute(update(station_order).where(mine).values(state=state))
        self._send(connection, [(of_order(changed), now_ms)])
        return changed


def _known(connection: Connection, closure: Closure) -> Closure | None:
    """What is stored for this order, else under this id."""
    same = or_(closures.c.order_id == closure.order_id, closures.c.closure_id == closure.closure_id)
    bodies = connection.execute(select(closures.c.body).where(same)).scalars()
    found = sorted(map(Closure.model_validate_json, bodies), key=lambda c: c.order_id != closure.order_id)
    return found[0] if found else None


def _row(closure: Closure) -> dict[str, object]:
    return {
        "closure_id": closure.closure_id, "order_id": closure.order_id, "ts_ms": closure.ts_ms,
        "truth": closure.truth.value, "officer": closure.officer, "body": closure.model_dump_json(),
    }  # fmt: skip
