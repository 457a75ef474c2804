"""The outbox: messages written with what they tell, delivered afterwards under lease and fence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec
from sqlalchemy import ColumnElement, and_, delete, exists, func, select, update

from fraud_guard.adapters.sql.ledger import DONE, FAILED, WAITING, Ledger
from fraud_guard.adapters.sql.tables import outbox
from fraud_guard.ports import OutboxItem

_earlier = outbox.alias("earlier")
TRIMMED_AT_ONCE = 10_000
"""A round of housekeeping takes no longer than this many take."""


class SetAside(msgspec.Struct, frozen=True):
    """A message that was given up, and why."""

    message_id: str
    channel: str
    key: str
    created_ms: int
    attempts: int
    error: str


class Outbox(Ledger):
    """The outbox's part of `ports.Truth`."""

    def claim(self, channels: Sequence[str], now_ms: int, lease_ms: int, limit: int = 100) -> list[OutboxItem]:
        """Lease deliverable messages, oldest first; of a lane only the first."""
        ready = _ready(channels, now_ms)
        with self._db.read() as connection:  # most often nothing waits: look without the write lock
            if connection.execute(select(outbox.c.id).where(ready).limit(1)).first() is None:
                return []
        wanted = select(outbox).where(ready).order_by(outbox.c.id).limit(limit)
        with self._db.write() as connection:
            rows = connection.execute(wanted.with_for_update(skip_locked=True)).mappings().all()
            if rows:
                mine = outbox.c.id.in_([row["id"] for row in rows])
                connection.execute(update(outbox).where(mine).values(fence=outbox.c.fence + 1, lease_ms=now_ms + lease_ms))
        names = OutboxItem.__struct_fields__
        return [OutboxItem(**{**{name: row[name] for name in names}, "fence": row["fence"] + 1}) for row in rows]

    def delivered(self, item: OutboxItem, now_ms: int) -> bool:
        """Mark as done; False when the lease was lost."""
        return self.delivered_many([item], now_ms) == 1

    def delivered_many(self, items: Sequence[OutboxItem], now_ms: int) -> int:
        """Mark as done; returns how many leases were still held."""
        done = {"state": DONE, "done_ms": now_ms, "error": ""}
        with self._db.write() as connection:
            return sum(connection.execute(update(outbox).where(_held(i)).values(**done)).rowcount for i in items)

    def failed(self, item: OutboxItem, error: str, retry_ms: int | None) -> bool:
        """Give back for a retry, or set aside for good; False when the lease was lost."""
        state = WAITING if retry_ms is not None else FAILED
        given_back = update(outbox).where(_held(item)).values(
            state=state, due_ms=retry_ms or 0, lease_ms=0, attempts=outbox.c.attempts + 1,
            fence=outbox.c.fence + 1, error=error,
        )  # fmt: skip
        with self._db.write() as connection:
            return connection.execute(given_back).rowcount == 1

    def requeue(self, channel: str, now_ms: int) -> int:
        """Let messages that were set aside be tried again; returns how many."""
        aside = and_(outbox.c.state == FAILED, outbox.c.channel == channel)
        with self._db.write() as connection:
            again = update(outbox).where(aside).values(state=WAITING, attempts=0, due_ms=now_ms)
            return connection.execute(again).rowcount

    def set_aside(self, limit: int = 100) -> list[SetAside]:
        """Messages that nobody tries to deliver any more, newest first."""
        columns = [outbox.c[name] for name in SetAside.__struct_fields__]
        wanted = select(*columns).where(outbox.c.state == FAILED).order_by(outbox.c.id.desc()).limit(limit)
        with self._db.read() as connection:
            return [SetAside(**row) for row in connection.execute(wanted).mappings()]

    def trim_outbox(self, before_ms: int, limit: int = TRIMMED_AT_ONCE) -> int:
        """Delete messages delivered before a time, `limit` at most and the oldest first; returns how many."""
        oldest = select(outbox.c.id).where(outbox.c.state == DONE).order_by(outbox.c.id).limit(limit)
        with self._db.write() as connection:
            old = and_(outbox.c.id.in_(oldest.scalar_subquery()), outbox.c.done_ms < before_ms)
            return connection.execute(delete(outbox).where(old)).rowcount

    def oldest_waiting(self) -> int | None:
        """The id of the message that waits longest; None when none does."""
        with self._db.read() as connection:
            found: int | None = connection.execute(select(func.min(outbox.c.id)).where(outbox.c.state == WAITING)).scalar()
        return found

    def outbox_counts(self) -> Counter[str]:
        """Messages waiting and set aside."""
        wanted = select(outbox.c.state, func.count()).where(outbox.c.state.in_([WAITING, FAILED]))
        with self._db.read() as connection:
            rows = connection.execute(wanted.group_by(outbox.c.state)).all()
        return Counter({f"outbox.{state}": n for state, n in rows})


def _held(item: OutboxItem) -> ColumnElement[bool]:
    return and_(outbox.c.id == item.id, outbox.c.fence == item.fence, outbox.c.state == WAITING)


def _ready(channels: Sequence[str], now_ms: int) -> ColumnElement[bool]:
    before = exists().where(
        _earlier.c.state == WAITING, _earlier.c.channel == outbox.c.channel,
        _earlier.c.lane == outbox.c.lane, _earlier.c.id < outbox.c.id,
    )  # fmt: skip
    return and_(
        outbox.c.state == WAITING, outbox.c.channel.in_(channels), outbox.c.due_ms <= now_ms,
        outbox.c.lease_ms <= now_ms, ~before,
    )  # fmt: skip
