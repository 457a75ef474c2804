"""What `doctor` asks of servers and shared folders. Nothing is made or changed by it.

An examination returns what it found; it raises Note for what works and wants attention, and another FraudGuardError, with
the remedy, for what does not.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from fraud_guard.app.settings import Settings, site_key
from fraud_guard.errors import ConfigurationError, DependencyError, FraudGuardError, IntegrityError

if TYPE_CHECKING:
    from fraud_guard.adapters.kafka.log import KafkaLog, TopicFacts

CLOCKS_MS = 5_000
"""Clocks that are further apart make deadlines strike at different times on different machines."""
FREE_BYTES = 2 * 1024**3
IN_DATA = "in the data folder"


class Note(FraudGuardError):
    """Something that works, but not as an operator may expect."""


def examine_kafka(settings: Settings) -> str:
    """The brokers answer, topics are laid out as planned and tell true ends, and the generation is that of the settings."""
    if settings.kafka is None:
        return IN_DATA
    from fraud_guard.app.servers import probes  # noqa: PLC0415  commands about orders need no driver
    from fraud_guard.app.stores import open_kafka  # noqa: PLC0415
    from fraud_guard.app.topic_plan import deviations, plan_of  # noqa: PLC0415

    probes(settings)["log"]()
    with closing(open_kafka(settings)) as log:
        plan = plan_of(settings)
        facts = log.facts(list(plan))
        there = {name: fact for name, fact in facts.items() if fact is not None}
        _check_generation(settings, log, there)
        if wrong := [words for name, fact in there.items() for words in (*deviations(name, plan[name], fact), *_untrue_ends(log, name, fact))]:
            raise ConfigurationError("; ".join(wrong))
        words = f"Kafka {settings.kafka}, {len(there)} topics as planned, {log.members()} workers in the group"
        if missing := sorted(plan.keys() - there.keys() - _made_by_others(settings)):
            raise Note(f"{words}; the first worker makes {', '.join(missing)}, or `fraud-guard topics create`")
    return words


def _made_by_others(settings: Settings) -> set[str]:
    """Topics that no worker makes or misses: of APK files, and of rules and lists where those come from a folder."""
    from fraud_guard.app.topics import APK_DEEP, APK_SUBMITTED, LISTS, RULES  # noqa: PLC0415

    unread = {name for name, place in ((RULES, settings.rules_from), (LISTS, settings.lists_from)) if place != "topic"}
    return {APK_SUBMITTED, APK_DEEP} | unread


def _check_generation(settings: Settings, log: KafkaLog, there: Mapping[str, TopicFacts]) -> None:
    from fraud_guard.app.layout import laid_out  # noqa: PLC0415
    from fraud_guard.app.topics import LAYOUT  # noqa: PLC0415

    if LAYOUT in there:
        laid_out(log, settings)


def _untrue_ends(log: KafkaLog, topic: str, fact: TopicFacts) -> Iterator[str]:
    """Where the last record is not at the end that the broker tells, or the group has read further."""
    for p in range(fact.partitions):
        start, end = log.start(topic, p), log.end(topic, p)
        if (log.committed(topic, p) or 0) > end:
            yield f"{topic}-{p}: the group has read further than its end {end}; the topic was made anew, or the broker tells wrong ends: use Apache Kafka"
        elif end > start and not fact.config.get("cleanup.policy", "").startswith("compact") and not log.read(topic, p, end - 1, 1):
            yield f"{topic}-{p}: there is no record at {end - 1}, below its end; the broker tells wrong ends (ListOffsets): use Apache Kafka"


def examine_truth(settings: Settings) -> str:
    """PostgreSQL answers, its tables are of this build, and its clock goes right."""
    if settings.truth_url is None:
        return IN_DATA
    from fraud_guard.adapters.sql.engine import server_facts  # noqa: PLC0415
    from fraud_guard.app.stores import truth_place  # noqa: PLC0415

    facts = server_facts(str(truth_place(settings)))
    words = f"PostgreSQL {facts.version}"
    older = [f"{name} {found}" for name, (found, head) in facts.layouts.items() if found and int(found[1:]) < int(head[1:])]
    newer = [f"{name} {found}" for name, (found, head) in facts.layouts.items() if found and int(found[1:]) > int(head[1:])]
    if newer:
        raise IntegrityError(f"{words}: tables of a newer build ({', '.join(newer)}); run that build")
    _check_clock("PostgreSQL", facts.ahead_ms)
    if older:
        raise Note(f"{words}: the first worker of this build migrates {', '.join(older)}; older builds do not start after that")
    if None in [found for found, _ in facts.layouts.values()]:
        raise Note(f"{words}: no tables yet; the first worker makes them")
    return f"{words}, tables of this build"


def examine_memory(settings: Settings) -> str:
    """Redis or Valkey answers, drops nothing, lets this user do what a worker does, and its clock, which gives epochs, goes right."""
    if settings.memory_url is None:
        return IN_DATA
    from redis import RedisError  # noqa: PLC0415

    from fraud_guard.adapters.redis_examined import examine  # noqa: PLC0415
    from fraud_guard.app.stores import open_memory  # noqa: PLC0415

    open_memory(settings).close()  # says what is wrong with the address, the login or the policy
    try:
        facts = examine(settings.memory_url.get_secret_value())
    except RedisError as error:
        raise DependencyError(f"memory: {error}; check that it runs and can be reached") from error
    if facts.refused:
        raise ConfigurationError(f"memory: its user may not send {', '.join(facts.refused)}; docs/operations.md lists the commands it needs")
    _check_clock("memory", facts.ahead_ms)
    full = f" of {facts.most_bytes / 1024**2:,.0f}" if facts.most_bytes else ""
    words = f"{facts.version}, noeviction, {facts.used_bytes / 1024**2:,.0f}{full} MB used"
    if facts.most_bytes and facts.used_bytes > 0.9 * facts.most_bytes:
        raise Note(f"{words}: nearly full; raise maxmemory, for a full one stops the workers")
    return f"{words}; its user may also administer it, which it need not (docs/operations.md)" if facts.administers else words


def _check_clock(name: str, ahead_ms: int) -> None:
    if abs(ahead_ms) > CLOCKS_MS:
        raise Note(f"the clock of {name} is {ahead_ms / 1_000:+,.0f} s off this machine's; let both follow one time server (NTP)")


def examine_history(settings: Settings) -> str:
    """The folder of the history can be written and has room; how far back it goes."""
    if settings.history_dir is None:
        return "none is kept"
    from fraud_guard.adapters.history.folder import HistoryFolder  # noqa: PLC0415

    free = _room("history_dir (FG_HISTORY_DIR)", settings.history_dir)
    folder = HistoryFolder(settings.history_dir)
    days = folder.days()
    left = sum(len(folder.left_over(day)) for day in days)
    since = f"{len(days)} days since {days[0]}, {len(folder.files()):,} files" if days else "empty"
    return f"{settings.history_dir}: {since}, {free}" + (f"; {left} left over by a crash, the next worker clears them" if left else "")


def examine_snapshots(settings: Settings) -> str:
    """The folder of snapshots can be written, its newest files are sound and no older than the log reaches back."""
    if settings.snapshot_dir is None:
        if settings.memory_url is not None:
            raise Note("none are taken: a lost memory is read again from the log alone; set FG_SNAPSHOT_DIR to a folder that all workers reach")
        return "none are taken"
    free = _room("snapshot_dir (FG_SNAPSHOT_DIR)", settings.snapshot_dir)
    ages_h = _ages_h(settings) if settings.snapshot_dir.is_dir() else {}
    if not ages_h:
        return f"{settings.snapshot_dir}: none yet, {free}"
    oldest = max(ages_h, key=ages_h.__getitem__)
    words = f"{settings.snapshot_dir}: of {len(ages_h)} partitions, the oldest ({oldest}) {ages_h[oldest]:,.1f} h old, {free}"
    if ages_h[oldest] > settings.retention_h:
        raise Note(f"{words}: the log keeps {settings.retention_h} h and does not reach that far; is a worker running that has it?")
    return words


def _ages_h(settings: Settings) -> dict[str, float]:
    """Of the newest snapshot of each partition. Raises IntegrityError when one is damaged."""
    from fraud_guard.adapters.clock import wall_clock_ms  # noqa: PLC0415
    from fraud_guard.adapters.sealing import Keys, Sealer  # noqa: PLC0415
    from fraud_guard.app.stores import open_snapshots  # noqa: PLC0415

    folder = open_snapshots(settings, Sealer(Keys.from_site_key(site_key(settings)).snapshot))
    ages_h: dict[str, float] = {}
    for path in folder.paths() if folder else ():
        if (partition := path.name.rsplit(".", 2)[0]) not in ages_h:
            ages_h[partition] = (wall_clock_ms() - folder.head(path).at_ms) / 3_600_000  # type: ignore[union-attr]
    return ages_h


def _room(name: str, folder: Path) -> str:
    """How much is free. Raises FraudGuardError when the folder cannot be written or is nearly full."""
    there = next(p for p in (folder.absolute(), *folder.absolute().parents) if p.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise ConfigurationError(f"{name}: {there} cannot be written; give a folder of this user")
    free = shutil.disk_usage(there).free
    if free < FREE_BYTES:
        raise DependencyError(f"{name}: {there} has {free / 1024**2:,.0f} MB free; make room for at least 2 GB")
    return f"{free / 1024**3:,.0f} GB free"
