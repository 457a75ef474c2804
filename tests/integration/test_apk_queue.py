"""From `apk.submitted` to `apk.verdicts`: every file gets its verdict, also after kill -9, and the same one each time."""

from __future__ import annotations

import functools
import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from apk_analysis.intake.store import Store
from datasets.reskin.base_app import AppPlan, make_app
from datasets.reskin.transformations import reskin
from fraud_guard import failpoints
from fraud_guard.app.apk_site import ApkSite
from fraud_guard.app.apk_submission import Submission, declare_topics, submit
from fraud_guard.app.cli.main import app
from fraud_guard.app.metrics import TABLE
from fraud_guard.app.offline import site_log
from fraud_guard.app.settings import Settings, read
from fraud_guard.app.topics import APK_DEEP, APK_SUBMITTED, APK_VERDICTS
from fraud_guard.log import Log, Record
from fraud_guard.tags.verdict import decode_verdict
from scripts.servers.broker import Broker, free_port
from tests import scrape
from tests.integration import live
from tests.integration.test_crash import in_child

T_MS = 1_773_600_000_000


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two apps, and one file that is none."""
    folder = tmp_path_factory.mktemp("apps")
    for number in (1, 2):
        (folder / f"{number}.apk").write_bytes(make_app(AppPlan(700 + number, classes=6, images=1)))
    (folder / "3.apk").write_bytes(b"PK\x03\x04 and nothing else")
    return sorted(folder.iterdir())


def settings_in(folder: Path, **more: Any) -> Settings:
    return read(data_dir=folder / "data", site_key=live.KEY, apk_sandbox="rlimits", **more)


def put(log: Log, settings: Settings, files: list[Path], **wish: Any) -> None:
    declare_topics(log, settings)
    list(submit(log, Store(settings.apk_folder / "samples"), settings, files, Submission("0" * 64, T_MS, **wish)))


def hand_in(settings: Settings, files: list[Path], **wish: Any) -> None:
    with site_log(settings) as log:
        put(log, settings, files, **wish)


@contextmanager
def opened(settings: Settings, **options: Any) -> Iterator[ApkSite]:
    """A worker that is driven by hand."""
    site = ApkSite(settings, **options)
    site.open()
    try:
        yield site
    finally:
        site.close()


def work(settings: Settings, name: str = "", nth: int = 1) -> None:
    """Everything that is not acknowledged yet; dies at `name`."""
    failpoints.arm(name, nth)
    with opened(settings) as site:
        start = site.log.committed(APK_SUBMITTED, 0) or 0
        for record in site.log.read(APK_SUBMITTED, 0, start, 100):
            site.desk.handle([record.value])
            failpoints.failpoint("apk-before-ack")
            site.log.commit({(APK_SUBMITTED, 0): record.offset + 1})


def verdicts(log: Log) -> list[bytes]:
    return [record.value for record in log.read(APK_VERDICTS, 0, 0, 1_000)]


def told(settings: Settings) -> list[bytes]:
    with site_log(settings) as log:
        return verdicts(log)


def test_every_file_gets_a_verdict_that_the_river_reads(files: list[Path], tmp_path: Path) -> None:
    """Also what is no APK; each with the time of the verdict, and a report is kept."""
    settings = settings_in(tmp_path)
    hand_in(settings, files)
    work(settings)
    found = [decode_verdict(one) for one in told(settings)]
    assert len({one.sha256 for one in found}) == len(found) == len(files)
    assert [one.verdict for one in found][2] == "suspicious"
    assert all(one.known_ms for one in found)
    assert len(list((settings.apk_folder / "reports").rglob("*.json"))) == len(files)


def test_a_file_that_comes_again_is_told_in_the_same_bytes(files: list[Path], tmp_path: Path) -> None:
    """Nothing is dissected twice unless it is asked for."""
    settings = settings_in(tmp_path)
    hand_in(settings, files[:1])
    hand_in(settings, files[:1])
    work(settings)
    hand_in(settings, files[:1], again=True)
    work(settings)
    first, second, third = told(settings)
    assert first == second
    assert json.loads(third)["ts_ms"] > json.loads(first)["ts_ms"]


def test_what_cannot_be_used_stops_nothing(files: list[Path], tmp_path: Path) -> None:
    """Words that are no submission and a sample that is gone are passed over."""
    settings = settings_in(tmp_path)
    with site_log(settings) as log:
        declare_topics(log, settings)
        log.append(APK_SUBMITTED, 0, [Record(None, value) for value in (b"", b"{}", b'{"sha256":"x"}', b"\xff")])
        log.append(APK_SUBMITTED, 0, [Submission("cd" * 32, T_MS).record()])
    hand_in(settings, files[:1])
    work(settings)
    assert len(told(settings)) == 1


def test_whoever_wants_the_slow_analysis_waits_in_its_queue(files: list[Path], tmp_path: Path) -> None:
    """The fast verdict comes first, and the submission goes on to the other queue."""
    settings = settings_in(tmp_path)
    hand_in(settings, files[:1], deep=True)
    work(settings)
    with site_log(settings) as log:
        assert len(verdicts(log)) == 1
        assert log.end(APK_DEEP, 0) == 1


def test_the_slow_analysis_stands_for_the_fast_one(files: list[Path], tmp_path: Path) -> None:
    """Its verdict comes second, names callers and the version of the analysis, and is what is told from then on."""
    pytest.importorskip("androguard")
    settings = settings_in(tmp_path)
    hand_in(settings, files[:1], deep=True)
    work(settings)
    with opened(settings, deep=True) as site:
        site.desk.handle([record.value for record in site.log.read(APK_DEEP, 0, 0, 10)])
    hand_in(settings, files[:1])
    work(settings)
    fast, slow, third = told(settings)
    assert third == slow != fast
    report = json.loads(slow)
    assert report["deep"]["methods"] and not report["deep"]["unread"]
    assert report["engine_versions"].keys() - json.loads(fast)["engine_versions"].keys() == {"deep"}
    assert {one["status"] for one in report["stages"] if one["name"].startswith(("witness", "analysis"))} == {"ok"}


def test_what_an_analyst_adds_to_the_index_is_known_to_a_running_worker(files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that began without an index names the family that was added while it runs."""
    settings, skin = settings_in(tmp_path, apk_index=tmp_path / "index"), tmp_path / "skin.apk"
    monkeypatch.setenv("FG_APK_INDEX", str(tmp_path / "index"))
    skin.write_bytes(reskin(files[0].read_bytes(), "T3-package", 5).apk)
    hand_in(settings, [files[0]])
    with opened(settings) as site:
        site.desk.handle([record.value for record in site.log.read(APK_SUBMITTED, 0, 0, 10)])
        added = CliRunner().invoke(app, ["apk", "index", "add", str(files[0]), "--family", "假会议甲", "--label", "scam"])
        assert added.exit_code == 0, added.output
        put(site.log, settings, [skin])
        site.desk.handle([record.value for record in site.log.read(APK_SUBMITTED, 0, 1, 10)])
        first, second = (json.loads(one) for one in verdicts(site.log))
    assert not first["reskin"] and second["reskin"]["family"] == "假会议甲"


POINTS = [(name, nth) for name in ("apk-before-report", "apk-after-report", "apk-after-verdict", "apk-before-ack") for nth in (1, 3)]


@pytest.mark.parametrize(("name", "nth"), POINTS)
def test_a_kill_while_dissecting(name: str, nth: int, files: list[Path], tmp_path: Path) -> None:
    """Killed anywhere and started again: one verdict a file, at most told twice in the same bytes."""
    settings = settings_in(tmp_path)
    hand_in(settings, files)
    assert in_child(functools.partial(work, settings, name, nth)) == -signal.SIGKILL
    assert in_child(functools.partial(work, settings)) == 0
    found = told(settings)
    assert len({json.loads(one)["sha256"] for one in found}) == len(set(found)) == len(files)


def apk_work(*more: str) -> tuple[str, ...]:
    return (str(Path(sys.executable).with_name("fraud-guard")), "apk", "work", *more)


@pytest.fixture(params=["embedded", "kafka"])
def engine(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Settings of the engine."""
    if request.param == "embedded":
        return {}
    broker: Broker = request.getfixturevalue("site_kafka")
    return {"kafka": broker.address}


@pytest.mark.service
def test_the_worker_on_its_engine(engine: dict[str, Any], files: list[Path], tmp_path: Path) -> None:
    """The real command dissects what was there before and what comes while it runs, tells how it is, and ends in peace."""
    settings = settings_in(tmp_path, **engine)
    address = f"127.0.0.1:{free_port()}"
    hand_in(settings, files[:2])
    worker = live.Worker(tmp_path, apk_work("--jobs", "2"), apk_sandbox="rlimits", health_address=address, **engine)
    try:
        with site_log(settings) as log:
            log.declare(APK_VERDICTS, 1)
            worker.until(lambda: log.end(APK_VERDICTS, 0) >= 2)
            put(log, settings, files[2:])
            worker.until(lambda: log.end(APK_VERDICTS, 0) >= 3)
            found = {decode_verdict(one).sha256 for one in verdicts(log)}
        worker.until(lambda: scrape.metrics(address).get(("fraud_guard_lag_records", "0", APK_SUBMITTED)) == 0)
        assert scrape.get(address, "/readyz").text == "ready"
        figures = scrape.metrics(address)
        assert sum(count for name, count in figures.items() if name[0] == "fraud_guard_apk_files_total") == 3
        assert figures["fraud_guard_stage_seconds_count", "dissect"] == 3
        assert {name[0].removesuffix("_bucket").removesuffix("_sum").removesuffix("_count") for name in figures} <= set(TABLE)
        assert worker.stop() == 0
    finally:
        worker.kill()
    assert len(found) == 3
