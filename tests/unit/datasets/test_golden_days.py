"""The golden days say what their stories say."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import datasets
from fraud_guard.tags.models import TAG
from tests.unit.datasets.contract import problems

GOLDEN = Path(datasets.__file__).parent / "golden"
SYNTHETIC = re.compile(r"(86)?199000\d{5}|resident-[0-9a-f]{8}")

Line = dict[str, Any]


def raw_lines(day: str) -> list[str]:
    """Lines of one day in order of arrival."""
    return (GOLDEN / day / "tags.ndjson").read_text("utf-8").splitlines()


def good_tags(day: str) -> list[Line]:
    """Decoded lines that keep the contract."""
    return [tag for tag in map(decoded, raw_lines(day)) if tag is not None and not problems(tag)]


def decoded(line: str) -> Line | None:
    """The object of a line; None when it is not JSON."""
    try:
        tag: Line = json.loads(line)
    except json.JSONDecodeError:
        return None
    return tag


def table(name: str) -> list[dict[str, str]]:
    """Rows of one of the day's CSV tables."""
    with (GOLDEN / "day" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_quiet_day_has_no_bad_line() -> None:
    """Every line of the quiet day is a tag."""
    assert len(good_tags("quiet")) == len(raw_lines("quiet")) >= 300


def test_golden_day_has_six_bad_lines_and_no_other() -> None:
    """One line each: not JSON, field missing, wrong type, seconds, unknown channel, NUL."""
    bad = [line for line in raw_lines("day") if (tag := decoded(line)) is None or problems(tag)]
    kinds = [problems(decoded(line) or {}) for line in bad]
    assert kinds == [
        ["channel"], ["missing subject"], ["type of duration_s"], ["absurd time"], ["channel"],
        ["NUL in text"],
    ]  # fmt: skip


def test_golden_day_repeats_three_lines_and_reuses_one_id() -> None:
    """Duplicates are exact copies; the reused id carries another time."""
    tags = good_tags("day")
    copies = Counter(json.dumps(tag, sort_keys=True) for tag in tags)
    times: dict[tuple[str, str], set[int]] = {}
    for tag in tags:
        times.setdefault((tag["source"], tag["id"]), set()).add(tag["ts_ms"])
    assert sum(n - 1 for n in copies.values()) == 3
    assert [key for key, seen in times.items() if len(seen) > 1] == [("telecom-b", "b-0003")]


def test_golden_day_has_one_future_and_one_late_tag() -> None:
    """One tag is dated 2 h ahead of its neighbours; one, besides two repeats, comes over 1 min late."""
    tags = good_tags("day")
    future = next(i for i, tag in enumerate(tags) if tag.get("url") == "https://www.zhihu.com/question/20")
    assert tags[future]["ts_ms"] - tags[future - 1]["ts_ms"] > 7_000_000
    del tags[future]
    high_ms, late = 0, []
    for tag in tags:
        late += [tag] if tag["ts_ms"] < high_ms - 60_000 else []
        high_ms = max(high_ms, tag["ts_ms"])
    assert [tag.get("host", "repeat") for tag in late] == ["repeat", "dwz.cn", "repeat"]


@pytest.mark.parametrize("day", ["day", "quiet"])
def test_subjects_are_synthetic(day: str) -> None:
    """No subject lies outside the synthetic plan."""
    assert all(SYNTHETIC.fullmatch(tag["subject"].lstrip("+")) for tag in good_tags(day))


@pytest.mark.parametrize("day", ["day", "quiet"])
def test_the_schema_agrees_with_the_strict_check(day: str) -> None:
    """The product's own models accept every line that the independent check accepts."""
    for tag in good_tags(day):
        TAG.validate_python(tag)


def test_tables_know_every_person_and_their_stations() -> None:
    """25 people, each living under some station; every parent exists and the tree has one root."""
    people = {row["subject"] for row in table("subjects.csv")}
    stations = {row["station_id"]: row for row in table("stations.csv")}
    seen = {tag["subject"].removeprefix("+").removeprefix("86") for tag in good_tags("day")}
    prefixes = [area for row in stations.values() for area in row["areas"].split(";")]
    assert people == seen and len(people) == 25
    assert all(any(row["area"].startswith(p) for p in prefixes) for row in table("subjects.csv"))
    assert [row["station_id"] for row in stations.values() if not row["parent_id"]] == ["C-3299"]
    assert {row["parent_id"] for row in stations.values()} <= stations.keys() | {""}
    assert "329981104" not in prefixes
