"""The golden day through the whole replay: every alert and order as recorded, and nothing else.

When a change of rules or weights means another result, read the story of the day
(`datasets/golden/day/README.md`), judge the difference, then record it.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from fraud_guard.app import golden
from fraud_guard.app.cli.main import app
from tests.integration.replays import DAY, Given, objects, run


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Given:
    """The golden day, replayed once."""
    return run(tmp_path_factory.mktemp("day"), DAY / "tags.ndjson")


def test_the_day_gives_what_was_recorded() -> None:
    """`demo --once` replays the day, finds every expected line and no other, and exits 0."""
    done = CliRunner().invoke(app, ["demo", "--once"])
    assert done.exit_code == 0, done.stderr
    assert "as expected" in done.stderr
    assert "differs" not in done.stderr
    assert done.stdout == ""


def test_a_difference_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a line that was recorded does not come, `demo --once` names it and exits 1."""
    for path in DAY.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with (tmp_path / golden.EXPECTED).open("a") as file:
        file.write('{"alert":"raised"}\n')
    monkeypatch.setattr(golden, "golden_day", lambda: tmp_path)
    done = CliRunner().invoke(app, ["demo", "--once"])
    assert done.exit_code == 1
    assert 'differs: missing: {"alert":"raised"}' in done.stderr


def test_every_line_is_accounted_for(day: Given) -> None:
    """Lines = scored + duplicates + dead letters, and every dead letter of the day has its reason."""
    assert day.summary.conserved
    assert (day.summary.lines, day.summary.duplicate) == (367, 3)
    assert Counter(d["reason"] for d in objects(day.deadletters)) == day.summary.dead
    assert len(day.summary.dead) == 7


def test_evidence_names_tags_of_the_day(day: Given) -> None:
    """Every tag id behind an alert is the id of a tag of the same person."""
    subjects = {}
    for line in (DAY / "tags.ndjson").read_bytes().splitlines():
        try:
            tag = msgspec.json.decode(line)
        except msgspec.DecodeError:
            continue
        if isinstance(tag, dict) and "id" in tag:
            subjects.setdefault(tag["id"], str(tag.get("subject", ""))[-11:])
    for change in objects(day.alerts):
        ids = [i for e in change["evidence"] for i in e["tag_ids"]]
        assert {subjects[i] for i in ids} == {change["subject"][-11:]}


def test_evidence_adds_up(day: Given) -> None:
    """The same evidence never gives another probability, and an alert that learns more never has a lower one."""
    told: dict[str, list[tuple[list[tuple[str, float]], float]]] = {}
    for change in objects(day.alerts):
        evidence = [(e["id"], e["weight"]) for e in change["evidence"]]
        told.setdefault(change["alert_id"], []).append((evidence, change["probability"]))
    for changes in told.values():
        for (before, p), (after, then) in pairwise(changes):
            assert then == p if after == before else then >= p


def test_levels_only_rise_and_time_only_goes_on(day: Given) -> None:
    """Within an alert `seq` counts from 0, time never goes back, and a machine never lowers a level."""
    alerts: dict[str, list[dict[str, object]]] = {}
    for change in objects(day.alerts):
        alerts.setdefault(change["alert_id"], []).append(change)
    for changes in alerts.values():
        assert [c["seq"] for c in changes] == list(range(len(changes)))
        assert changes[0]["change"] == "raised"
        for before, after in pairwise(changes):
            assert before["ts_ms"] <= after["ts_ms"]
            assert before["level"] >= after["level"]


def test_orders_answer_alerts(day: Given) -> None:
    """Every order belongs to an alert of level 1 to 3 and goes where the alert was routed."""
    routed = {(c["alert_id"], c["level"]): c["station_id"] for c in objects(day.alerts)}
    orders = objects(day.orders)
    assert orders
    for order in orders:
        assert routed[order["alert_id"], order["level"]] == order["station_id"]
        assert order["level"] <= 3
        assert order["issued_ms"] < order["accept_by_ms"]
        assert "线索" in order["script_zh"]
