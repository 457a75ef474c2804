"""The database behind a file or URL: how it is opened and brought up to date, what is special to a dialect.

Nothing outside this module may depend on SQLite.
"""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import (
    URL,
    ColumnElement,
    Connection,
    Engine,
    Table,
    create_engine,
    event,
    func,
    inspect,
    make_url,
    text,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.exc import DBAPIError, OperationalError

from fraud_guard.errors import ConfigurationError, DependencyError, IntegrityError

BUSY_TIMEOUT_S = 10
PATIENCE_MS = 6_000
"""So long an answer of PostgreSQL is waited for, well within what Kafka's group allows a member to be silent."""
_TURNED_AWAY = re.compile(r"does not exist|authentication failed|no password supplied|no pg_hba\.conf entry|permission denied|不存在|认证失败|没有.*pg_hba")
"""What a PostgreSQL server says to who may not come in; libpq gives no code for it."""
MIGRATION_LOCK = 0x4647  # "FG": of this program, among the advisory locks of a PostgreSQL database
READ_ONLY = "fraud_guard_read_only"
_MIGRATIONS = Path(__file__).parent / "migrations"
_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "wal_autocheckpoint = 8000",  # pages: random keys are written home once for many transactions
)
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def server_version(url: str) -> str:
    """The version of the server behind a URL. Raises like `server_facts`."""
    return server_facts(url).version


class ServerFacts(NamedTuple):
    """`ahead_ms`: its clock, of this machine's. `layouts`: (what the tables have, what this build has) of truth, vault and touches; None: no tables yet."""

    version: str
    ahead_ms: int
    layouts: Mapping[str, tuple[str | None, str]]


def server_facts(url: str) -> ServerFacts:
    """What there is to know of the server behind a URL; nothing is changed there.

    Raises DependencyError when it cannot be reached, ConfigurationError when it turns this user away.
    """
    engine = _engine(url)
    try:
        with engine.connect() as connection:
            version = ".".join(map(str, connection.dialect.server_version_info or ()))
            before_s = time.time()
            now_s = connection.exec_driver_sql("SELECT extract(epoch FROM clock_timestamp())").scalar_one()
            layouts = {one.folder: (_revision(connection, one.table), one.head) for one in (TRUTH, VAULT, TOUCHES)}
            return ServerFacts(version, int((float(now_s) - before_s) * 1_000), layouts)
    except DBAPIError as error:
        words = f"{make_url(url).render_as_string()}: {error.orig}"
        if _TURNED_AWAY.search(str(error.orig)):
            raise ConfigurationError(f"{words}; check user, password and database of truth_url; the database must exist") from None
        raise DependencyError(f"{words}; check that it runs and can be reached") from error
    finally:
        engine.dispose()


class History(NamedTuple):
    """A folder of migrations under `migrations/versions`, its newest revision, and the table that tells the revision of a
    database that holds several; a file holds one.
    """

    folder: str
    head: str
    table: str


_OF_A_FILE = "alembic_version"
TRUTH = History("truth", "t2", _OF_A_FILE)
VAULT = History("vault", "v1", "vault_version")
TOUCHES = History("touches", "h1", "touches_version")


class Database:
    """One database, migrated when it is opened. `place` is a SQLite file or an SQLAlchemy URL.

    Raises DependencyError when it cannot be reached, IntegrityError when it is damaged or was
    written by a newer build, ConfigurationError when the file may not be created.
    """

    def __init__(self, place: Path | str, history: History) -> None:
        self.name = str(place) if isinstance(place, Path) else make_url(place).render_as_string()
        self._engine = _engine(place)
        self._readers = self._engine.execution_options(**{READ_ONLY: True})
        try:
            self._migrate(history)
        except BaseException:
            self._engine.dispose()
            raise

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that holds the write lock from its first line on SQLite; commits unless it raises."""
        with self._meaningful_errors(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state and writes nothing."""
        with self._meaningful_errors(), self._readers.begin() as connection:
            yield connection

    def add_new(
        self, connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]], keys: Sequence[str] = ()
    ) -> None:
        """Insert rows whose key or unique value is not there yet; values go with `keys`, or with all columns."""
        if not rows:
            return
        keys = keys or table.columns.keys()
        if self._engine.dialect.name == "sqlite":  # straight to the driver: three times as fast
            names, marks = ", ".join(keys), ", ".join("?" * len(keys))
            sql = f"INSERT OR IGNORE INTO {table.name} ({names}) VALUES ({marks})"  # noqa: S608  our own names
            connection.exec_driver_sql(sql, list(rows))
        else:
            insert = postgresql_insert(table).on_conflict_do_nothing()
            connection.execute(insert, [dict(zip(keys, row, strict=True)) for row in rows])

    def lock(self, connection: Connection, number: int) -> None:
        """Until the transaction ends nobody else holds this number; on SQLite whoever writes is alone anyway."""
        if self._is_postgresql:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({number})")

    @property
    def _is_postgresql(self) -> bool:
        return self._engine.dialect.name == "postgresql"

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _migrate(self, history: History) -> None:
        table = history.table if self._is_postgresql else _OF_A_FILE
        with self.read() as connection:
            revision = _revision(connection, table)
        if revision == history.head:
            return
        with self.write() as connection, self._alone(connection):  # one process migrates, the others find it done
            revision = _revision(connection, table)
            if revision != history.head:
                self._upgrade(connection, history, revision, table)

    @contextmanager
    def _alone(self, connection: Connection) -> Iterator[None]:
        """While nobody else migrates. On SQLite the write lock says so already."""
        if not self._is_postgresql:
            yield
            return
        from fraud_guard.adapters.sql.patience import unhurried  # noqa: PLC0415  the driver, which files do without

        with unhurried(connection):
            self.lock(connection, MIGRATION_LOCK)
            yield

    def _upgrade(self, connection: Connection, history: History, revision: str | None, table: str) -> None:
        from alembic import command  # noqa: PLC0415  slow to import, seldom needed
        from alembic.config import Config  # noqa: PLC0415
        from alembic.util import CommandError  # noqa: PLC0415

        config = Config(attributes={"connection": connection, "version_table": table})
        config.set_main_option("script_location", _escaped(_MIGRATIONS))
        config.set_main_option("version_locations", _escaped(_MIGRATIONS / "versions" / history.folder))
        config.set_main_option("path_separator", "newline")
        try:
            command.upgrade(config, "head")
        except CommandError:
            raise IntegrityError(
                f"{self.name} has layout {revision}, this build knows up to {history.head}; "
                "run the build that wrote it, or a newer one"
            ) from None

    @contextmanager
    def _meaningful_errors(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
            if code in _DAMAGED:
                raise IntegrityError(f"{self.name}: {error.orig}; restore the last snapshot") from error
            if isinstance(error, OperationalError) or error.connection_invalidated:
                remedy = "check disk space, rights, and whether another process holds it"
                raise DependencyError(f"{self.name}: {error.orig}; {remedy}") from error
            raise IntegrityError(f"{self.name}: {error.orig}") from error


def holds(connection: Connection, column: ColumnElement[bytes], part: bytes) -> ColumnElement[bool]:
    """Whether the bytes of a column hold `part` somewhere."""
    find = func.instr if connection.dialect.name == "sqlite" else func.pg_catalog.position
    return find(column, part) > 0


def _engine(place: Path | str) -> Engine:
    if isinstance(place, str):
        engine = create_engine(place, pool_pre_ping=True)
        if engine.dialect.name == "postgresql":
            from fraud_guard.adapters.sql.patience import be_patient  # noqa: PLC0415  the driver, which files do without

            be_patient(engine, PATIENCE_MS)
        return engine
    _create_private(place)
    url = URL.create("sqlite+pysqlite", database=str(place))
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S})
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _create_private(path: Path) -> None:
    """The file exists and only its owner reads it.

    One that exists is not opened: closing it again would drop the locks that SQLite holds on it in this
    process, and the next reader elsewhere would delete the write-ahead log under the writer.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        if not path.is_file():
            raise ConfigurationError(f"{path}: not a file; set data_dir to a folder you may write") from None
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}; set data_dir to a folder you may write") from None


def _set_up_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # `_begin_sqlite` begins, not the driver
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    read_only = connection.get_execution_options().get(READ_ONLY)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def _revision(connection: Connection, table: str) -> str | None:
    if not inspect(connection).has_table(table):
        return None
    found: str | None = connection.execute(text(f"SELECT version_num FROM {table}")).scalar()  # noqa: S608  our own names
    return found


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%%")
