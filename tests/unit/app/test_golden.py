"""Comparing a replay with the recorded day: what is missing and what nobody expected, line by line."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraud_guard.adapters.sealing import Keys, Sealer
from fraud_guard.app.golden import EXPECTED, compare, facts, golden_day
from fraud_guard.app.replay.lane import Yield
from fraud_guard.app.replay.results import Results
from fraud_guard.dispatch.order import Order
from fraud_guard.escalation.alert import AlertChange
from tests.histories import T0, views

SEALER = Sealer(Keys.from_site_key("golden tests: a key that is no secret").deadletter)


@pytest.fixture
def results() -> Results:
    """One alert of one subject, and its order."""
    made = Results(None, None, None, SEALER, "day")
    made.changes.append(AlertChange(
        alert_id="a-1", seq=0, change="raised", ts_ms=T0, subject="+8619900000001", level=2, probability=0.5,
        scam_type="fake_police", scam_type_probabilities={"fake_police": 1.0}, station_id="north", area="",
        evidence=views("a", "b"),
    ))  # fmt: skip
    made.take(Yield(orders=[Order(order_id="o-1", alert_id="a-1", level=2, station_id="north", attempt=1, issued_ms=T0)]))
    return made


def recorded(folder: Path, lines: list[str]) -> Path:
    (folder / EXPECTED).write_text("".join(line + "\n" for line in lines), "utf-8")
    return folder


def test_facts_are_what_a_person_would_check(results: Results) -> None:
    """Who, when, which level, why, which station; no id and no weight."""
    alert, order = facts(results)
    assert '"subject":"+8619900000001"' in alert
    assert '"evidence":["a","b"]' in alert
    assert '"station":"north"' in order
    assert not {"a-1", "o-1"} & {part for line in (alert, order) for part in line.split('"')}


def test_the_same_day_differs_in_nothing(results: Results, tmp_path: Path) -> None:
    """A replay that gave what was recorded has no complaint."""
    assert compare(recorded(tmp_path, facts(results)), results) == []


def test_missing_and_unexpected_lines_are_told(results: Results, tmp_path: Path) -> None:
    """An expected line that did not come and one that nobody expected are both named."""
    alert, order = facts(results)
    other = alert.replace('"level":2', '"level":1')
    assert compare(recorded(tmp_path, [other, order]), results) == [f"missing: {other}", f"unexpected: {alert}"]


def test_a_line_that_comes_twice_is_told(results: Results, tmp_path: Path) -> None:
    """Twice is not once."""
    alert, order = facts(results)
    assert compare(recorded(tmp_path, [alert, order, order]), results) == [f"missing: {order}"]


def test_the_recorded_day_ships() -> None:
    """The day has its tags, tables, story and expected lines beside each other."""
    names = {path.name for path in golden_day().iterdir()}
    assert names >= {"tags.ndjson", "subjects.csv", "stations.csv", "expected.ndjson", "README.md"}
