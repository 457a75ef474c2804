"""Backtests: a history gives the alerts that a replay of the same tags gives, whatever files, partitions and processes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fraud_guard.adapters.history.columns import table_of
from fraud_guard.adapters.history.folder import HistoryFile, HistoryFolder, day_of
from fraud_guard.adapters.history.reading import Reel
from fraud_guard.adapters.history.tidying import merge
from fraud_guard.adapters.reference_tables import read_subjects
from fraud_guard.adapters.sealing import Keys
from fraud_guard.app.backtest.run import Backtest
from fraud_guard.app.history.from_file import write_file
from fraud_guard.app.replay.reading import Source
from fraud_guard.app.replay.run import DEMO_SITE_KEY
from fraud_guard.dispatch.stations import Stations
from fraud_guard.door.arrival import FileArrival
from fraud_guard.door.door import Door
from fraud_guard.door.numbers import normalise
from fraud_guard.door.opinions import shipped_opinions
from fraud_guard.door.tokens import Tokeniser
from fraud_guard.escalation.alert import AlertChange
from fraud_guard.tags.block import Block
from tests.integration.replays import DAY, RULES, busy_day, objects, run, written

TOKENS = Tokeniser(Keys.from_site_key(DEMO_SITE_KEY).token)


def history_of(tags: Path, folder: Path) -> HistoryFolder:
    """The history of a file of tags of the golden day's people."""
    door = Door(TOKENS, FileArrival(), registry=read_subjects(DAY / "subjects.csv"), opinions=shipped_opinions(), reorder_ms=60_000)
    source = Source(str(tags))
    write_file(door, source, made := HistoryFolder(folder))
    source.close()
    return made


def as_replayed(tags: Path, folder: Path) -> list[dict[str, Any]]:
    """The alert changes of a replay, subjects as tokens."""
    given = objects(run(folder, tags, stations=Stations([])).alerts)
    return [c | {"subject": TOKENS.token(normalise(c["subject"])).hex()} for c in given]


def as_objects(changes: list[AlertChange]) -> list[dict[str, Any]]:
    return [c.model_dump(mode="json") for c in changes]


def spread(history: HistoryFolder, target: Path, partitions: int) -> HistoryFolder:
    """The same tags as several workers would have written them: by partition, in files of a few records each."""
    folder = HistoryFolder(target)
    blocks = list(Reel(history).blocks(50))
    for offset, block in enumerate(blocks):
        for partition in range(partitions):
            rows = block.rows[block.rows["shard"] % partitions == partition]
            mine = Block(rows, *([""] * len(rows) for _ in range(3)))
            mine.number(offset)
            with folder.lock():
                day = day_of(int(block.rows["watermark_ms"][0]))
                folder.write(HistoryFile(day, partition, partitions, offset, offset), table_of(mine))
    return folder


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some thousand tags with scripted episodes, repeats and late tags."""
    return written(tmp_path_factory.mktemp("city") / "tags.ndjson", busy_day(6_000, 25))


def test_the_golden_day(tmp_path: Path) -> None:
    """A backtest over the golden day's history raises what its replay raises, down to the ids of the evidence."""
    history = history_of(DAY / "tags.ndjson", tmp_path / "history")
    found = Backtest(history, named=True).outcome_of(RULES)
    expected = as_replayed(DAY / "tags.ndjson", tmp_path)
    assert expected
    assert as_objects(found.changes) == expected


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_city(city: Path, tmp_path: Path, jobs: int) -> None:
    """A backtest over a busy city raises what its replay raises, for any number of processes."""
    history = history_of(city, tmp_path / "history")
    found = Backtest(history, named=True, jobs=jobs).outcome_of(RULES)
    expected = as_replayed(city, tmp_path)
    assert len({c["alert_id"] for c in expected}) > 10
    assert as_objects(found.changes) == expected


@pytest.mark.parametrize("partitions", [1, 4])
def test_many_small_files_of_partitions(city: Path, tmp_path: Path, partitions: int) -> None:
    """Tags that partitions wrote in many small files give the same alerts, before the files are merged and after."""
    history = history_of(city, tmp_path / "history")
    expected = Backtest(history).outcome_of(RULES)
    small = spread(history, tmp_path / "small", partitions)
    assert facts(Backtest(small).outcome_of(RULES).changes) == facts(expected.changes)
    assert merge(small, day_of(1 << 42)) > 10
    assert facts(Backtest(small).outcome_of(RULES).changes) == facts(expected.changes)


def facts(changes: list[AlertChange]) -> list[dict[str, Any]]:
    """Changes without the numbers of their tags, which depend on the cut."""
    return [c.model_dump(mode="json", exclude={"evidence": {"__all__": {"tag_ids"}}}) for c in changes]
