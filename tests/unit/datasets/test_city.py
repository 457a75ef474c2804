"""A simulated city keeps the contract, its seed and its priors, and its truth tells what is in its tags."""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from datasets.city import START_MS, Summary, simulate
from fraud_guard.door.decode import decode
from fraud_guard.evaluation.truth import Truth, read_truth
from tests.unit.datasets.contract import problems

PEOPLE, DAYS = 2_000, 2
MOST_LATE_MS = 20 * 60_000
FILES = ("tags.ndjson", "truth.ndjson", "subjects.csv", "stations.csv")


@dataclass(frozen=True)
class Written:
    """A city on disk."""

    folder: Path
    summary: Summary

    @cached_property
    def lines(self) -> list[bytes]:
        """Its tags."""
        return (self.folder / "tags.ndjson").read_bytes().splitlines()

    @cached_property
    def tags(self) -> list[dict[str, Any]]:
        """Its tags, decoded."""
        return [msgspec.json.decode(line) for line in self.lines]

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """Its truth as written, without the first line."""
        return [json.loads(line) for line in (self.folder / "truth.ndjson").read_text().splitlines()[1:]]

    @cached_property
    def truth(self) -> Truth:
        """Its truth, as the score card reads it."""
        with (self.folder / "truth.ndjson").open("rb") as file:
            return read_truth(file, "truth.ndjson")

    def subjects(self) -> set[str]:
        """Who is in the register, as the truth writes them."""
        with (self.folder / "subjects.csv").open() as file:
            return {f"+86{row['subject']}" for row in csv.DictReader(file)}


def written(folder: Path, people: int, days: int, seed: int, **how: Any) -> Written:
    """A fresh city."""
    return Written(folder, simulate(people, days, seed, folder, **how))


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Two days of 2,000 people."""
    return written(tmp_path_factory.mktemp("city"), PEOPLE, DAYS, 7)


@pytest.fixture(scope="module")
def hard(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """A city with later gangs that dodge."""
    return written(tmp_path_factory.mktemp("hard"), 1_000, 2, 7, drift=True, evasion=True)


def test_seed_fixes_every_byte(tmp_path: Path) -> None:
    """The same arguments give the same files, another seed others."""
    a, b, c = (written(tmp_path / name, 300, 1, seed) for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    for name in FILES:
        assert (a.folder / name).read_bytes() == (b.folder / name).read_bytes(), name
    assert a.lines[:50] != c.lines[:50]


def test_a_longer_run_begins_like_a_shorter_one(tmp_path: Path) -> None:
    """A day is drawn for itself, however many days are asked for."""
    short, long = (written(tmp_path / str(days), 500, days, 3).lines for days in (3, 4))
    assert short[: len(short) // 3] == long[: len(short) // 3]


@pytest.mark.parametrize("kind", ["city", "hard"])
def test_every_line_keeps_the_contract(kind: str, request: pytest.FixtureRequest) -> None:
    """The door takes every line, and a check of our own finds no fault in any."""
    one: Written = request.getfixturevalue(kind)
    for line in one.lines:
        decode(line)
    assert [(tag, found) for tag in one.tags if (found := problems(tag))] == []
    assert len(one.lines) == one.summary.tags == one.truth.city.tags


def test_an_id_means_one_tag(city: Written) -> None:
    """An id that comes again comes with the same line, and few do."""
    by_id: dict[tuple[str, str], bytes] = {}
    for tag, line in zip(city.tags, city.lines, strict=True):
        assert by_id.setdefault((tag["source"], tag["id"]), line) == line
    assert 0 < len(city.lines) - len(by_id) < 0.005 * len(city.lines)


def test_lines_come_in_order_of_arrival(city: Written) -> None:
    """No tag is behind the newest before it by more than a late and doubled one can be; about 1 % are late."""
    times = [tag["ts_ms"] for tag in city.tags]
    behind = [newest - ts for newest, ts in zip(accumulate(times, max), times, strict=True)]
    assert max(behind) <= MOST_LATE_MS
    assert 0.002 < sum(late > 60_000 for late in behind) / len(behind) < 0.02
    assert min(times) >= START_MS
    assert max(times) < START_MS + DAYS * 86_400_000


def test_a_person_has_a_realistic_day(city: Written) -> None:
    """Tens of tags a person and day: calls most, some texts, sampled visits; the hours of the day differ."""
    person_days = PEOPLE * DAYS
    a_day = {channel: n / person_days for channel, n in Counter(t["channel"] for t in city.tags).items()}
    assert 8 < a_day["call"] < 20
    assert 2 < a_day["sms"] < 6
    assert 8 < a_day["net"] < 25
    hours = Counter((tag["ts_ms"] // 3_600_000 + 8) % 24 for tag in city.tags)
    assert hours[11] > 2.5 * hours[4]


def test_feeds_have_their_gaps(city: Written) -> None:
    """Some sources send only the end of calls, some people have no network feed, some texts no wording."""
    phases, seen = defaultdict(set), defaultdict(set)
    for tag in city.tags:
        seen[tag["subject"].removeprefix("+86")].add(tag["channel"])
        if tag["channel"] == "call":
            phases[tag["source"]].add(tag["phase"])
    assert sorted(map(len, phases.values())) == [1, 3, 3]
    assert 0.03 < sum("net" not in channels for channels in seen.values()) / len(seen) < 0.3
    assert any("text" not in tag for tag in city.tags if tag["channel"] == "sms")
    assert 0.3 < sum("area" in tag for tag in city.tags if tag["channel"] != "net") / len(city.tags) < 0.9


@pytest.mark.parametrize(
    ("prior", "losses", "ignored"), [("enriched", 25, 150), ("realistic", 1, 92), ("none", 0, 0)]
)
def test_priors_are_kept(tmp_path: Path, prior: str, losses: float, ignored: float) -> None:
    """As many losses and ignored attempts a day and 10,000 people as the prior says."""
    how_many = written(tmp_path, 4_000, 1, 5, prior=prior).summary.episodes
    assert how_many["loss"] == pytest.approx(losses * 0.4, abs=1)
    assert how_many["aborted"] == pytest.approx(losses * 0.4, abs=1)
    assert how_many["ignored"] == pytest.approx(ignored * 0.4, abs=1)


def test_the_truth_speaks_of_people_of_the_city(city: Written) -> None:
    """Subjects stand in the register; times lie in the run and in order; only losses have a point of no return."""
    known = city.subjects()
    for episode in city.truth.episodes:
        assert episode.subject in known
        assert START_MS <= episode.t_first_ms <= episode.t_last_ms < START_MS + DAYS * 86_400_000
        assert (episode.outcome == "loss") == (episode.t_point_of_no_return_ms is not None)
        assert (episode.outcome == "loss") == (episode.loss_cny > 0)
        if episode.t_point_of_no_return_ms is not None:
            assert episode.t_first_ms < episode.t_point_of_no_return_ms <= episode.t_last_ms
    assert {one.subject for one in city.truth.lookalikes} <= known
    assert len({one.what for one in city.truth.lookalikes}) >= 40


def test_a_person_is_in_one_scam_at_a_time(city: Written, hard: Written) -> None:
    """No two episodes of a subject overlap."""
    for one in (city, hard):
        spans = defaultdict(list)
        for episode in one.truth.episodes:
            spans[episode.subject].append((episode.t_first_ms, episode.t_last_ms))
        for mine in spans.values():
            assert all(a[1] < b[0] for a, b in pairwise(sorted(mine)))


def test_what_the_truth_calls_observed_is_in_the_tags(city: Written) -> None:
    """As many tags of an episode's person lie in its span as it says; of a loss two before it is too late."""
    times = defaultdict(list)
    for tag in city.tags:
        if tag["id"].startswith("x"):
            times["+86" + tag["subject"].removeprefix("+86")].append(tag["ts_ms"])
    for row in (row for row in city.rows if row["kind"] == "episode"):
        span = [ts for ts in times[row["subject"]] if row["t_first_ms"] <= ts <= row["t_last_ms"]]
        assert len(span) >= row["observed_tags"] >= 1
        if row["outcome"] == "loss":
            assert sum(ts < row["t_point_of_no_return_ms"] for ts in span) >= 2


def test_a_scam_is_not_told_by_its_ids(city: Written) -> None:
    """Ids of scams and of innocent scenes look alike."""
    marked = [tag["id"] for tag in city.tags if tag["id"].startswith("x")]
    assert len(marked) > 5 * sum(row["observed_tags"] for row in city.rows if row["kind"] == "episode") > 0


def test_gangs_call_many(city: Written) -> None:
    """Ignored attempts come from few numbers, so that a caller's reputation can be known."""
    rows = [row for row in city.rows if row["kind"] == "episode" and row["outcome"] == "ignored"]
    assert len({row["gang"] for row in rows}) < len(rows) / 3


def test_drift_brings_what_was_never_seen(city: Written, hard: Written) -> None:
    """Drift has gangs of its own; the plain run has no script that is held out for it."""
    episodes = [[row for row in one.rows if row["kind"] == "episode"] for one in (city, hard)]
    assert not any(row["novel"] for row in episodes[0])
    assert {row["gang"][0] for row in episodes[0]} == {"g"}
    assert {row["gang"][0] for row in episodes[1]} == {"d"}


def test_tables_have_the_columns_of_the_contract(city: Written) -> None:
    """`subjects.csv` and `stations.csv` are what replay reads; a few people are not known well."""
    with (city.folder / "subjects.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["subject", "area", "age_band", "household"]
    assert len(rows) == PEOPLE
    assert 0 < sum(not row["age_band"] for row in rows) < 0.1 * PEOPLE
    stations = (city.folder / "stations.csv").read_text().splitlines()
    assert stations[0].startswith("station_id,name,parent_id,areas")


@pytest.mark.parametrize(
    ("people", "days", "how"),
    [(1, 1, {}), (10, 0, {}), (10, 1, {"prior": "usual"}), (10, 1, {"dwell_scale": 0})],
)
def test_what_cannot_be_made_is_refused(tmp_path: Path, people: int, days: int, how: dict[str, Any]) -> None:
    """Wrong arguments are named before anything is written."""
    with pytest.raises(ValueError, match="—"):
        simulate(people, days, 1, tmp_path / "none", **how)
    assert not (tmp_path / "none").exists()
