"""A worker that is stopped for longer than its group allows, and wakes when another one has its partitions."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from fraud_guard.testing import lines_of
from tests.integration import live
from tests.integration.actors import Actors, undisturbed
from tests.integration.history import complaints
from tests.integration.test_seeded_kills import city
from tests.servers import needs_apache_kafka

pytestmark = [pytest.mark.service, pytest.mark.timeout(0), pytest.mark.usefixtures(needs_apache_kafka.__name__)]  # `Actors.until` sees what is stuck


def test_a_sleeper_tells_nothing_twice(tmp_path: Path) -> None:
    """Stopped in the middle of its work, overtaken, and woken: what it still holds is refused, it works on as a member or ends, and nothing is told twice."""
    tags = city(tmp_path / "city", "--people", "300", "--days", "1", "--seed", "9", "--prior", "teaching")
    lines = lines_of(tags)
    third = len(lines) // 3
    tables = {"subjects": tags.parent / "subjects.csv", "stations": tags.parent / "stations.csv"}
    with Actors(tmp_path, **tables) as actors:
        actors.feed(lines[:third])
        actors.until(lambda: actors.taken_in(third))
        sleeper = actors.workers["one"].process
        sleeper.send_signal(signal.SIGSTOP)
        actors.feed(lines[third : 2 * third])
        actors.until(actors.all_scored)  # by the other one, of all partitions
        sleeper.send_signal(signal.SIGCONT)
        actors.feed(lines[2 * third :])
        actors.until(actors.all_scored)
        assert {name for name, _ in actors.ended} <= {"one"}, actors.words()
        actors.stop(late=["one"])
        told = live.told(tmp_path / "one", **actors.settings)
    expected = undisturbed(tmp_path / "alone", tags, **tables)
    assert len(expected["orders"]) > 5, "the tags say too little"
    assert complaints(told, expected) == []
