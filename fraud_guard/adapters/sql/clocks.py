"""Clocks: deadlines of orders as rows, leased so that one worker strikes each, and struck exactly once."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, select, update

from fraud_guard.adapters.sql.ledger import Known, Ledger
from fraud_guard.adapters.sql.tables import clock as table
from fraud_guard.dispatch.desk import Outcome
from fraud_guard.dispatch.order import Clock
from fraud_guard.failpoints import failpoint
from fraud_guard.ports import CLOCK_LEASE_MS


class Clocks(Ledger):
    """The clocks' part of `ports.Truth`."""

    def due_clocks(self, now_ms: int, limit: int = 100) -> list[Clock]:
        """Lease clocks that are due."""
        due = and_(table.c.struck_ms.is_(None), table.c.due_ms <= now_ms, table.c.lease_ms <= now_ms)
        with self._db.read() as connection:
            if connection.execute(select(table.c.order_id).where(due).limit(1)).first() is None:
                return []
        wanted = select(table).where(due).order_by(table.c.due_ms, table.c.order_id, table.c.kind).limit(limit)
        with self._db.write() as connection:
            rows = connection.execute(wanted.with_for_update(skip_locked=True)).mappings()
            found = [Clock(order_id=row["order_id"], kind=row["kind"], due_ms=row["due_ms"]) for row in rows]
            for one in found:
                connection.execute(update(table).where(_is(one)).values(lease_ms=now_ms + CLOCK_LEASE_MS))
        failpoint("clock-after-lease")
        return found

    def strike(self, clock: Clock, now_ms: int) -> Outcome | None:
        """Let a clock strike exactly once."""
        with self._db.write() as connection:
            mark = update(table).where(_is(clock), table.c.struck_ms.is_(None), table.c.due_ms <= now_ms)
            if connection.execute(mark.values(struck_ms=now_ms)).rowcount != 1:
                return None
            order = self._load_order(connection, clock.order_id)
            docket = self._docket(connection, [(order.alert_id, "")])
            known = Known(docket)
            outcome = docket.on_clock(self._desk, order, clock, now_ms)
            self._save(connection, known, [outcome] if outcome else [])
            failpoint("clock-before-commit")
        failpoint("clock-after-commit")
        return outcome


def _is(clock: Clock) -> ColumnElement[bool]:
    return and_(table.c.order_id == clock.order_id, table.c.kind == clock.kind, table.c.due_ms == clock.due_ms)
