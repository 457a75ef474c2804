"""Workers, Valkey, PostgreSQL and the broker are killed at moments of chance: what is told stays what it would have been."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from random import Random

import pytest

from fraud_guard.testing import lines_of
from tests.integration import live
from tests.integration.actors import VICTIMS, Actors, strike, undisturbed
from tests.integration.history import complaints
from tests.servers import needs_apache_kafka

pytestmark = [pytest.mark.service, pytest.mark.timeout(0), pytest.mark.usefixtures(needs_apache_kafka.__name__)]  # `Actors.until` sees what is stuck
SOAK_TAGS, SOAK_KILLS = int(os.environ.get("FG_SOAK_TAGS", "1000000")), int(os.environ.get("FG_SOAK_KILLS", "200"))


def city(folder: Path, *options: str) -> Path:
    """The tags of a labelled city."""
    subprocess.run([live.RUN[0], "simulate", "--quiet", *options, "--out", str(folder)], check=True, cwd=live.ROOT)
    return folder / "tags.ndjson"


def killed(folder: Path, tags: Path, kills: int, seed: int) -> None:
    """Feed the tags in pieces, with a kill after each; compare."""
    chance, lines = Random(seed), lines_of(tags)
    tables = {"subjects": tags.parent / "subjects.csv", "stations": tags.parent / "stations.csv"}
    shown = {name: path for name, path in tables.items() if path.exists()}
    victims = list(VICTIMS)
    chance.shuffle(victims)
    victims += [chance.choice(VICTIMS) for _ in range(kills - len(victims))]
    cuts = sorted(chance.sample(range(1, len(lines)), kills))
    with Actors(folder, **shown) as actors:
        for victim, start, end in zip(victims, [0, *cuts], cuts, strict=False):
            actors.feed(lines[start:end])
            actors.until(lambda some=start + 1: actors.taken_in(some))  # type: ignore[misc]
            strike(actors, victim, chance)
        actors.feed(lines[cuts[-1] :])
        actors.until(actors.all_scored)
        actors.stop(late=actors.names)
        told = live.told(folder / "one", **actors.settings)
    expected = undisturbed(folder / "alone", tags, **shown)
    assert len(expected["orders"]) > 5, "the tags say too little"
    assert complaints(told, expected) == []


def test_a_small_city(tmp_path: Path) -> None:
    """Six kills, one of each kind, while a small city is scored: nothing is lost, doubled, made up or taken back."""
    killed(tmp_path, city(tmp_path / "city", "--people", "400", "--days", "1", "--seed", "7", "--prior", "teaching"), 6, seed=11)


@pytest.mark.soak
def test_a_long_day(tmp_path: Path) -> None:
    """Two hundred kills over a million tags (FG_SOAK_TAGS, FG_SOAK_KILLS): the same."""
    people = str(max(2, SOAK_TAGS // 40))
    killed(tmp_path, city(tmp_path / "city", "--bench", "--people", people, "--days", "1", "--seed", "3"), SOAK_KILLS, seed=5)
