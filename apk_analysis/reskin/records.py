"""The truth of the index: fingerprints and families in SQLite. What is committed survives a kill; everything else is made from it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from apk_analysis.errors import StoreDamaged

_TABLES = """
CREATE TABLE IF NOT EXISTS app (id INTEGER PRIMARY KEY AUTOINCREMENT, sha256 TEXT NOT NULL UNIQUE, family TEXT NOT NULL, label TEXT NOT NULL,
                                owner INTEGER NOT NULL, set_by TEXT NOT NULL, print BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS app_family ON app (family);
CREATE TABLE IF NOT EXISTS segment (name TEXT PRIMARY KEY, first_id INTEGER NOT NULL, last_id INTEGER NOT NULL, count INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS decision (id INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT NOT NULL);
"""
_AT_ONCE = 500


NewRow = tuple[str, str, str, int, str, bytes]
"""(sha256, family, label, owner, set_by, print)"""


class Row(msgspec.Struct, frozen=True):
    """An app as stored. `label`: "scam", "good" or "". `set_by`: "analyst" or "machine"; a machine never moves what an analyst has set."""

    id: int
    sha256: str
    family: str
    label: str
    set_by: str
    print: bytes


class Records:
    """The file `index.db` of a folder. One thread at a time."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(folder / "index.db", timeout=30.0, isolation_level=None, check_same_thread=False)
        try:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.executescript(_TABLES)
        except sqlite3.DatabaseError as broken:
            raise StoreDamaged(f"{folder / 'index.db'}: {broken}; restore the folder from a copy or add the samples anew") from broken

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def put(self, rows: Iterable[NewRow]) -> list[int]:
        """Add apps in one transaction; one that is there is replaced under a new number. Returns the numbers that are gone."""
        gone: list[int] = []
        with self._transaction():
            for row in rows:
                gone += [n for (n,) in self._db.execute("DELETE FROM app WHERE sha256 = ? RETURNING id", row[:1])]
                self._db.execute("INSERT INTO app (sha256, family, label, owner, set_by, print) VALUES (?, ?, ?, ?, ?, ?)", row)
        return gone

    def drop(self, sha256: str) -> int:
        """The number of the app that was deleted, 0 when there was none."""
        row = self._db.execute("DELETE FROM app WHERE sha256 = ? RETURNING id", (sha256,)).fetchone()
        return row[0] if row else 0

    def owners(self) -> list[tuple[int, int]]:
        """(number, owner) of every app."""
        return self._db.execute("SELECT id, owner FROM app ORDER BY id").fetchall()

    def after(self, number: int) -> Iterator[tuple[int, int, bytes]]:
        """(number, owner, print) of apps with higher numbers."""
        yield from self._db.execute("SELECT id, owner, print FROM app WHERE id > ? ORDER BY id", (number,))

    def get(self, numbers: Sequence[int]) -> list[Row]:
        """The apps of these numbers that are there."""
        marks = ",".join("?" * len(numbers))
        found = self._db.execute(f"SELECT id, sha256, family, label, set_by, print FROM app WHERE id IN ({marks})", list(numbers))  # noqa: S608  marks alone
        return [Row(*row) for row in found]

    def find(self, sha256: str) -> Row | None:
        """The app with this digest."""
        row = self._db.execute("SELECT id, sha256, family, label, set_by, print FROM app WHERE sha256 = ?", (sha256,)).fetchone()
        return Row(*row) if row else None

    def all(self) -> Iterator[Row]:
        """Every app."""
        last = 0
        while rows := self._db.execute(
            "SELECT id, sha256, family, label, set_by, print FROM app WHERE id > ? ORDER BY id LIMIT ?", (last, _AT_ONCE)
        ).fetchall():
            yield from (Row(*row) for row in rows)
            last = rows[-1][0]

    def families(self) -> list[tuple[str, str, int]]:
        """(family, label, apps), the largest first."""
        return self._db.execute("SELECT family, max(label), count(*) FROM app GROUP BY family ORDER BY 3 DESC, 1").fetchall()

    def move(self, what: str, moves: Iterable[tuple[str, str, int, str, str]]) -> None:
        """(family, label, owner, set_by, sha256) of apps that change, and the decision behind it."""
        with self._transaction():
            self._db.executemany("UPDATE app SET family = ?, label = ?, owner = ?, set_by = ? WHERE sha256 = ?", moves)
            self._db.execute("INSERT INTO decision (what) VALUES (?)", (what,))

    def members(self, family: str) -> list[Row]:
        """The apps of a family."""
        found = self._db.execute("SELECT id, sha256, family, label, set_by, print FROM app WHERE family = ? ORDER BY id", (family,))
        return [Row(*row) for row in found]

    def segments(self) -> list[tuple[str, int, int]]:
        """(name, last number, apps) of the segments on disk."""
        return self._db.execute("SELECT name, last_id, count FROM segment ORDER BY last_id").fetchall()

    def set_segment(self, name: str, last: int, count: int) -> None:
        """From here on this is the only segment on disk; its files are there."""
        with self._transaction():
            self._db.execute("DELETE FROM segment")
            self._db.execute("INSERT INTO segment VALUES (?, 1, ?, ?)", (name, last, count))

    def _transaction(self) -> _Transaction:
        return _Transaction(self._db)


class _Transaction:
    """Begin, then commit or roll back."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, *_: object) -> None:
        self._db.execute("ROLLBACK" if kind else "COMMIT")
