"""The log of a worker: lines for machines, from every library, and nothing about people in them."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import structlog

from fraud_guard.adapters.kafka.log import KafkaLog
from fraud_guard.adapters.sealing import Keys
from fraud_guard.app.logs import SamePipe, log_to_stderr
from fraud_guard.app.topics import MIXED
from fraud_guard.door.numbers import normalise
from fraud_guard.door.tokens import Tokeniser
from fraud_guard.errors import ConfigurationError
from fraud_guard.log import Record
from fraud_guard.testing import lines_of
from scripts.servers.broker import Broker, free_port
from tests import scrape
from tests.integration import live

CALM = {"idle_ms": 600_000}


def parsed(line: bytes) -> object:
    """The line as JSON; None for one that is none."""
    try:
        return json.loads(line)
    except ValueError:
        return None


def secrets_of(lines: list[bytes]) -> set[str]:
    """Numbers in their national form, texts and tokens of a day."""
    tags = [tag for line in lines if isinstance(tag := parsed(line), dict)]
    tokens = Tokeniser(Keys.from_site_key(live.KEY).token)
    numbers = {re.sub(r"^(\+|00)?86", "", tag[name]) for tag in tags for name in ("subject", "peer") if isinstance(tag.get(name), str)}
    subjects = {normalise(tag["subject"]) for tag in tags if "subject" in tag}
    return {n for n in numbers if len(n) >= 7} | {tag["text"] for tag in tags if tag.get("text")} | {tokens.token(s).hex() for s in subjects}


def test_a_day_in_the_log(site_kafka: Broker, tmp_path: Path) -> None:
    """At DEBUG, on Kafka, under Faust's own command: JSON lines from all libraries, and no number, text or token of the day."""
    day = lines_of(live.DAY / "tags.ndjson")
    address = f"127.0.0.1:{free_port()}"
    command = [*live.FAUST[:-1], "debug"]
    worker = live.Worker(tmp_path, command, kafka=site_kafka.address, health_address=address, **CALM)
    worker.until(lambda: scrape.get(address, "/readyz").status == 200)
    with closing(KafkaLog(site_kafka.address)) as log:
        log.append(MIXED, 0, [Record(None, line) for line in [*day, b"13800138000 is no tag"]])
    worker.until(lambda: scrape.metrics(address).get(("fraud_guard_conservation_tags", "accepted")) == len(day) + 1)
    assert worker.stop() == 0, worker.words()[-3_000:]
    words = worker.words()
    said = [json.loads(line) for line in words.splitlines() if line.startswith("{")]
    assert {"faust", "aiokafka"} <= {line.get("logger", "").split(".")[0] for line in said}
    assert [secret for secret in {*secrets_of(day), "13800138000"} if secret in words] == []
    banner, _, rest = words.partition("\n{")
    assert [line for line in rest.splitlines()[1:] if line and not line.startswith("{")] == [], banner


@pytest.fixture
def _as_before() -> Iterator[None]:
    """Other tests find the log as it was."""
    yield
    structlog.reset_defaults()


@pytest.mark.usefixtures("_as_before")
def test_libraries_speak_in_our_log(capsys: pytest.CaptureFixture[str]) -> None:
    """What a library logs comes out as ours does; a foreign error among its arguments is told by its type."""
    log_to_stderr(logging.INFO, form="json")
    foreign = logging.getLogger("somebody.else")
    foreign.handlers, foreign.propagate = [SamePipe()], False
    foreign.setLevel(logging.DEBUG)
    foreign.info("lost %s: %r", "node 1", ValueError("13800138000"))
    foreign.warning("%s", ConfigurationError("set FG_KAFKA"))
    foreign.debug("not told")
    foreign.error("a crash", exc_info=ValueError("13800138000"))
    told = capsys.readouterr().err
    said = [json.loads(line) for line in told.splitlines()]
    assert [line["event"] for line in said] == ["lost node 1: 'ValueError'", "set FG_KAFKA", "a crash"]
    assert said[2]["exception"][0]["type"] == "ValueError"
    assert "13800138000" not in told


@pytest.mark.usefixtures("_as_before")
def test_a_log_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    """FG_LOG_FORMAT=console writes for eyes, without a terminal without colours."""
    log_to_stderr(logging.INFO, form="console")
    structlog.get_logger().info("rules_loaded", rules=3)
    told = capsys.readouterr().err
    assert "rules_loaded" in told and "rules=3" in told
    assert "\x1b" not in told
