"""A week of ordinary life, look-alikes and all, in a small city where nobody is approached."""

from __future__ import annotations

from pathlib import Path

import pytest

from datasets.city import simulate
from fraud_guard.adapters.reference_tables import read_stations, read_subjects
from tests.integration.replays import Given, objects, run

PEOPLE, DAYS, SEED = 400, 7, 471


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Given:
    """The week, replayed once with both voices."""
    folder: Path = tmp_path_factory.mktemp("week")
    simulate(PEOPLE, DAYS, SEED, folder, prior="none")
    tables = {"stations": read_stations(folder / "stations.csv"), "registry": read_subjects(folder / "subjects.csv")}
    return run(folder, folder / "tags.ndjson", **tables)


def test_nobody_is_visited_for_nothing(week: Given) -> None:
    """No alert of level 1 or 2, and no order that asks an officer to go."""
    assert [c["level"] for c in objects(week.alerts) if c["level"] <= 2] == []
    assert [o["level"] for o in objects(week.orders) if o["level"] <= 2] == []


def test_few_are_called(week: Given) -> None:
    """At most three people in a hundred get a call of level 3 in the week."""
    assert len({c["subject"] for c in objects(week.alerts) if c["level"] <= 3}) <= 3 * PEOPLE // 100


def test_the_week_is_busy(week: Given) -> None:
    """It is no proof of silence if nothing happened: tens of thousands of tags, none of them refused."""
    assert week.summary.lines > 60_000
    assert week.summary.conserved
    assert not week.summary.dead
