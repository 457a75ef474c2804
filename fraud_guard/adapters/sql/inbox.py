"""The inbox of each station: issued orders as the station's screen reads them, each there once."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import insert, select

from fraud_guard.adapters.senders import Batch
from fraud_guard.adapters.sql.engine import Database
from fraud_guard.adapters.sql.tables import station_inbox
from fraud_guard.ports import Now, OutboxItem


class _Named(msgspec.Struct):
    order_id: str


class _Payload(msgspec.Struct):
    order: _Named


_DECODER = msgspec.json.Decoder(_Payload)


class Inbox(Batch):
    """The sender of the channel `inbox`."""

    def __init__(self, db: Database, now_ms: Now) -> None:
        super().__init__(self._put)
        self._db, self._now_ms = db, now_ms

    def of(self, station_id: str, after: int = 0, limit: int = 100) -> list[tuple[int, bytes]]:
        """(serial, payload) of a station's orders behind a serial, oldest first."""
        of = station_inbox.c
        wanted = select(of.id, of.payload).where(of.station_id == station_id, of.id > after).order_by(of.id)
        with self._db.read() as connection:
            return [(int(serial), payload) for serial, payload in connection.execute(wanted.limit(limit))]

    def _put(self, items: Sequence[OutboxItem]) -> None:
        now_ms = self._now_ms()
        rows = {}
        for item in items:
            order_id = _DECODER.decode(item.payload).order.order_id
            rows[order_id] = {"station_id": item.key, "order_id": order_id, "payload": item.payload, "at_ms": now_ms}
        of = station_inbox.c
        with self._db.write() as connection:
            known = set(connection.execute(select(of.order_id).where(of.order_id.in_(list(rows)))).scalars())
            new = [row for order_id, row in rows.items() if order_id not in known]
            if new:
                connection.execute(insert(station_inbox), new)
