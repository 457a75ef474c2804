"""How each topic must be laid out in Kafka, and what is wrong with one that is laid out otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from fraud_guard.adapters.relaid_log import topic_of
from fraud_guard.app.settings import Settings
from fraud_guard.app.topics import (
    APK_DEEP,
    APK_SUBMITTED,
    APK_VERDICTS,
    INLETS,
    LAYOUT,
    LISTS,
    LOG,
    OUTLETS,
    PEERS,
    RULES,
    WATERMARKS,
    is_log,
)
from fraud_guard.log import RECORD_BYTES_MOST

if TYPE_CHECKING:
    from fraud_guard.adapters.kafka.log import TopicFacts

HOUR_MS = 3_600_000
OUTLET_HOURS = 7 * 24
INLET_HOURS_MOST = 24
"""Inlets hold raw numbers: no longer than this, unless `retention_h` asks for more."""


class TopicPlan(NamedTuple):
    """One topic as it must be. `hours`: records are kept so long at least; 0 = for good, compacted by key."""

    partitions: int
    replicas: int
    hours: int
    hours_most: int | None = None

    @property
    def insync(self) -> int:
        """Replicas that must have a record before it counts as written: all but one."""
        return max(1, self.replicas - 1)

    def config(self) -> dict[str, str]:
        """The topic's settings for its creation."""
        kept = {"cleanup.policy": "delete", "retention.ms": str(self.hours * HOUR_MS)} if self.hours else {"cleanup.policy": "compact"}
        return {**kept, "max.message.bytes": str(RECORD_BYTES_MOST), "min.insync.replicas": str(self.insync)}


def plan_of(settings: Settings) -> dict[str, TopicPlan]:
    """Every topic of a site by name."""
    hours, replicas = settings.retention_h, settings.kafka_replicas
    inlet = TopicPlan(settings.inlet_partitions, replicas, hours, max(hours, INLET_HOURS_MOST))
    return {
        **dict.fromkeys(INLETS, inlet),
        topic_of(LOG, settings.tags_generation): TopicPlan(settings.tags_partitions, replicas, hours),
        PEERS: TopicPlan(1, replicas, hours),
        WATERMARKS: TopicPlan(1, replicas, 1),
        **dict.fromkeys(OUTLETS, TopicPlan(1, replicas, OUTLET_HOURS)),
        **dict.fromkeys((APK_SUBMITTED, APK_DEEP), TopicPlan(settings.apk_partitions, replicas, OUTLET_HOURS)),
        APK_VERDICTS: TopicPlan(1, replicas, OUTLET_HOURS),
        **dict.fromkeys((RULES, LISTS, LAYOUT), TopicPlan(1, replicas, 0)),
    }


def deviations(name: str, plan: TopicPlan, facts: TopicFacts | None) -> Iterator[str]:
    """What is wrong with a topic, each with its remedy."""
    if facts is None:
        yield f"{name}: missing; run `fraud-guard topics create`"
        return
    if facts.partitions != plan.partitions:
        yield f"{name}: {facts.partitions} partitions, {plan.partitions} are set; {_MORE.get(LOG if is_log(name) else name, _ONE)}"
    if facts.replicas < plan.replicas:
        yield f"{name}: {facts.replicas} replicas, {plan.replicas} are set; add replicas with kafka-reassign-partitions, or set FG_KAFKA_REPLICAS"
    yield from (f"{name}: {what}; {_alter(name, setting, right)}" for what, setting, right in _wrong(plan, facts))


_ONE = "drain it, delete it and run `fraud-guard topics create`"
_MORE = {
    LOG: "set FG_TAGS_PARTITIONS to what there is; `fraud-guard topics repartition` lays the log out anew",
    **dict.fromkeys((APK_SUBMITTED, APK_DEEP), "set FG_APK_PARTITIONS to what there is, or drain and delete it and run `fraud-guard topics create`"),
    **dict.fromkeys(INLETS, "set FG_INLET_PARTITIONS to what there is, or drain and delete it and run `fraud-guard topics create`"),
}


def _wrong(plan: TopicPlan, facts: TopicFacts) -> Iterator[tuple[str, str, str]]:
    """(what is wrong, the setting, its right value)."""
    config, wanted = facts.config, plan.config()
    policy = config.get("cleanup.policy", "")
    if policy != wanted["cleanup.policy"]:
        yield f"cleanup.policy = {policy}", "cleanup.policy", wanted["cleanup.policy"]
    if plan.hours:
        yield from _wrong_retention(plan, config)
    if _number(config, "max.message.bytes") < RECORD_BYTES_MOST:
        yield f"max.message.bytes = {config.get('max.message.bytes')}, blocks need {RECORD_BYTES_MOST}", "max.message.bytes", str(RECORD_BYTES_MOST)
    insync = _number(config, "min.insync.replicas")
    if insync < plan.insync or insync > facts.replicas:
        yield f"min.insync.replicas = {insync} with {facts.replicas} replicas", "min.insync.replicas", str(plan.insync)
    if config.get("unclean.leader.election.enable") == "true":
        yield "unclean.leader.election.enable loses written records", "unclean.leader.election.enable", "false"


def _wrong_retention(plan: TopicPlan, config: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    kept_ms, right = _number(config, "retention.ms"), str(plan.hours * HOUR_MS)
    if 0 <= kept_ms < plan.hours * HOUR_MS:
        yield f"retention of {kept_ms / HOUR_MS:g} h, at least {plan.hours} h are needed to recover", "retention.ms", right
    if plan.hours_most is not None and not 0 <= kept_ms <= plan.hours_most * HOUR_MS:
        kept = f"{kept_ms / HOUR_MS:g} h" if kept_ms >= 0 else "for ever"
        yield f"raw numbers are kept {kept}, at most {plan.hours_most} h are allowed", "retention.ms", right
    if _number(config, "retention.bytes") >= 0:
        yield "retention.bytes may drop records before their time", "retention.bytes", "-1"


def _number(config: Mapping[str, str], name: str) -> int:
    return int(config.get(name) or -1)


def _alter(name: str, setting: str, value: str) -> str:
    return f"kafka-configs.sh --alter --entity-type topics --entity-name {name} --add-config {setting}={value}"
