"""A PostgreSQL connection that does not wait for ever: what is not answered in time is given up, and the connection with it.

TCP tells of a machine that died, but not of one that is stopped, nor of a middlebox that swallows everything.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Connection, Engine, event

RV = TypeVar("RV")
CONNECT_S_LEAST = 2
"""The driver takes no less."""
SLOW = 2
UNHURRIED_S = 3_600.0
"""The patience with a migration."""
SERVER_FACTOR = 2
"""The server ends by itself what a lost client left behind after so many times the client's patience."""


class PatientConnection(psycopg.Connection[Any]):
    """Waits `patience_s` seconds for an answer, and SLOW times that for one that drips in; then it closes and raises OperationalError."""

    patience_s = 0.0

    def wait(self, gen: Generator[Any, Any, RV], *args: Any, **options: Any) -> RV:
        """Run one exchange with the server."""
        return super().wait(self._patient(gen), *args, **options)

    def _patient(self, gen: Generator[Any, Any, RV]) -> Generator[Any, Any, RV]:
        began_s = time.monotonic()
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                # not ready: the driver looks up from time to time
                if time.monotonic() - began_s > self.patience_s * (SLOW if ready else 1):
                    self.close()
                    raise psycopg.OperationalError(f"no answer in {self.patience_s:g} s")
                wanted = gen.send(ready)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


def be_patient(engine: Engine, patience_ms: int) -> None:
    """Make the engine's connections wait `patience_ms` and no longer, and let the server let go of locks of the lost."""

    @event.listens_for(engine, "do_connect")
    def connect(_: Any, __: Any, arguments: list[Any], options: dict[str, Any]) -> PatientConnection:
        known = {"connect_timeout": max(CONNECT_S_LEAST, patience_ms // 1_000), "tcp_user_timeout": patience_ms}
        made = PatientConnection.connect(*arguments, **known | options)
        made.patience_s = patience_ms / 1_000
        return made

    @event.listens_for(engine, "connect")
    def set_up(connection: PatientConnection, _: Any) -> None:
        longest_ms = SERVER_FACTOR * patience_ms
        for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
            connection.execute(f"SET {name} = {longest_ms}")
        connection.commit()


@contextmanager
def unhurried(connection: Connection) -> Iterator[None]:
    """Within a transaction whose statements may take long, or wait for another process that does the same work."""
    driver: Any = connection.connection.driver_connection
    patience_s, driver.patience_s = driver.patience_s, UNHURRIED_S
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    try:
        yield
    finally:
        driver.patience_s = patience_s
