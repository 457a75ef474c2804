"""The ledger: a docket loaded from the truth tables, and its outcomes saved, within the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from sqlalchemy import Column, ColumnElement, Connection, bindparam, func, insert, select, update

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


class Ledger:
    """What every room of the SQL truth shares: database, desk, loading and saving."""

    def __init__(self, db: Database, desk: Desk, *, webhook: bool = False) -> None:
        self._db, self._desk, self._webhook = db, desk, webhook

    def _docket(
        self, connection: Connection, alert_ids: Iterable[str], open_tokens: Iterable[str] = ()
    ) -> Docket:
        """The alerts with these ids, the open ones of these subjects, and their orders; the rows are locked."""
        docket = Docket()
        wanted: list[ColumnElement[bool]] = [alert.c.alert_id.in_(some) for some in _parts(sorted(set(alert_ids)))]
        wanted += [alert.c.token.in_(some) & (alert.c.state == "open") for some in _parts(sorted(set(open_tokens)))]
        for condition in wanted:
            for row in connection.execute(select(alert).where(condition).with_for_update()).mappings():
                docket.put(alert_of(row))
        for some in _parts(sorted(docket.alerts)):
            of_them = select(station_order).where(station_order.c.alert_id.in_(some))
            for row in connection.execute(of_them.order_by(station_order.c.serial)).mappings():
                docket.put_order(order_of(row))
        return docket

    def _save(self, connection: Connection, outcomes: Sequence[Outcome]) -> None:
        """Write alerts, changes, orders, clocks and messages of outcomes, in this order."""
        if not outcomes:
            return
        self._save_alerts(connection, {o.alert.alert_id: o.alert for o in outcomes})
        changes = [change_row(change) for o in outcomes for change in o.changes]
        if changes:
            connection.execute(insert(alert_change), changes)
        failpoint("truth-after-alerts")
        self._save_orders(connection, [order for o in outcomes for order in o.orders])
        failpoint("truth-after-orders")
        for outcome in outcomes:
            self._send(connection, of_outcome(outcome, webhook=self._webhook), outcome.alert.ts_ms)
        failpoint("truth-after-outbox")

    def _save_alerts(self, connection: Connection, alerts: dict[str, Alert]) -> None:
        known = _known(connection, alert.c.alert_id, alerts)
        rows = [alert_row(one) for one in alerts.values()]
        old = [{**row, "b_id": row["alert_id"]} for row in rows if row["alert_id"] in known]
        if old:  # first: an ended alert makes room for the subject's next one
            connection.execute(update(alert).where(alert.c.alert_id == bindparam("b_id")), old)
        new = [row for row in rows if row["alert_id"] not in known]
        if new:
            connection.execute(insert(alert), new)

    def _save_orders(self, connection: Connection, orders: Sequence[Order]) -> None:
        latest = {order.order_id: order for order in orders}
        known = _known(connection, station_order.c.order_id, latest)
        old = [{"b_id": i, "b_state": order.state} for i, order in latest.items() if i in known]
        if old:
            statement = update(station_order).where(station_order.c.order_id == bindparam("b_id"))
            connection.execute(statement.values(state=bindparam("b_state")), old)
        new = [order for i, order in latest.items() if i not in known]
        if not new:
            return
        serials = _serials(connection, {order.alert_id for order in new})
        for order in new:
            serials[order.alert_id] += 1
            connection.execute(insert(station_order), order_row(order, serials[order.alert_id]))
        started = [(c.order_id, c.kind, c.due_ms, 0, None) for order in new for c in clocks(order, self._desk.policy)]
        self._db.add_new(connection, clock, started)

    def _send(self, connection: Connection, messages: Sequence[Message], now_ms: int) -> None:
        """Put messages into the outbox; one whose id is there already is dropped."""
        for some in _parts(messages):
            known = _known(connection, outbox.c.message_id, [m.message_id for m in some])
            rows = [_outbox_row(message, now_ms) for message in some if message.message_id not in known]
            if rows:
                connection.execute(insert(outbox), rows)

    def _note(self, connection: Connection, who: str, what: str, target: str, reason: str, now_ms: int) -> None:
        entry = {"at_ms": now_ms, "who": who, "what": what, "target": target, "reason": reason}
        connection.execute(insert(audit), entry)

    def _load_order(self, connection: Connection, order_id: str) -> Order:
        row = connection.execute(
            select(station_order).where(station_order.c.order_id == order_id).with_for_update()
        ).mappings().first()  # fmt: skip
        if row is None:
            raise LookupError(f"no order {order_id}")
        return order_of(row)


def _outbox_row(message: Message, now_ms: int) -> dict[str, object]:
    return {
        "message_id": message.message_id, "channel": message.channel, "key": message.key, "lane": message.lane,
        "payload": message.payload, "state": WAITING, "created_ms": now_ms, "due_ms": 0, "lease_ms": 0,
        "attempts": 0, "fence": 0, "error": "",
    }  # fmt: skip


def _parts(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """No statement names more than _IN_MOST values."""
    return (items[i : i + _IN_MOST] for i in range(0, len(items), _IN_MOST))


def _known(connection: Connection, column: Column[str], wanted: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for some in _parts(list(wanted)):
        found.update(connection.execute(select(column).where(column.in_(some))).scalars())
    return found


def _serials(connection: Connection, alert_ids: set[str]) -> dict[str, int]:
    """The highest order serial of each alert; -1 without orders."""
    last = select(station_order.c.alert_id, func.max(station_order.c.serial)).group_by(station_order.c.alert_id)
    found = dict.fromkeys(alert_ids, -1)
    for some in _parts(sorted(alert_ids)):
        found.update(dict(connection.execute(last.where(station_order.c.alert_id.in_(some))).all()))
    return found
