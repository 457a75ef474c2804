"""The bench mix keeps the proportions that every throughput figure relies on."""

from __future__ import annotations

import io
import json
import math
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from datasets.bench_mix import START_MS, bench_lines, main, write_bench_mix
from datasets.hosts import STORE_HOSTS, TOP_HOSTS
from tests.unit.datasets.contract import problems

TAGS = 100_000

Line = dict[str, Any]


@pytest.fixture(scope="module")
def raw() -> list[bytes]:
    """The first 100,000 lines of seed 7."""
    return list(bench_lines(TAGS, seed=7))


@pytest.fixture(scope="module")
def tags(raw: list[bytes]) -> list[Line]:
    """The same lines, decoded."""
    return [json.loads(line) for line in raw]


def test_same_arguments_give_the_same_bytes() -> None:
    """A seed fixes every byte; another seed gives another mix."""
    first, again, other = io.BytesIO(), io.BytesIO(), io.BytesIO()
    write_bench_mix(first, 3_000, seed=1, subjects=5_000)
    write_bench_mix(again, 3_000, seed=1, subjects=5_000)
    write_bench_mix(other, 3_000, seed=2, subjects=5_000)
    assert first.getvalue() == again.getvalue() != other.getvalue()


def test_a_longer_mix_begins_like_a_shorter_one(raw: list[bytes]) -> None:
    """Asking for more lines only appends."""
    assert list(bench_lines(1_000, seed=7)) == raw[:1_000]


def test_every_line_is_a_tag_of_the_contract(tags: list[Line]) -> None:
    """No line of the mix is a bad line."""
    assert [p for tag in tags[:20_000] for p in problems(tag)] == []


def test_channels_have_their_shares(tags: list[Line]) -> None:
    """30 % call, 20 % SMS, 50 % net."""
    share = Counter(tag["channel"] for tag in tags)
    assert share["call"] / TAGS == pytest.approx(0.30, abs=0.01)
    assert share["sms"] / TAGS == pytest.approx(0.20, abs=0.01)
    assert share["net"] / TAGS == pytest.approx(0.50, abs=0.01)


def test_one_percent_are_exact_repeats(raw: list[bytes]) -> None:
    """1 % of the lines are byte-identical copies, and no id is ever used for another line."""
    distinct = set(raw)
    ids = {(tag["source"], tag["id"]) for tag in map(json.loads, distinct)}
    assert 1 - len(distinct) / TAGS == pytest.approx(0.01, abs=0.001)
    assert len(ids) == len(distinct)


def test_two_percent_are_late_by_up_to_ten_minutes(tags: list[Line]) -> None:
    """2 % of the tags are dated before their neighbours, none by more than 10 min."""
    lateness_ms = [START_MS + i // 5 - tag["ts_ms"] for i, tag in enumerate(tags)]
    late = sum(ms > 10_000 for ms in lateness_ms)
    assert late / TAGS == pytest.approx(0.02, abs=0.003)
    assert max(lateness_ms) <= 615_000
    assert min(lateness_ms) > -5_000


def test_sixty_percent_of_hosts_are_household_names(tags: list[Line]) -> None:
    """Hosts follow a Zipf law over household names (60 %) and a long tail."""
    hosts = Counter(tag["host"] for tag in tags if "host" in tag)
    known = sum(hosts[host] for host in TOP_HOSTS + STORE_HOSTS)
    assert known / hosts.total() == pytest.approx(0.60, abs=0.02)
    assert hosts[TOP_HOSTS[0]] == pytest.approx(2 * hosts[TOP_HOSTS[1]], rel=0.2)


def test_forty_percent_of_texts_repeat_a_template(tags: list[Line]) -> None:
    """With digits blanked, 40 % of the texts belong to templates; nearly all others occur once."""
    shapes = Counter(re.sub(r"\d+", "", tag["text"]) for tag in tags if tag["channel"] == "sms")
    repeated = sum(n for n in shapes.values() if n > 20)
    assert repeated / shapes.total() == pytest.approx(0.40, abs=0.02)


def test_a_thousandth_belongs_to_episodes(tags: list[Line]) -> None:
    """0.1 % of the tags are steps of scam episodes."""
    assert sum(tag["id"].startswith("e") for tag in tags) / TAGS == pytest.approx(0.001, rel=0.3)


def test_subjects_are_uniform_over_the_people(tags: list[Line]) -> None:
    """Every person of 200,000 is as likely as any other."""
    people = Counter(tag["subject"] for tag in tags if tag["channel"] == "net")
    expected = 200_000 * (1 - math.exp(-people.total() / 200_000))
    assert len(people) == pytest.approx(expected, rel=0.02)
    assert max(people.values()) < 10


def test_legs_of_one_call_follow_each_other(tags: list[Line]) -> None:
    """Start, answer and end of one call agree in person and peer and are dated in that order."""
    calls: dict[str, dict[str, Line]] = {}
    for tag in tags:
        if tag["channel"] == "call":
            calls.setdefault(tag["call_id"], {})[tag["phase"]] = tag
    whole = [legs for legs in calls.values() if {"start", "end"} <= legs.keys()]
    assert len(whole) > 1_000
    for legs in whole:
        ordered = [legs[phase] for phase in ("start", "answer", "end") if phase in legs]
        assert all(a["ts_ms"] <= b["ts_ms"] for a, b in pairwise(ordered))
        assert len({(tag["subject"], tag["peer"], tag["direction"]) for tag in ordered}) == 1


def test_command_line_writes_the_file(tmp_path: Path) -> None:
    """`python -m datasets.bench_mix` writes as many lines as asked."""
    out = tmp_path / "mix.ndjson"
    assert main(["--tags", "500", "--seed", "3", "--subjects", "100", "--out", str(out)]) == 0
    assert out.read_bytes().count(b"\n") == 500
