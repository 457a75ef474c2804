"""The races of `make bench`: every runner gets to the end of a mix, and all decide the same."""

from __future__ import annotations

from itertools import islice, pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.pages import with_head, with_section
from benchmarks.race.engines import BARE, ENGINES, IDIOMS, OURS, STATEFUL, Entry
from benchmarks.race.jobs import WholeChunks, WholeEvents
from benchmarks.race.report import _table
from benchmarks.race.small import SmallColumns, SmallEvents
from benchmarks.race.track import Place, Start, Track
from benchmarks.river.rules import rules_folder
from benchmarks.stock import stock
from benchmarks.worker import bytes_a_subject, worker
from datasets.bench_mix import bench_lines
from fraud_guard.adapters.generation_archive import GenerationArchive
from fraud_guard.app.rule_files import load_generation
from scripts.servers.broker import Broker

LINES = list(bench_lines(600, 7, 40))
"""Few people, so that many tags of a chunk are of one."""
HERE = ("fraud_guard", "faust", "aiokafka")
"""What the tests' own environment has; the others race in that of `make bench`."""
cuts = st.sets(st.integers(1, len(LINES) - 1), max_size=12).map(lambda some: [0, *sorted(some), len(LINES)])


@pytest.mark.parametrize("with_table", [True, False])
def test_the_stock_agent_takes_every_tag(tmp_path: Path, with_table: bool) -> None:
    """A stock Faust agent with the reference scorer takes a whole mix, however rows grow."""
    assert stock(tmp_path, 300, with_table=with_table).peak_rss_bytes > 0


def test_the_memory_of_a_run_is_weighed(tmp_path: Path) -> None:
    """After the worker's run over a mix its memory store tells how many people it knows, and what one costs."""
    assert worker(tmp_path, 3_000).wall_s > 0 < worker(tmp_path, 3_000, models=False).wall_s
    subjects, stored_bytes = bytes_a_subject(tmp_path, 3_000)
    assert 1_000 < subjects < 3_000
    assert 50 < stored_bytes < 2_048


def test_rules_alone_are_alone(tmp_path: Path) -> None:
    """The worker of the row "rules alone" decides by a generation without a behaviour model, the other by one with it."""
    for models in (True, False):
        worker(tmp_path, 300, models=models)
        (archived,) = (tmp_path / f"worker-300{'' if models else '-rules'}" / "generations").glob("*.json")
        assert (GenerationArchive(archived.parent).get(archived.stem).behaviour is not None) == models


@settings(max_examples=20, deadline=None)
@given(cuts)
def test_the_small_job_is_one_job(at: list[int]) -> None:
    """In columns and one event at a time the small job has the same effects, however the tags are cut."""
    columns, events = SmallColumns(), SmallEvents()
    for begin, end in pairwise(at):
        columns.chunk(LINES[begin:end])
    events.chunk(LINES)
    assert columns.effects() == events.effects()
    assert not events.effects().startswith("0 hits")


def test_the_whole_job_is_one_job() -> None:
    """The real decision over chunks and the plain one tell the same changes of alerts."""
    lines = list(islice(bench_lines(3_000, 7, 300, episode_share=0.05), 3_000))
    chunks, events = WholeChunks(), WholeEvents()
    for i in range(0, len(lines), 700):
        chunks.chunk(lines[i : i + 700])
    events.chunk(lines)
    assert chunks.effects() == events.effects()
    assert not events.effects().startswith("0 changes")


@pytest.mark.service
def test_all_runners_decide_the_same(kafka: Broker, tmp_path: Path) -> None:
    """Ours, stock Faust and aiokafka take every tag of a topic in every way, and agree; or the race ends with an error."""
    track = Track(kafka.address, tmp_path)
    starts = [Start(entry, "small-chunks", 1_500) for entry in ENGINES if entry.needs in HERE]
    starts += [Start(entry, "small-events", 1_500) for entry in (*IDIOMS, *STATEFUL) if entry.needs in HERE]
    places = track.race(starts, turns=1)
    assert [place.why for place in places] == [""] * len(starts)
    assert len({place.effects for place in places}) == 1


def test_who_is_not_there_is_told(tmp_path: Path) -> None:
    """A framework that is not installed has its row, which says so."""
    absent = Entry("absent", "no_such_framework", BARE.run)
    place = Track("127.0.0.1:1", tmp_path).run(Start(absent, "small-events", 1))
    table = _table("title", [Place(Start(OURS, "small-chunks", 1), 1.0), place], 1.0)
    assert "| absent | did not run: no_such_framework is not installed |" in table


def test_rules_of_any_number(tmp_path: Path) -> None:
    """A folder of 300 rules, made of the shipped ones and copies, is one that a worker takes."""
    generation, _ = load_generation(rules_folder(tmp_path / "rules", 300))
    assert len(generation.book.rules) == 300


def test_sections_are_written_in_their_place() -> None:
    """A part of the page is written anew without touching the others."""
    page = with_section(with_section("# Head\n", "race", "one"), "river", "two")
    assert with_section(page, "race", "three") == page.replace("one", "three")
    assert with_head(page, "# New\n") == page.replace("# Head", "# New")
