"""The demo city plays the same piece for a seed, and its first scam is complete in time."""

from __future__ import annotations

import csv
from collections import Counter
from itertools import pairwise, takewhile
from pathlib import Path

import pytest

from datasets.demo_city import DemoCity
from datasets.episodes import Fields
from tests.unit.datasets.contract import problems

PLAYED_S = 120.0
NOW_MS = 1_773_619_200_000

Played = list[tuple[float, Fields]]


def play(seed: int, people: int = 2_000) -> Played:
    """The first two minutes of a city."""
    return list(takewhile(lambda item: item[0] < PLAYED_S, DemoCity(seed, people)))


@pytest.fixture(scope="module")
def city() -> Played:
    """Two minutes of seed 7."""
    return play(7)


def test_seed_fixes_the_piece(city: Played) -> None:
    """The same seed gives the same tags at the same offsets, another seed others."""
    assert play(7) == city
    assert play(8)[:100] != city[:100]


def test_offsets_never_fall_and_the_rate_fits(city: Played) -> None:
    """Tags come in order of their due time at 50 to 200 a second."""
    assert all(a[0] <= b[0] for a, b in pairwise(city))
    assert 50 < len(city) / PLAYED_S < 200


def test_ids_are_unique_and_carry_the_run(city: Played) -> None:
    """No id comes twice; another run of the demo shares none."""
    ids = [tag["id"] for _, tag in city]
    other = DemoCity(7, run="x")
    assert len(set(ids)) == len(ids)
    assert next(iter(other))[1]["id"] not in ids


def test_bad_records_are_few_and_of_every_kind(city: Played) -> None:
    """Stamped with a time, all but about 15 records in two minutes keep the contract."""
    found = [found for _, tag in city if (found := problems({**tag, "ts_ms": NOW_MS}))]
    assert 8 <= len(found) <= 30
    assert len({tuple(f) for f in found}) >= 3


def test_first_episode_is_complete_by_second_twelve(city: Played) -> None:
    """Call, meeting app, three codes, bank app, while the call is still up."""
    victim = next(str(tag["subject"]) for due_s, tag in city if tag.get("app_label") == "银联会议")
    told = [
        (due_s, str(tag.get("phase") or tag.get("app_category") or tag["channel"]))
        for due_s, tag in city
        if str(tag.get("subject", "")).endswith(victim[-11:]) and due_s < 25
    ]
    assert [what for _, what in told] == ["start", "answer", "meeting", "sms", "sms", "sms", "bank", "end"]
    assert told[0][0] == pytest.approx(3.0)
    assert told[-2][0] < 12.0


def test_episodes_follow_every_ten_to_twenty_seconds(city: Played) -> None:
    """Two minutes hold at least one episode of each of the first six scripts."""
    kinds = Counter(str(tag.get("app_label")) for _, tag in city if tag.get("kind") == "app_install")
    assert {"银联会议", "安信密聊", "众享任务", "惠民贷"} <= kinds.keys()


def test_tables_fit_the_city(tmp_path: Path, city: Played) -> None:
    """Everyone who appears stands in the subjects table; the long call meets an old person living alone."""
    subjects, stations = DemoCity(7).tables(tmp_path)
    with subjects.open(encoding="utf-8", newline="") as file:
        rows = {row["subject"]: row for row in csv.DictReader(file)}
    seen = {str(tag["subject"]).removeprefix("+86") for _, tag in city if "subject" in tag}
    third = next(str(t["subject"]) for _, t in city if str(t.get("call_id", "")).startswith("de2-"))
    assert seen <= rows.keys()
    assert len(rows) == 2_000
    assert rows[third.removeprefix("+86")]["household"] == "alone"
    assert stations.read_text("utf-8").startswith("station_id,name,parent_id,areas,lon,lat")


def test_small_city_lives_too() -> None:
    """Twenty people are enough for a city."""
    assert len(play(1, people=20)) > 1_000
