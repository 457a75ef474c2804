"""FLUSHALL while two workers score, after three generations of rules: the memory comes back from snapshots, and the same is told."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import redis

from fraud_guard.adapters.clock import wall_clock_ms
from fraud_guard.app.topics import LOG
from fraud_guard.testing import Driver, ToldClock, lines_of
from tests.integration import live
from tests.integration.actors import IDLE_MS, PARTITIONS, Actors
from tests.integration.history import complaints
from tests.integration.test_seeded_kills import city
from tests.servers import needs_apache_kafka

pytestmark = [pytest.mark.service, pytest.mark.timeout(0), pytest.mark.usefixtures(needs_apache_kafka.__name__)]  # `Actors.until` sees what is stuck
WEIGHTS = ("6.5", "7.3")
"""Of every rule, in the second and in the third generation."""


def generations(folder: Path) -> list[Path]:
    """Three folders of rules."""
    found = [live.calm_rules(folder)]
    for weight in WEIGHTS:
        target = folder / f"rules-{weight}"
        shutil.copytree(found[0], target)
        for path in (target / "tags").rglob("*.yaml"):
            path.write_text(re.sub(r"^weight: .*$", f"weight: {weight}", path.read_text("utf-8"), flags=re.MULTILINE), encoding="utf-8")
        found.append(target)
    return found


def point(link: Path, rules: Path) -> None:
    """Put a whole folder of rules in the place of another one."""
    fresh = link.with_suffix(".new")
    fresh.symlink_to(rules)
    fresh.replace(link)


def undisturbed(folder: Path, parts: list[list[bytes]], rules: list[Path], **tables: Any) -> dict[str, list[str]]:
    """What one worker on files tells, with the same rules for the same tags."""
    folder.mkdir()
    link = folder / "link"
    point(link, rules[0])
    run = Driver(live.settings_of(folder, idle_ms=IDLE_MS, rules_dir=link, **tables), ToldClock(wall_clock_ms()))
    for number, part in enumerate(parts):
        if 0 < number < len(rules):
            point(link, rules[number])
            run.site.reload_rules()
        run.feed(part)
        run.settle()
    run.close()
    return live.told(folder, **tables)


def test_flushall(tmp_path: Path) -> None:
    """Two workers lose all their memory: each says so, ends, and goes on from snapshots; every tag is decided by the rules of its time."""
    tags = city(tmp_path / "city", "--people", "200", "--days", "1", "--seed", "9", "--prior", "teaching")
    lines, tables = lines_of(tags), {"subjects": tags.parent / "subjects.csv", "stations": tags.parent / "stations.csv"}
    quarter = len(lines) // 4
    parts = [lines[:quarter], lines[quarter : 2 * quarter], lines[2 * quarter : 3 * quarter], lines[3 * quarter :]]
    shelf, link, rules = tmp_path / "snapshots", tmp_path / "link", generations(tmp_path)
    point(link, rules[0])
    with Actors(tmp_path, snapshot_dir=shelf, snapshot_ms=1_000, rules_poll_ms=100, rules_dir=link, **tables) as actors:
        for number, part in enumerate(parts[:-1]):
            if number:
                announce(actors, link, rules[number])
            actors.feed(part)
            actors.until(actors.all_scored)
        actors.until(lambda: len({path.name.split(".")[0] for path in shelf.glob("*.snapshot")}) == PARTITIONS + 1)
        with redis.Redis.from_url(actors.valkey.url) as db:
            db.flushall()
        actors.feed(parts[-1])
        actors.until(lambda: actors.all_scored() and restored(actors) > PARTITIONS)  # each partition, and the peers
        actors.stop(late=actors.names)
        told = live.told(tmp_path / "one", **actors.settings)
    expected = undisturbed(tmp_path / "alone", parts, rules, **tables)
    assert len(expected["orders"]) > 3, "the tags say too little"
    assert complaints(told, expected) == []


def restored(actors: Actors) -> int:
    """How often the workers said that they took up a memory from a snapshot."""
    return sum(worker.words().count("memory_restored") for worker in actors.workers.values())


def announce(actors: Actors, link: Path, rules: Path) -> None:
    """Both workers take the new rules before anything more is fed: each announces them in every partition."""
    before = sum(actors.log.end(LOG, p) for p in range(PARTITIONS))
    point(link, rules)
    actors.until(lambda: sum(actors.log.end(LOG, p) for p in range(PARTITIONS)) >= before + PARTITIONS * len(actors.names))
    actors.until(actors.all_scored)
