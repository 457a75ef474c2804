"""The ledger: a docket loaded from the truth tables, and its outcomes saved, within the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Executable, bindparam, insert, select, update

from fraud_guard.adapters.messages import Message, of_outcome
from fraud_guard.adapters.sql.engine import Database
from fraud_guard.adapters.sql.rows import alert_of, alert_row, change_row, order_of, order_row
from fraud_guard.adapters.sql.tables import alert, alert_change, audit, clock, outbox, station_order
from fraud_guard.dispatch.desk import Desk, Outcome
from fraud_guard.dispatch.docket import Docket
from fraud_guard.dispatch.order import Order, clocks
from fraud_guard.escalation.alert import Alert
from fraud_guard.failpoints import failpoint

T = TypeVar("T")
WAITING, DONE, FAILED = "waiting", "done", "failed"
_IN_MOST = 500
OUTBOX_KEYS = (
    "message_id", "channel", "key", "lane", "payload", "state", "created_ms", "due_ms", "lease_ms", "attempts",
    "fence", "error",
)  # fmt: skip


class Ledger:
    """What every room of the SQL truth shares: database, desk, loading and saving."""

    def __init__(self, db: Database, desk: Desk, *, webhook: bool = False) -> None:
        self._db, self._desk, self._webhook = db, desk, webhook

    def _docket(self, connection: Connection, wanted: Iterable[tuple[str, str]]) -> Docket:
        """Alerts by (id, token), and the open ones of these tokens, with their orders; the rows are locked.

        An empty token asks for the one alert only.
        """
        docket = Docket()
        for some in _parts(sorted(set(wanted))):
            ids, tokens = zip(*some, strict=True)
            condition = alert.c.alert_id.in_(ids) | (alert.c.token.in_(tokens) & (alert.c.state == "open"))
            for row in connection.execute(select(alert).where(condition).with_for_update()).mappings():
                docket.put(alert_of(row))
        for of_some in _parts(sorted(docket.alerts)):
            of_them = select(station_order).where(station_order.c.alert_id.in_(of_some))
            for row in connection.execute(of_them.order_by(station_order.c.serial)).mappings():
                docket.put_order(order_of(row))
        return docket

    def _save(self, connection: Connection, known: Known, outcomes: Sequence[Outcome]) -> None:
        """Write alerts, changes, orders, clocks and messages of outcomes, in this order."""
        if not outcomes:
            return
        _save_alerts(connection, known, {o.alert.alert_id: o.alert for o in outcomes})
        _execute(connection, insert(alert_change), [change_row(change) for o in outcomes for change in o.changes])
        failpoint("truth-after-alerts")
        self._save_orders(connection, known, {order.order_id: order for o in outcomes for order in o.orders})
        failpoint("truth-after-orders")
        messages = [(m, o.alert.ts_ms) for o in outcomes for m in of_outcome(o, webhook=self._webhook)]
        self._send(connection, messages)
        failpoint("truth-after-outbox")

    def _save_orders(self, connection: Connection, known: Known, orders: Mapping[str, Order]) -> None:
        old = [{"b_id": i, "b_state": order.state} for i, order in orders.items() if i in known.orders]
        statement = update(station_order).where(station_order.c.order_id == bindparam("b_id"))
        _execute(connection, statement.values(state=bindparam("b_state")), old)
        new = [order for i, order in orders.items() if i not in known.orders]
        _execute(connection, insert(station_order), [order_row(order, known.next_serial(order)) for order in new])
        started = [(c.order_id, c.kind, c.due_ms, 0, None) for order in new for c in clocks(order, self._desk.policy)]
        self._db.add_new(connection, clock, started)

    def _send(self, connection: Connection, messages: Iterable[tuple[Message, int]]) -> None:
        """Put (message, time) into the outbox; a message whose id is there already is dropped."""
        self._db.add_new(connection, outbox, [waiting(message, now_ms) for message, now_ms in messages], OUTBOX_KEYS)

    def _note(self, connection: Connection, who: str, what: str, target: str, reason: str, now_ms: int) -> None:
        entry = {"at_ms": now_ms, "who": who, "what": what, "target": target, "reason": reason}
        connection.execute(insert(audit), entry)

    def _load_order(self, connection: Connection, order_id: str) -> Order:
        """An order. Its alert's row is locked first, as `_docket` does, so nobody waits in a circle. Raises LookupError."""
        of_it = select(station_order.c.alert_id).where(station_order.c.order_id == order_id).scalar_subquery()
        connection.execute(select(alert.c.alert_id).where(alert.c.alert_id == of_it).with_for_update())
        row = connection.execute(
            select(station_order).where(station_order.c.order_id == order_id).with_for_update()
        ).mappings().first()  # fmt: skip
        if row is None:
            raise LookupError(f"no order {order_id}")
        return order_of(row)


def waiting(message: Message, now_ms: int) -> tuple[str | bytes | int, ...]:
    """A new row of the outbox; values go with OUTBOX_KEYS."""
    m = message
    return m.message_id, m.channel, m.key, m.lane, m.payload, WAITING, now_ms, 0, 0, 0, 0, ""


class Known:
    """What the database held of a docket before work began: what to insert, what to update."""

    def __init__(self, docket: Docket) -> None:
        self.alerts = frozenset(docket.alerts)
        self.orders = {i for orders in docket.orders.values() for i in orders}
        self._serials = {alert_id: len(orders) for alert_id, orders in docket.orders.items()}

    def next_serial(self, order: Order) -> int:
        """The place of a new order among those of its alert."""
        serial = self._serials.get(order.alert_id, 0)
        self._serials[order.alert_id] = serial + 1
        return serial


def _save_alerts(connection: Connection, known: Known, alerts: Mapping[str, Alert]) -> None:
    rows = [alert_row(one) for one in alerts.values()]
    old = [{**row, "b_id": row["alert_id"]} for row in rows if row["alert_id"] in known.alerts]
    # ended alerts first: they make room for the next alert of the same subject
    _execute(connection, update(alert).where(alert.c.alert_id == bindparam("b_id")), old)
    _execute(connection, insert(alert), [row for row in rows if row["alert_id"] not in known.alerts])


def _execute(connection: Connection, statement: Executable, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(statement, rows)


def _parts(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """No statement names more than _IN_MOST values."""
    return (items[i : i + _IN_MOST] for i in range(0, len(items), _IN_MOST))
