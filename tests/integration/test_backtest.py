"""Backtests: a history gives the alerts that a replay of the same tags gives, whatever files, partitions and processes."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from fraud_guard.adapters.history.columns import table_of
from fraud_guard.adapters.history.folder import HistoryFile, HistoryFolder, day_of, start_ms_of
from fraud_guard.adapters.history.reading import Reel
from fraud_guard.adapters.history.tidying import merge
from fraud_guard.adapters.reference_tables import read_subjects
from fraud_guard.adapters.sealing import Keys
from fraud_guard.app.backtest.run import Backtest
from fraud_guard.app.cli.main import app
from fraud_guard.app.history.from_file import write_file
from fraud_guard.app.replay.reading import Source
from fraud_guard.app.replay.run import DEMO_SITE_KEY
from fraud_guard.dispatch.stations import Stations
from fraud_guard.door.arrival import FileArrival
from fraud_guard.door.door import Door
from fraud_guard.door.numbers import normalise
from fraud_guard.door.opinions import shipped_opinions
from fraud_guard.door.tokens import Tokeniser, shard_of
from fraud_guard.escalation.alert import AlertChange
from fraud_guard.shipped import shipped
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


def test_a_city(city: Path, tmp_path: Path) -> None:
    """A backtest over a busy city raises what its replay raises, for any number of processes and of tags decided together."""
    history = history_of(city, tmp_path / "history")
    expected = as_replayed(city, tmp_path)
    assert len({c["alert_id"] for c in expected}) > 10
    for jobs, together in ((1, 8_000), (2, 8_000), (1, 700)):
        found = Backtest(history, named=True, jobs=jobs).outcome_of(RULES, together=together)
        assert as_objects(found.changes) == expected


def test_a_sample(city: Path, tmp_path: Path) -> None:
    """Of one person in four the alerts are those that a backtest of everybody raises for them."""
    history = history_of(city, tmp_path / "history")
    whole = as_objects(Backtest(history, named=True).outcome_of(RULES).changes)
    sample = as_objects(Backtest(history, named=True, one_in=4, jobs=2).outcome_of(RULES).changes)
    assert sample
    assert sample == [c for c in whole if shard_of(bytes.fromhex(c["subject"])) < 128]


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


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A small simulated city of three days and its history, as the commands make them."""
    folder = tmp_path_factory.mktemp("kept")
    told("simulate", "--people", "150", "--days", "3", "--seed", "4", "--out", str(folder / "city"), "-q")
    told("history", "write", str(folder / "city" / "tags.ndjson"), "--out", str(folder / "history"),
         "--subjects", str(folder / "city" / "subjects.csv"))  # fmt: skip
    return folder / "city", folder / "history"


def told(*words: str) -> str:
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 0, done.output
    return done.stdout


def quieter(folder: Path) -> Path:
    """The shipped rules without most of their rules, and no ear for the model."""
    shutil.copytree(shipped("rules"), folder)
    fusion = folder / "policy" / "fusion.yaml"
    fusion.write_text(re.sub(r"behaviour: 1\.0", "behaviour: 0.0", fusion.read_text(encoding="utf-8")), encoding="utf-8")
    for number, rule in enumerate(sorted((folder / "tags").rglob("*.yaml"))):
        if number % 4:
            rule.unlink()
    return folder


def test_two_sets_of_rules(kept: tuple[Path, Path], tmp_path: Path) -> None:
    """`rules backtest --compare` tells what is new and gone, rule by rule, with precision and recall from the truth, the same for any --jobs."""
    city, history = kept
    words = ("rules", "backtest", "--history", str(history), "--rules", str(quieter(tmp_path / "few")), "--compare", str(shipped("rules")),
             "--truth", str(city / "truth.ndjson"), "--json")  # fmt: skip
    text = told(*words)
    assert told(*words, "--jobs", "2") == text
    report = msgspec.json.decode(text)
    assert report["now"]["alerts"] + len(report["changed"]["gone"]) >= report["before"]["alerts"] > 0
    assert len(report["before"]["rules"]) > len(report["now"]["rules"]) > 0
    judged = report["before"]
    assert judged["precision"]["n"] == judged["alerts"] == sum(row["alerts"] for row in judged["levels"])
    assert len(judged["recall"]) == 4
    assert all(row["subjects"] <= row["hits"] and row["precision"]["n"] == row["alerts"] for row in judged["rules"])


def test_its_figures_are_those_of_evaluate(kept: tuple[Path, Path], tmp_path: Path) -> None:
    """Precision and recall of a backtest are those that `evaluate` gives a replay of the same file."""
    city, history = kept
    report = msgspec.json.decode(told("rules", "backtest", "--history", str(history), "--truth", str(city / "truth.ndjson"), "--json"))
    told("replay", str(city / "tags.ndjson"), "--subjects", str(city / "subjects.csv"), "--alerts", str(tmp_path / "alerts"), "-q")
    card = msgspec.json.decode(told("evaluate", "--alerts", str(tmp_path / "alerts"), "--truth", str(city / "truth.ndjson"), "--json", "-"))
    assert report["now"]["alerts"] == card["counts"]["alerts"] > 0
    assert report["now"]["precision"] == card["levels"][3]["precision"]
    assert report["now"]["recall"] == [row["recall"] for row in card["levels"]]


def test_only_the_days_asked_for(kept: tuple[Path, Path], tmp_path: Path) -> None:
    """With --from and a warm-up from the beginning, the alerts are those of the whole that were raised from that day on."""
    _, history = kept
    whole, part = tmp_path / "whole", tmp_path / "part"
    told("rules", "backtest", "--history", str(history), "--alerts", str(whole))
    lines = objects(whole.read_bytes())
    day = day_of(max(c["ts_ms"] for c in lines if c["seq"] == 0))
    told("rules", "backtest", "--history", str(history), "--alerts", str(part), "--from", str(day))
    early = {c["alert_id"] for c in lines if c["seq"] == 0 and c["ts_ms"] < start_ms_of(day)}
    assert early
    assert objects(part.read_bytes()) == [c for c in lines if c["alert_id"] not in early]


def test_it_is_shown_to_people(kept: tuple[Path, Path], tmp_path: Path) -> None:
    """On a terminal there are tables by level and by rule, the alerts that are gone, and a sentence on what takes no part."""
    city, history = kept
    text = told("rules", "backtest", "--history", str(history), "--rules", str(quieter(tmp_path / "few")), "--compare", str(shipped("rules")),
                "--truth", str(city / "truth.ndjson"), "--show", "2")  # fmt: skip
    for words in ("按级别", "按规则", "止损前预警率", "消失 gone", "control records take no part"):
        assert words in text


def test_a_bad_rule_is_told_before_the_work(kept: tuple[Path, Path], tmp_path: Path) -> None:
    """Rules that cannot be loaded end the command with exit code 3 and the file's name."""
    few = quieter(tmp_path / "few")
    bad = next((few / "tags").rglob("*.yaml"))
    bad.write_text("id: x\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["rules", "backtest", "--history", str(kept[1]), "--rules", str(few)])
    assert done.exit_code == 3
    assert bad.name in done.stderr
