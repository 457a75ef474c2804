"""Truth in SQL: alerts, orders, closures and the outbox. One transaction a call, so nothing is ever half told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from fraud_guard.adapters.sql.clocks import Clocks
from fraud_guard.adapters.sql.engine import TRUTH, Database
from fraud_guard.adapters.sql.ledger import Known
from fraud_guard.adapters.sql.people import People
from fraud_guard.adapters.sql.tables import degraded, scorer
from fraud_guard.adapters.sql.tables import generation as generations
from fraud_guard.adapters.sql.views import Views
from fraud_guard.dispatch.desk import Desk, Outcome
from fraud_guard.errors import FencedError
from fraud_guard.escalation.ids import alert_id
from fraud_guard.escalation.policy import EscalationPolicy
from fraud_guard.failpoints import failpoint
from fraud_guard.ports import SeenEffect


class SqlTruth(Clocks, People, Views):
    """See `ports.Truth`. Several processes may open the same database."""

    def __init__(self, db: Database, desk: Desk, *, webhook: bool = False) -> None:
        super().__init__(db, desk, webhook=webhook)
        self._journaled: dict[str, str] = {}

    @classmethod
    def open(cls, place: Path | str, desk: Desk, *, webhook: bool = False) -> SqlTruth:
        """The truth in a file or at a URL; `webhook` says whether new orders are also posted to one."""
        return cls(Database(place, TRUTH), desk, webhook=webhook)

    @property
    def database(self) -> Database:
        """For other tables of the same database (a station's inbox)."""
        return self._db

    def use(self, policy: EscalationPolicy) -> None:
        """From here on the desk works by this policy."""
        self._desk = msgspec.structs.replace(self._desk, policy=policy)

    def take_epoch(self, partition: str) -> int:
        """Become the only scorer of this partition."""
        mine = scorer.c.partition == partition
        self._journaled.pop(partition, None)
        with self._db.write() as connection:
            self._db.add_new(connection, scorer, [(partition, 0, -1)])
            connection.execute(update(scorer).where(mine).values(epoch=scorer.c.epoch + 1))
            return int(connection.execute(select(scorer.c.epoch).where(mine)).scalar_one())

    def progress(self, partition: str) -> int:
        """The highest position whose effects are stored."""
        with self._db.read() as connection:
            position = connection.execute(select(scorer.c.position).where(scorer.c.partition == partition)).scalar()
        return -1 if position is None else position

    def apply(
        self, partition: str, epoch: int, position: int, effects: Sequence[SeenEffect], generation: str = ""
    ) -> list[Outcome]:
        """Store effects above the progress and move it, in one transaction."""
        failpoint("truth-before-transaction")
        with self._db.write() as connection:
            progress = _fenced_progress(connection, partition, epoch)
            outcomes = self._work(connection, [seen for seen in effects if seen.effect.position > progress])
            if position > progress:
                if generation != self._journaled.get(partition):
                    _journal(connection, partition, progress + 1, generation)
                mine = scorer.c.partition == partition
                connection.execute(update(scorer).where(mine).values(position=position))
            failpoint("truth-before-commit")
        if position > progress:
            self._journaled[partition] = generation
        failpoint("truth-after-commit")
        return outcomes

    def generation_at(self, partition: str, position: int) -> str:
        """The generation that decided at a position; "" when unknown."""
        with self._db.read() as connection:
            return _generation_at(connection, partition, position)

    def journal_mode(self, partition: str, epoch: int, from_position: int, mode: int) -> None:
        """Note how much is left out from a position on; the last word on a position holds."""
        with self._db.write() as connection:
            _fenced_progress(connection, partition, epoch)
            connection.execute(delete(degraded).where(degraded.c.partition == partition, degraded.c.from_position == from_position))
            connection.execute(insert(degraded), {"partition": partition, "from_position": from_position, "mode": mode})

    def modes(self, partition: str) -> list[tuple[int, int]]:
        """Every (position, mode) that was noted, by position."""
        wanted = select(degraded.c.from_position, degraded.c.mode).where(degraded.c.partition == partition)
        with self._db.read() as connection:
            return [(row.from_position, row.mode) for row in connection.execute(wanted.order_by(degraded.c.from_position))]

    def close(self) -> None:
        """Release the connections."""
        self._db.close()

    def _work(self, connection: Connection, seen: Sequence[SeenEffect]) -> list[Outcome]:
        effects = [one.effect for one in seen]
        docket = self._docket(
            connection, [(alert_id(self._desk.namespace, e.token.hex(), e.n), e.token.hex()) for e in effects]
        )
        known = Known(docket)
        worked = [docket.on_effect(self._desk, one.effect, one.views) for one in seen]
        outcomes = [outcome for outcome in worked if outcome is not None]
        self._save(connection, known, outcomes)
        return outcomes


def _fenced_progress(connection: Connection, partition: str, epoch: int) -> int:
    """The stored position, its row locked. Raises FencedError unless `epoch` is the newest."""
    wanted = select(scorer.c.epoch, scorer.c.position).where(scorer.c.partition == partition).with_for_update()
    row = connection.execute(wanted).first()
    if row is None or row.epoch != epoch:
        raise FencedError(f"{partition}: another scorer took this partition over; epoch {epoch} may not write")
    return int(row.position)


def _generation_at(connection: Connection, partition: str, position: int) -> str:
    of = generations.c
    wanted = select(of.name).where(of.partition == partition, of.from_position <= position)
    return connection.execute(wanted.order_by(of.from_position.desc()).limit(1)).scalar() or ""


def _journal(connection: Connection, partition: str, from_position: int, generation: str) -> None:
    if generation and _generation_at(connection, partition, from_position) != generation:
        row = {"partition": partition, "from_position": from_position, "name": generation}
        connection.execute(insert(generations), row)
