"""Views: what is read from truth, without changing it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from sqlalchemy import LABEL_STYLE_TABLENAME_PLUS_COL, func, select

from fraud_guard.adapters.sql.outbox import Outbox
from fraud_guard.adapters.sql.rows import alert_of, order_of
from fraud_guard.adapters.sql.tables import alert, alert_change, station_order
from fraud_guard.adapters.sql.tables import closure as closures
from fraud_guard.dispatch.order import Order, top_reasons
from fraud_guard.escalation.alert import Alert, AlertChange
from fraud_guard.feedback.closure import Closure

_AT_A_TIME = 500


class Views(Outbox):
    """The reading part of `ports.Truth`."""

    def order(self, order_id: str) -> Order:
        """One order."""
        with self._db.read() as connection:
            return self._load_order(connection, order_id)

    def orders(self, station_id: str | None = None, state: str | None = None, limit: int = 100) -> list[Order]:
        """Newest first."""
        wanted = select(station_order).order_by(station_order.c.issued_ms.desc(), station_order.c.order_id)
        if station_id is not None:
            wanted = wanted.where(station_order.c.station_id == station_id)
        if state is not None:
            wanted = wanted.where(station_order.c.state == state)
        with self._db.read() as connection:
            return [order_of(row) for row in connection.execute(wanted.limit(limit)).mappings()]

    def alerts(self, state: str | None = None, limit: int = 100) -> list[Alert]:
        """Newest first."""
        wanted = select(alert).order_by(alert.c.opened_ms.desc(), alert.c.alert_id)
        if state is not None:
            wanted = wanted.where(alert.c.state == state)
        with self._db.read() as connection:
            return [alert_of(row) for row in connection.execute(wanted.limit(limit)).mappings()]

    def changes(self, alert_id: str | None = None) -> Iterator[AlertChange]:
        """Every change in order of (ts_ms, alert_id, seq)."""
        of = alert_change.c
        wanted = select(of.body).order_by(of.ts_ms, of.alert_id, of.seq)
        if alert_id is not None:
            wanted = wanted.where(of.alert_id == alert_id)
        with self._db.read() as connection:
            for body in connection.execution_options(yield_per=_AT_A_TIME).execute(wanted).scalars():
                yield AlertChange.model_validate_json(body)

    def closures(self) -> Iterator[tuple[Closure, Order, Alert]]:
        """Every closure with its order and alert, oldest first."""
        joined = closures.join(station_order).join(alert, station_order.c.alert_id == alert.c.alert_id)
        wanted = (
            select(closures.c.body, closures.c.closure_id, station_order, alert)
            .select_from(joined)
            .order_by(closures.c.ts_ms, closures.c.closure_id)
            .set_label_style(LABEL_STYLE_TABLENAME_PLUS_COL)
        )
        with self._db.read() as connection:
            for row in connection.execution_options(yield_per=_AT_A_TIME).execute(wanted).mappings():
                order = order_of({c.name: row[c] for c in station_order.c})
                yield Closure.model_validate_json(row[closures.c.body]), order, alert_of({c.name: row[c] for c in alert.c})

    def reasons(self, alert_id: str, most: int = 3) -> list[str]:
        """The strongest counted reasons of an alert."""
        with self._db.read() as connection:
            row = connection.execute(select(alert).where(alert.c.alert_id == alert_id)).mappings().first()
        if row is None:
            raise LookupError(f"no alert {alert_id}")
        return top_reasons(alert_of(row), most)

    def counts(self) -> Mapping[str, int]:
        """Totals for the board."""
        totals = self.outbox_counts()
        by_alert = select(alert.c.state, alert.c.level, func.count()).group_by(alert.c.state, alert.c.level)
        of = station_order.c
        by_order = select(of.state, of.level, func.count()).group_by(of.state, of.level)
        with self._db.read() as connection:
            _add(totals, "alerts", ("open",), connection.execute(by_alert))
            _add(totals, "orders", ("issued", "accepted"), connection.execute(by_order))
            totals["closures"] += connection.execute(select(func.count()).select_from(closures)).scalar_one()
        return +totals


def _add(totals: Counter[str], name: str, live: tuple[str, ...], rows: Iterable[tuple[str, int, int]]) -> None:
    for state, level, n in rows:
        totals[f"{name}.{state}"] += n
        if state in live:
            totals[f"{name}.level{level}"] += n
