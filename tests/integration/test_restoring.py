"""A lost memory comes back from its snapshot and the log, or is refused in clear words; it never goes on with less than it should know."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fraud_guard.adapters.embedded.registry import close_log
from fraud_guard.app.cli.main import app
from fraud_guard.app.topics import LOG, PEERS
from fraud_guard.errors import IntegrityError
from fraud_guard.testing import Driver, ToldClock, lines_of
from tests.integration import live

NIGHT_MS = 1_773_690_000_000
CHUNK = 60
DAY = lines_of(live.DAY / "tags.ndjson")
HALF = len(DAY) // 2


def driver(folder: Path, **more: Any) -> Driver:
    """A worker on files, of several partitions, that takes snapshots."""
    given = {"tags_partitions": 4, "snapshot_dir": folder / "snapshots", "checkpoint_tags": 100, **more}
    return Driver(live.settings_of(folder, **given), ToldClock(NIGHT_MS))


def feed(run: Driver, lines: list[bytes]) -> None:
    for start in range(0, len(lines), CHUNK):
        run.feed(lines[start : start + CHUNK])
        run.settle()
        run.clock.advance(1_000)


def snapshots(run: Driver) -> None:
    """Checkpoint, and take every snapshot that is due."""
    run.site.release()
    while run.site.snapshot_if_due():
        pass


def crash(run: Driver) -> None:
    """As after kill -9: nothing more is stored."""
    close_log(run.site.settings.data_dir / "log.db")
    run.site.store.close()


def lose(folder: Path) -> None:
    for path in (folder / "data").glob("memory.db*"):
        path.unlink()


def refused(folder: Path, words: str) -> None:
    """No worker starts here, and says why."""
    with pytest.raises(IntegrityError, match=words):
        driver(folder)
    close_log(folder / "data" / "log.db")


def told(folder: Path) -> dict[str, list[str]]:
    return live.told(folder)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What the day tells when nothing is lost."""
    folder = tmp_path_factory.mktemp("undisturbed")
    run = driver(folder)
    feed(run, DAY)
    run.close()
    return told(folder)


def half_a_day(folder: Path) -> None:
    """Snapshots after a third, a crash after a half, and the memory is gone."""
    run = driver(folder)
    feed(run, DAY[: HALF // 2])
    snapshots(run)
    feed(run, DAY[HALF // 2 : HALF])
    crash(run)
    lose(folder)


def test_it_comes_back(undisturbed: dict[str, list[str]], tmp_path: Path) -> None:
    """After the loss of all memory a worker goes on from its snapshots, and tells what it would have told."""
    half_a_day(tmp_path)
    run = driver(tmp_path)
    assert all(one.saved_offset > 0 for one in run.site.scorers.values())
    feed(run, DAY[HALF:])
    run.close()
    assert told(tmp_path) == undisturbed


def test_an_older_one_where_the_newest_is_damaged(undisturbed: dict[str, list[str]], tmp_path: Path) -> None:
    """A damaged snapshot is passed over; without any sound one the log is read from its beginning."""
    half_a_day(tmp_path)
    for number, path in enumerate(sorted((tmp_path / "snapshots").glob("tags-*"))):
        path.write_bytes(path.read_bytes()[: -1 - number])
    run = driver(tmp_path)
    feed(run, DAY[HALF:])
    run.close()
    assert told(tmp_path) == undisturbed


def test_a_log_that_does_not_reach_back(tmp_path: Path) -> None:
    """Memory lost without a snapshot, and a log whose beginning is gone: refused with a remedy, or gone on by order."""
    half_a_day(tmp_path)
    run = driver(tmp_path)
    for topic in (LOG, PEERS):
        ends = {p: run.site.log.end(topic, p) for p in range(4 if topic == LOG else 1)}
        run.site.log.trim_older(topic, 2 * NIGHT_MS, ends)
    crash(run)
    lose(tmp_path)
    for path in (tmp_path / "snapshots").iterdir():
        path.unlink()
    refused(tmp_path, r"begins at \d+.*snapshot_dir.*FG_ACCEPT_GAP")
    run = driver(tmp_path, accept_gap=True)
    feed(run, DAY[HALF:])
    run.close()


def test_memory_ahead_of_its_log(tmp_path: Path) -> None:
    """A memory that has seen records which its log does not hold belongs to another log: refused."""
    run = driver(tmp_path)
    feed(run, DAY[:HALF])
    run.close()
    for path in (tmp_path / "data").glob("log.db*"):
        path.unlink()
    refused(tmp_path, "made anew")


def test_snapshots_of_another_log_are_no_memory(tmp_path: Path) -> None:
    """What was snapshot beside one log is not restored beside another one."""
    run = driver(tmp_path / "a")
    feed(run, DAY[:HALF])
    snapshots(run)
    run.close()
    run = driver(tmp_path / "b")
    feed(run, DAY[HALF:])
    crash(run)
    lose(tmp_path / "b")
    run = driver(tmp_path / "b", snapshot_dir=tmp_path / "a" / "snapshots")
    assert all(one.saved_offset == 0 for one in run.site.scorers.values())
    run.close()


def test_operators_see_them(tmp_path: Path) -> None:
    """`snapshots list` reads every file, and answers "no" when one is damaged."""
    half_a_day(tmp_path)
    env = {f"FG_{name.upper()}": str(value) for name, value in live.given(tmp_path, snapshot_dir=tmp_path / "snapshots").items()}
    seen = CliRunner().invoke(app, ["snapshots", "list"], env=env)
    assert seen.exit_code == 0 and "tags-3" in seen.stdout and "peers-0" in seen.stdout
    path = next((tmp_path / "snapshots").iterdir())
    path.write_bytes(path.read_bytes()[:-1])
    assert CliRunner().invoke(app, ["snapshots", "list"], env=env).exit_code == 1
