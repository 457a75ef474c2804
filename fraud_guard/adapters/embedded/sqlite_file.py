"""The SQLite file under the log: how it is opened, checked and laid out, and what its errors mean."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from fraud_guard.errors import ConfigurationError, DependencyError, IntegrityError

Synchronous = Literal["OFF", "NORMAL", "FULL", "EXTRA"]

APPLICATION_ID = 0x46474C47  # "FGLG"
SCHEMA_VERSION = 1
PAGE_BYTES = 16_384
WAL_PAGES = 2_000  # checkpoint the WAL at 32 MB: fewer double writes, still a small file
BUSY_TIMEOUT_MS = 10_000

SCHEMA = """
CREATE TABLE partition (
    id INTEGER PRIMARY KEY, topic TEXT NOT NULL, number INTEGER NOT NULL, start INTEGER NOT NULL DEFAULT 0,
    committed INTEGER, UNIQUE (topic, number)
);
CREATE TABLE batch (
    place INTEGER PRIMARY KEY, count INTEGER NOT NULL, appended_ms INTEGER NOT NULL, crc INTEGER NOT NULL,
    blob BLOB NOT NULL
);
CREATE TABLE trait (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
"""`batch.place` is partition id << 40 | base offset: one integer key measures faster than a compound one."""

_CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_REMEDIES = {
    sqlite3.SQLITE_FULL: "the disk is full: make room or shorten the retention",
    sqlite3.SQLITE_BUSY: "another process holds it: close that one or try again",
    sqlite3.SQLITE_LOCKED: "another process holds it: close that one or try again",
    sqlite3.SQLITE_READONLY: "it cannot be written: check the owner and the mount",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened: check that the folder exists and who owns it",
    sqlite3.SQLITE_IOERR: "the disk reports an error: check it, then try again",
}


@contextmanager
def meaningful_errors(path: Path) -> Iterator[None]:
    """Turn errors of SQLite into ours; each message names the file and the remedy."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _CORRUPT:
            raise damaged(path, str(error)) from error
        remedy = _REMEDIES.get(code)
        if remedy is None:
            raise
        raise DependencyError(f"log {path}: {error}; {remedy}") from error


def damaged(path: Path, what: str) -> IntegrityError:
    """The error for a file whose content contradicts itself."""
    return IntegrityError(
        f"log {path} is damaged ({what}); move it away and restore it from a snapshot, "
        "or start with an empty one and replay the inlets"
    )


def open_file(path: Path, synchronous: Synchronous) -> sqlite3.Connection:
    """Open the file, creating folder, file and tables where missing.

    Raises IntegrityError for a torn file or another layout, DependencyError when it cannot be reached.
    """
    _create_private(path)
    with meaningful_errors(path):
        connection = connect(path, synchronous)
        try:
            with _alone_in(path.parent):
                _lay_out(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def connect(path: Path, synchronous: Synchronous) -> sqlite3.Connection:
    """A connection in autocommit mode that any thread may use, one at a time."""
    connection = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None, check_same_thread=False
    )
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
    connection.execute(f"PRAGMA journal_size_limit = {2 * WAL_PAGES * PAGE_BYTES}")
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing, holding the file's write lock from the start, so what is read inside stays true."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _create_private(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return  # and is not opened here: closing it would drop the locks that SQLite holds on it in this process
    except OSError as error:
        raise ConfigurationError(
            f"log {path} cannot be opened ({error.strerror}); set another path or give this user the right"
        ) from error


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    # SQLite's busy timeout does not cover the change to WAL: it fails at once when another process reads the file.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _lay_out(connection: sqlite3.Connection, path: Path) -> None:
    if _version(connection, path) == 0:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode = WAL")
        with transaction(connection):
            if _version(connection, path) == 0:  # else another process was first
                _create(connection)
    if (version := _version(connection, path)) != SCHEMA_VERSION:
        raise IntegrityError(
            f"log {path} has layout {version}, this build knows {SCHEMA_VERSION}; "
            "use the build that wrote it, or drain it there and start a new file"
        )


def _create(connection: sqlite3.Connection) -> None:
    for statement in filter(str.strip, SCHEMA.split(";")):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _version(connection: sqlite3.Connection, path: Path) -> int:
    # In this order, so that another process that lays the file out meanwhile is not taken for a foreign program.
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if (application, version, tables) != (0, 0, 0) and application != APPLICATION_ID:
        raise IntegrityError(f"{path} is an SQLite file but no log of this program; set another path")
    return int(version)
