"""`topics create` lays topics out as the settings ask; `topics check` names whatever deviates, with its remedy."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from typer.testing import CliRunner

from fraud_guard.adapters.kafka.log import TopicFacts
from fraud_guard.app.cli import exits
from fraud_guard.app.cli.main import app
from fraud_guard.app.settings import read
from fraud_guard.app.topic_plan import TopicPlan, deviations, plan_of
from fraud_guard.app.topics import INLETS, LOG, PEERS, RULES
from scripts.servers.kafka import KafkaBroker

HOUR_MS = 3_600_000


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FG_INLET_PARTITIONS", "4")
    monkeypatch.setenv("FG_TAGS_PARTITIONS", "8")


def call(command: str, code: int = 0) -> list[str]:
    exits.out.width = exits.err.width = 300
    result = CliRunner().invoke(app, ["topics", command])
    assert result.exit_code == code, result.output
    return [*result.stdout.splitlines(), *result.stderr.splitlines()]


def test_files_need_nothing() -> None:
    """Without Kafka both commands say that there is nothing to do, and make no file."""
    assert "nothing to do" in call("create")[0]
    assert "nothing to do" in call("check")[0]
    assert list(Path().iterdir()) == []


def test_made_checked_and_spoilt(site_apache_kafka: KafkaBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing topics are named and made, all is well then; what somebody changes is found."""
    monkeypatch.setenv("FG_KAFKA", site_apache_kafka.address)
    missing = call("check", 1)
    assert f"{LOG}: missing; run `fraud-guard topics create`" in missing
    made = call("create")
    assert f"{LOG}: 8 partitions, 1 replicas" in made
    assert call("check") == [f"{len(plan_of(read()))} topics, 0 findings"]
    assert call("create")[0].startswith("0 made")
    asyncio.run(spoil(site_apache_kafka.address))
    monkeypatch.setenv("FG_TAGS_PARTITIONS", "16")
    found = call("check", 1)
    for words in (
        f"{LOG}: 8 partitions, 16 are set; set FG_TAGS_PARTITIONS",
        f"{PEERS}: retention of 1 h, at least 24 h are needed to recover; kafka-configs.sh --alter",
        f"{RULES}: cleanup.policy = delete; kafka-configs.sh --alter --entity-type topics --entity-name {RULES} --add-config cleanup.policy=compact",
    ):
        assert any(line.startswith(words) for line in found), (words, found)
    assert found[-1].endswith("3 findings")


async def spoil(address: str) -> None:
    """Let two topics have other settings."""
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    wrong = {PEERS: {"retention.ms": str(HOUR_MS), "max.message.bytes": str(8 << 20)}, RULES: {"cleanup.policy": "delete", "max.message.bytes": str(8 << 20)}}
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, configs) for name, configs in wrong.items()])
    await admin.close()


RIGHT = {
    "cleanup.policy": "delete", "retention.ms": str(24 * HOUR_MS), "retention.bytes": "-1", "max.message.bytes": str(8 << 20),
    "min.insync.replicas": "2", "unclean.leader.election.enable": "false",
}  # fmt: skip
PLAN = TopicPlan(4, 3, 24, 24)


def test_a_right_topic_has_no_deviation() -> None:
    """What is made is what is wanted."""
    assert list(deviations("tags.call", PLAN, TopicFacts(4, 3, RIGHT))) == []
    assert list(deviations("tags.call", PLAN, TopicFacts(4, 3, RIGHT | PLAN.config()))) == []


@pytest.mark.parametrize(("partitions", "replicas", "config", "words"), [
    (2, 3, {}, "2 partitions, 4 are set; set FG_INLET_PARTITIONS"),
    (4, 1, {"min.insync.replicas": "1"}, "1 replicas, 3 are set"),
    (4, 3, {"cleanup.policy": "compact,delete"}, "cleanup.policy = compact,delete"),
    (4, 3, {"retention.ms": str(HOUR_MS)}, "retention of 1 h, at least 24 h"),
    (4, 3, {"retention.ms": str(48 * HOUR_MS)}, "raw numbers are kept 48 h, at most 24 h"),
    (4, 3, {"retention.ms": "-1"}, "raw numbers are kept for ever"),
    (4, 3, {"retention.bytes": "1000"}, "retention.bytes may drop"),
    (4, 3, {"max.message.bytes": "1048588"}, "max.message.bytes = 1048588, blocks need 8388608"),
    (4, 3, {"min.insync.replicas": "1"}, "min.insync.replicas = 1 with 3 replicas"),
    (4, 3, {"min.insync.replicas": "4"}, "min.insync.replicas = 4 with 3 replicas"),
    (4, 3, {"unclean.leader.election.enable": "true"}, "unclean.leader.election.enable loses"),
])  # fmt: skip
def test_each_deviation_is_named(partitions: int, replicas: int, config: dict[str, str], words: str) -> None:
    """Whatever is laid out otherwise is named with what to do."""
    found = list(deviations(INLETS[0], PLAN, TopicFacts(partitions, replicas, RIGHT | config)))
    assert any(line.startswith(f"{INLETS[0]}: {words}") and "; " in line for line in found), found
