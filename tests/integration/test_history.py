"""The history: every tag of the log once, whoever dies while it is written, merged or erased."""

from __future__ import annotations

import asyncio
import functools
import shutil
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from fraud_guard import failpoints
from fraud_guard.adapters.history.columns import SCHEMA
from fraud_guard.adapters.history.erased import LIST, read_erasures
from fraud_guard.adapters.history.folder import HistoryFolder, day_of, start_ms_of
from fraud_guard.adapters.history.reading import Reel, groups_of, tags_of
from fraud_guard.adapters.history.tidying import erase, expire, finish_erasures, merge
from fraud_guard.app.backtest.run import Backtest
from fraud_guard.app.history.writing import HistoryWriter, Pace
from fraud_guard.app.settings import Settings
from fraud_guard.app.topics import LOG
from fraud_guard.errors import ConfigurationError, DependencyError
from fraud_guard.tags.block import Block, decode_record
from fraud_guard.tags.kinds import Kind
from fraud_guard.testing import Driver, ToldClock, lines_of
from tests.integration import live
from tests.integration.replays import RULES
from tests.integration.test_crash import in_child

NIGHT_MS = 1_773_690_000_000
Lived = Callable[..., Driver]
FAR = 1 << 42
"""A time after every tag."""


def settings_of(folder: Path, **more: Any) -> Settings:
    return live.settings_of(folder, **({"history_dir": folder / "history", "history_days": 3_660} | more))


@pytest.fixture(scope="module")
def patterns(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Sites of 1 and 4 partitions that have lived through the golden day and kept no history."""
    found = {n: tmp_path_factory.mktemp(f"pattern{n}") for n in (1, 4)}
    lines = lines_of(live.DAY / "tags.ndjson")
    for partitions, folder in found.items():
        run = Driver(live.settings_of(folder, tags_partitions=partitions), ToldClock(NIGHT_MS))
        for at in range(0, len(lines), 40):
            run.feed(lines[at : at + 40])
            run.settle()
        run.close()
    return found


@pytest.fixture
def lived(patterns: dict[int, Path], tmp_path: Path) -> Lived:
    """Opens a site whose log is full of the golden day and whose history is not written yet."""

    def opened(partitions: int = 1) -> Driver:
        shutil.copytree(patterns[partitions] / "data", tmp_path / "data")
        return Driver(settings_of(tmp_path, tags_partitions=partitions), ToldClock(NIGHT_MS))

    return opened


def logged(run: Driver) -> Counter[tuple[int, str]]:
    """(position, id) of every tag in the log."""
    found = Counter[tuple[int, str]]()
    for partition in range(run.site.settings.tags_partitions):
        for record in run.site.log.read(LOG, partition, 0, 100_000):
            block = decode_record(record.value, record.offset)
            if isinstance(block, Block):
                tags = np.flatnonzero(block.rows["kind"] != Kind.TICK)
                found.update((int(block.rows["position"][i]), block.ids[i].as_py()) for i in tags)
    return found


def kept(folder: Path) -> Counter[tuple[int, str]]:
    """(position, id) of every tag in the history, as an analyst's tool reads it."""
    table = pl.read_parquet(folder / "history" / "day=*" / "*.parquet")
    return Counter(zip(table["position"].to_list(), table["id"].to_list(), strict=True))


def writer(run: Driver, **pace: int) -> HistoryWriter:
    """A writer as another process would have it."""
    settings = run.site.settings
    made = HistoryWriter(HistoryFolder(settings.history_dir), run.site.log, settings.tags_partitions, run.clock, Pace(days=3_660, **pace))
    made.hold(range(settings.tags_partitions))
    return made


def subject_of(folder: HistoryFolder) -> bytes:
    """The token with most tags."""
    rows = np.concatenate([b.rows for b in Reel(folder).blocks()])
    return Counter(bytes(t) for t in rows["token"].tolist()).most_common(1)[0][0]


@pytest.mark.parametrize("partitions", [1, 4])
def test_a_site_keeps_every_tag_once(lived: Lived, tmp_path: Path, partitions: int) -> None:
    """After a site has been closed, its history holds each tag of the log exactly once, and starts again behind it."""
    run = lived(partitions)
    expected = logged(run)
    run.close()
    assert kept(tmp_path) == expected
    Driver(settings_of(tmp_path, tags_partitions=partitions), ToldClock(NIGHT_MS)).close()
    assert kept(tmp_path) == expected


@pytest.mark.parametrize("point", ["history-before-rename", "history-after-rename"])
@pytest.mark.parametrize("nth", [1, 3])
def test_killed_while_writing(lived: Lived, tmp_path: Path, point: str, nth: int) -> None:
    """A worker killed around the birth of a file leaves nothing doubled and nothing lost."""
    run = lived(4)
    assert in_child(functools.partial(die_in, point, nth, functools.partial(write, run))) == -signal.SIGKILL
    writer(run).write_all()
    writer(run).tidy()
    assert kept(tmp_path) == logged(run)
    assert not list((tmp_path / "history").rglob(".*.part"))


def write(run: Driver) -> None:
    """Write record by record, so that there are several files a partition."""
    for _ in range(100):
        some = writer(run)
        some._log = OneByOne(run.site.log)
        some.write_all()


class OneByOne:
    """A log that gives one record at a time."""

    def __init__(self, log: Any) -> None:
        self._log = log

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    def read(self, topic: str, partition: int, offset: int, _: int) -> Any:
        return self._log.read(topic, partition, offset, 1)


def die_in(point: str, nth: int, act: Callable[[], None]) -> None:
    failpoints.arm(point, nth)
    act()


def small_files(run: Driver) -> HistoryFolder:
    """The history in files of one record each."""
    some = writer(run)
    some._log = OneByOne(run.site.log)
    some.write_all()
    return some.folder


@pytest.mark.parametrize("point", ["history-before-rename", "history-after-rename", "history-merged"])
def test_killed_while_merging(lived: Lived, tmp_path: Path, point: str) -> None:
    """Merging makes few files of many; killed on the way, readers of this package see each tag once, and the next merge cleans up."""
    run = lived()
    folder, expected = small_files(run), logged(run)
    many = len(folder.files())
    assert many > 5
    assert in_child(functools.partial(die_in, point, 1, functools.partial(merge, folder, day_of(FAR)))) == -signal.SIGKILL
    assert Reel(folder).count() == expected.total()
    merge(folder, day_of(FAR))
    assert len(folder.files()) == len(folder.days())
    assert kept(tmp_path) == expected


def test_two_workers_at_one_partition(lived: Lived, tmp_path: Path) -> None:
    """When a partition moves while its old worker is still writing, what both write is one history."""
    run = lived()
    one, two = writer(run), writer(run)
    one._log, two._log = OneByOne(run.site.log), OneByOne(run.site.log)
    for _ in range(3):
        one._catch_up(0)
        two._catch_up(0)
    assert kept(tmp_path) == logged(run)


def test_nothing_is_trimmed_that_is_not_written(lived: Lived, tmp_path: Path) -> None:
    """Housekeeping leaves records in the log until they are in the history."""
    run = lived()
    run.clock.advance(3_650 * 86_400_000)  # the log's own clock is that of the machine
    run.site._checkpoint_all()
    run.site.keep_house()
    assert run.site.log.start(LOG, 0) == 0
    run.site.history.write_all()
    run.site.keep_house()
    assert run.site.log.start(LOG, 0) > 0


def test_it_is_written_when_it_is_time(lived: Lived, tmp_path: Path) -> None:
    """What comes in waits for `history_write_ms` at most, and not less while little waits."""
    run = lived()
    due = writer(run, write_ms=60_000)
    due.write_due()
    assert due.folder.files() == []
    run.clock.advance(60_000)
    due.write_due()
    assert kept(tmp_path) == logged(run)


def test_the_folder_of_another_log_is_refused(lived: Lived, tmp_path: Path) -> None:
    """A history that is ahead of the log belongs to another one: the worker says so instead of keeping nothing for days."""
    lived().close()
    new = settings_of(tmp_path).model_copy(update={"data_dir": tmp_path / "new"})
    with pytest.raises(ConfigurationError, match=r"FG_HISTORY_DIR.*another log"):
        Driver(new, ToldClock(NIGHT_MS))


def test_a_disk_that_refuses_is_tried_again(lived: Lived, tmp_path: Path) -> None:
    """What the file system refuses is a DependencyError, which a worker repeats; scoring goes on meanwhile."""
    run = lived()
    (tmp_path / "history").write_text("not a folder")
    with pytest.raises(DependencyError, match="history"):
        writer(run).write_all()
    (tmp_path / "history").unlink()
    writer(run).write_all()
    assert kept(tmp_path) == logged(run)


def test_a_damaged_history_stops_no_worker(lived: Lived, tmp_path: Path) -> None:
    """A worker whose list of the erased is damaged tries again and writes nothing; it is no reason to stop scoring."""
    run = lived()
    (tmp_path / "history").mkdir()
    (tmp_path / "history" / LIST).write_bytes(b"?\n")
    run.clock.advance(3_600_000)
    with pytest.raises(DependencyError, match=LIST):
        asyncio.run(run.site.keep_history())
    run.close()
    assert HistoryFolder(tmp_path / "history").files() == []


def test_a_live_history_gives_the_alerts_of_the_day(lived: Lived, tmp_path: Path) -> None:
    """A backtest over what a live site of four partitions wrote raises what the site raised, with the same ids and evidence."""
    run = lived(4)
    told = [c for c in run.site.truth.changes() if c.cause == "score"]
    run.close()
    found = Backtest(HistoryFolder(tmp_path / "history"), site_key=live.KEY, named=True).outcome_of(RULES)
    backtested = [c for c in found.changes if c.cause == "score"]
    assert told
    assert [facts(c) for c in backtested] == [facts(c) for c in told]


def test_evidence_older_than_the_log_keeps_its_ids(tmp_path: Path) -> None:
    """The tags behind a sequence that began before what the log still holds are named from the history."""
    told = []
    for trimmed in (False, True):
        run = Driver(settings_of(tmp_path / str(trimmed)), ToldClock(NIGHT_MS))
        for line in lines_of(live.DAY / "tags.ndjson"):
            run.feed([line])
        for _ in range(40):
            run.advance(10)
            if trimmed:
                run.site._checkpoint_all()
                run.site.history.write_all()
                run.site.log.trim_older(LOG, FAR * 1_000, {0: run.site.scorers[0].saved_offset})
        run.settle()
        told.append([facts(c) for c in run.site.truth.changes()])
        assert (run.site.log.start(LOG, 0) > 0) == trimmed
        run.close()
    assert told[0] == told[1]


def facts(change: Any) -> Any:
    return change.model_dump(exclude={"station_id"})


def test_analysts_find_the_documented_columns(lived: Lived, tmp_path: Path) -> None:
    """Polars reads the folder as it is, with the day as a column, and a subject by token."""
    lived().close()
    table = pl.scan_parquet(tmp_path / "history", hive_partitioning=True)
    assert set(table.collect_schema().names()) == {*SCHEMA.names, "day"}
    token = subject_of(folder := HistoryFolder(tmp_path / "history"))
    found = table.filter(pl.col("token") == token).sort("position").collect()
    assert found["id"].to_list() == list(tags_of(folder, token, 0, FAR).ids)
    assert {str(day) for day in found["day"]} <= {str(day) for day in folder.days()}


def test_a_subject_is_found_in_its_row_groups_only(lived: Lived, tmp_path: Path) -> None:
    """A file is sorted by token, so statistics leave at most the groups where it may lie."""
    lived().close()
    folder = HistoryFolder(tmp_path / "history")
    with folder.open(folder.files()[0]) as file:
        assert groups_of(file, b"\x00" * 16) == groups_of(file, b"\xff" * 16) == []
        assert groups_of(file, subject_of(folder)) == [0]


def test_whole_days_go(lived: Lived, tmp_path: Path) -> None:
    """A day goes when it is older than the days to keep, and not before."""
    lived().close()
    folder = HistoryFolder(tmp_path / "history")
    last = folder.days()[-1]
    assert expire(folder, 30, day_of(start_ms_of(last) + 30 * 86_400_000)) == folder.days()[:-1]
    assert folder.days()[-1:] == [last]
    assert expire(folder, 30, day_of(start_ms_of(last) + 31 * 86_400_000)) == [last]
    assert folder.days() == []


def test_the_erased_stay_erased(lived: Lived, tmp_path: Path) -> None:
    """Erasing takes every tag of a token, leaves all others, and holds when the log is written once more."""
    run = lived()
    folder = small_files(run)
    token = subject_of(folder)
    mine = set(tags_of(folder, token, 0, FAR).ids)
    expected = Counter({k: n for k, n in logged(run).items() if k[1] not in mine})
    assert erase(folder, token, FAR) > 0
    assert kept(tmp_path) == expected
    expire(folder, 1, day_of(FAR))
    writer(run).write_all()
    assert kept(tmp_path) == expected


def test_the_living_go_on(lived: Lived, tmp_path: Path) -> None:
    """An erasure is about the past: tags that happen after it are kept."""
    run = lived()
    writer(run).write_all()
    folder = HistoryFolder(tmp_path / "history")
    mine = tags_of(folder, token := subject_of(folder), 0, FAR)
    middle_ms = int(np.sort(mine.rows["ts_ms"])[len(mine) // 2])
    erase(folder, token, middle_ms)
    assert tags_of(folder, token, 0, FAR).rows["ts_ms"].min() >= middle_ms


@pytest.mark.parametrize(("point", "nth"), [("history-erasure-noted", 1), ("history-erasure-file", 1), ("history-before-rename", 1)])
def test_killed_while_erasing(lived: Lived, tmp_path: Path, point: str, nth: int) -> None:
    """An erasure that was interrupted is finished by the next housekeeping."""
    run = lived()
    folder = small_files(run)
    token = subject_of(folder)
    assert in_child(functools.partial(die_in, point, nth, functools.partial(erase, folder, token, FAR))) == -signal.SIGKILL
    finish_erasures(folder)
    assert len(tags_of(folder, token, 0, FAR)) == 0
    assert [e.done for e in read_erasures(folder.path)] == [True]
