"""The touch index at rest: a file of its own, or a table beside truth that several workers share."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Connection, Select, delete, insert, select, update

from fraud_guard.adapters.sql.engine import TOUCHES, Database
from fraud_guard.adapters.sql.tables import touch_segment
from fraud_guard.touches.index import KEPT_MS, Touches, merged, of_keys, pack, unpack, without

DAY_MS = 86_400_000
SMALL_SEGMENTS = 32
"""So many of a day are made one."""
SEGMENT_MOST = 500_000
"""A segment of 16 MB is not made larger."""
_SEG = touch_segment.c


class SqlTouches:
    """See `ports.TouchStore`. Not fenced: what a worker that lost its partition adds did happen."""

    def __init__(self, place: Path | str) -> None:
        self._db = Database(place, TOUCHES)

    def add(self, partition: str, touches: Touches, newest_ms: int) -> None:
        """Keep sorted touches, the newest of them at `newest_ms`."""
        if len(touches):
            with self._db.write() as connection:
                _put(connection, partition, newest_ms // DAY_MS, touches)

    def find(self, partition: str, keys: Iterable[int], below: int) -> Touches:
        """Who touched one of `keys` at positions below: the first touch of each (key, token), sorted."""
        keys = tuple(keys)
        wanted = select(_SEG.packed).where(_SEG.partition == partition)
        with self._db.read() as connection:
            return merged([of_keys(unpack(row.packed), keys, below) for row in connection.execute(wanted)])

    def erase(self, partition: str | None, token: bytes) -> int:
        """Forget every touch of a subject, with None in all partitions; returns how many there were."""
        gone, wanted = 0, select(_SEG.id)
        wanted = wanted if partition is None else wanted.where(_SEG.partition == partition)
        with self._db.write() as connection:
            for segment in connection.execute(wanted).scalars().all():
                touches = unpack(connection.execute(select(_SEG.packed).where(_SEG.id == segment)).scalar_one())
                kept = without(touches, token)
                if len(kept) < len(touches):
                    gone += len(touches) - len(kept)
                    connection.execute(update(touch_segment).where(_SEG.id == segment).values(count=len(kept), packed=pack(kept)))
        return gone

    def tidy(self, partition: str, now_ms: int) -> int:
        """Forget what is older than KEPT_MS and make one of many small segments of a day; returns how many are gone."""
        with self._db.write() as connection:
            old = delete(touch_segment).where(_SEG.partition == partition, _SEG.day < (now_ms - KEPT_MS) // DAY_MS)
            gone = connection.execute(old).rowcount
            days = select(_SEG.day).where(_SEG.partition == partition).distinct()
            return gone + sum(_merge(connection, partition, day) for day in connection.execute(days).scalars().all())

    def close(self) -> None:
        """Release the file."""
        self._db.close()


def _whole() -> Select[tuple[int, bytes]]:
    return select(_SEG.id, _SEG.packed)


def _put(connection: Connection, partition: str, day: int, touches: Touches) -> None:
    row = {"partition": partition, "day": day, "count": len(touches), "packed": pack(touches)}
    connection.execute(insert(touch_segment).values(row))


def _merge(connection: Connection, partition: str, day: int) -> int:
    small = _whole().where(_SEG.partition == partition, _SEG.day == day, _SEG.count < SEGMENT_MOST).order_by(_SEG.id)
    found = connection.execute(small).all()
    if len(found) < SMALL_SEGMENTS:
        return 0
    connection.execute(delete(touch_segment).where(_SEG.id.in_([row.id for row in found])))
    _put(connection, partition, day, merged([unpack(row.packed) for row in found]))
    return len(found) - 1
