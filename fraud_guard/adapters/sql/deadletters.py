"""Dead letters in the truth database: refused records, sealed, to be listed, mended and replayed; the outbox tells their topic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from sqlalchemy import func, select, update

from fraud_guard.adapters.messages import of_letter
from fraud_guard.adapters.sql.engine import TRUTH, Database
from fraud_guard.adapters.sql.ledger import OUTBOX_KEYS, waiting
from fraud_guard.adapters.sql.tables import dead_letter, outbox
from fraud_guard.failpoints import failpoint
from fraud_guard.ports import DeadLetter


class SqlDeadLetters:
    """See `ports.DeadLetters`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    @classmethod
    def open(cls, place: Path | str) -> SqlDeadLetters:
        """The dead letters of a truth database."""
        return cls(Database(place, TRUTH))

    def add(self, letters: Sequence[DeadLetter]) -> None:
        """Store all or none; an id that is there already keeps its first letter."""
        if letters:
            with self._db.write() as connection:
                self._db.add_new(connection, dead_letter, [msgspec.structs.astuple(one) for one in letters])
                self._db.add_new(connection, outbox, [waiting(of_letter(one), one.at_ms) for one in letters], OUTBOX_KEYS)
                failpoint("letters-before-commit")

    def find(self, reason: str | None = None, limit: int = 100) -> list[DeadLetter]:
        """Newest first."""
        wanted = select(dead_letter).order_by(dead_letter.c.at_ms.desc(), dead_letter.c.id).limit(limit)
        if reason is not None:
            wanted = wanted.where(dead_letter.c.reason == reason)
        with self._db.read() as connection:
            return [DeadLetter(**row) for row in connection.execute(wanted).mappings()]

    def get(self, id: str) -> DeadLetter:
        """One letter. Raises LookupError."""
        with self._db.read() as connection:
            row = connection.execute(select(dead_letter).where(dead_letter.c.id == id)).mappings().first()
        if row is None:
            raise LookupError(f"no dead letter {id}; `deadletters list` shows all")
        return DeadLetter(**row)

    def mark_replayed(self, ids: Sequence[str], now_ms: int) -> None:
        """Note that the letters were sent through the door again."""
        with self._db.write() as connection:
            connection.execute(update(dead_letter).where(dead_letter.c.id.in_(ids)).values(replayed_ms=now_ms))

    def counts(self) -> Mapping[str, int]:
        """Letters by reason, without the replayed ones."""
        wanted = (
            select(dead_letter.c.reason, func.count())
            .where(dead_letter.c.replayed_ms.is_(None))
            .group_by(dead_letter.c.reason)
        )
        with self._db.read() as connection:
            return {reason: int(n) for reason, n in connection.execute(wanted)}

    def totals(self) -> Mapping[str, int]:
        """Letters by reason since the site began, the replayed ones among them."""
        with self._db.read() as connection:
            found = connection.execute(select(dead_letter.c.reason, func.count()).group_by(dead_letter.c.reason))
            return {reason: int(n) for reason, n in found}

    def close(self) -> None:
        """Release the file."""
        self._db.close()
