"""A Kafka that asks for TLS and a password."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from fraud_guard.adapters.kafka.access import credentials
from fraud_guard.adapters.kafka.log import KafkaLog
from fraud_guard.errors import ConfigurationError, DependencyError
from fraud_guard.log import Record
from scripts.servers.kafka import PASSWORD, USER, KafkaBroker
from tests.integration import live

LOGIN: dict[str, Any] = {"user": USER, "password": PASSWORD, "mechanism": "PLAIN"}


def test_a_worker_proves_itself(site_apache_kafka: KafkaBroker, tmp_path: Path) -> None:
    """With the authority and the login a whole worker runs: its log and its streams."""
    access = {"kafka_ca": site_apache_kafka.ca, "kafka_user": USER, "kafka_password": PASSWORD, "kafka_mechanism": "PLAIN"}
    worker = live.Worker(
        tmp_path, [*live.RUN, "--tags", str(live.DAY / "tags.ndjson"), "--until-idle"],
        kafka=site_apache_kafka.guarded_address, idle_ms=600_000, tags_partitions=4, **access,
    )  # fmt: skip
    assert worker.ended() == 0, worker.words()[-2_000:]
    assert PASSWORD not in worker.words()


def test_the_log_alone(apache_kafka: KafkaBroker) -> None:
    """What was written under guard can be read under guard."""
    access = credentials(tls=True, ca=apache_kafka.ca, **LOGIN)
    with closing(KafkaLog(apache_kafka.guarded_address, access=access)) as log:
        log.declare("guarded", 1)
        at = log.append("guarded", 0, [Record(None, b"x")])
        assert log.read("guarded", 0, at, 1)[0].value == b"x"


@pytest.mark.parametrize(("change", "trusted"), [({"password": "wrong"}, True), ({}, False)])
def test_nobody_else_gets_in(apache_kafka: KafkaBroker, change: dict[str, str], trusted: bool) -> None:
    """A wrong password, or a broker of an authority that is not trusted, ends in an error without the password."""
    access = credentials(tls=True, ca=apache_kafka.ca if trusted else None, **LOGIN | change)
    with pytest.raises(DependencyError, match="brokers run") as refused:
        KafkaLog(apache_kafka.guarded_address, access=access, patience_ms=3_000)
    assert PASSWORD not in str(refused.value)


def test_what_cannot_be_meant(tmp_path: Path) -> None:
    """Half a login, a login in the clear and a file that is no authority are refused with the remedy."""
    no_pem = tmp_path / "ca.pem"
    no_pem.write_text("nothing")
    for wrong, words in (
        ({"tls": True, "ca": None, "user": "x", "password": None}, "go together"),
        ({"tls": False, "ca": None, "user": "x", "password": "y"}, "in the clear"),
        ({"tls": True, "ca": no_pem, "user": None, "password": None}, "PEM"),
        ({"tls": True, "ca": tmp_path / "none", "user": None, "password": None}, "PEM"),
    ):
        with pytest.raises(ConfigurationError, match=words):
            credentials(**wrong)  # type: ignore[arg-type]
    assert credentials(tls=False, ca=None, user=None, password=None) is None
