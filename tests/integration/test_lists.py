"""Lists published to a topic or laid into a folder: the door goes by them from the next chunk on, or says why not."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from fraud_guard.adapters.embedded.registry import close_log
from fraud_guard.app.cli.main import app
from fraud_guard.app.lists_in_force import publish_lists
from fraud_guard.app.topics import LISTS, LOG
from fraud_guard.door.tables import replaced
from fraud_guard.errors import ConfigurationError
from fraud_guard.log import Record
from fraud_guard.tags.block import Block, decode_record
from fraud_guard.tags.kinds import Flag
from fraud_guard.testing import Driver, ToldClock
from tests.integration import live

NIGHT_MS = 1_773_690_000_000
HEADER = "# source: test\n# date: 2026-01-05\n# licence: Apache-2.0\n"
OWN = {"official_numbers.csv": f"{HEADER}number,name_zh\n96123,测试热线\n"}
BAD = {"official_numbers.csv": OWN["official_numbers.csv"] + "9x,坏\n"}
TOPIC: dict[str, Any] = {"lists_from": "topic"}


def driver(folder: Path, **more: Any) -> Driver:
    return Driver(live.settings_of(folder, **more), ToldClock(NIGHT_MS))


def written(folder: Path, texts: dict[str, str]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def call(run: Driver, n: int) -> bool:
    """Whether the door takes a call from 96123 for an official one."""
    tag = {"id": f"lists-{n}", "source": "a", "channel": "call", "ts_ms": NIGHT_MS + n, "subject": "+8619900000001", "peer": "96123",
           "direction": "in", "phase": "start", "call_id": f"c{n}"}  # fmt: skip
    run.feed([msgspec.json.encode(tag)])
    run.settle()
    end = run.site.log.end(LOG, 0)
    rows = [r for r in (decode_record(s.value, s.offset) for s in run.site.log.read(LOG, 0, 0, end)) if isinstance(r, Block)]
    return bool(int(rows[-1].rows["flags"][-1]) & Flag.OFFICIAL)


def invoke(folder: Path, *words: str, **more: str) -> Any:
    return CliRunner().invoke(app, ["lists", *words], env={"FG_SITE_KEY": live.KEY, "FG_DATA_DIR": str(folder / "data"), **more})


def test_published_live(tmp_path: Path) -> None:
    """Published in the middle of the day they count from the next chunk on, in another worker from its start on, until it is closed."""
    run = driver(tmp_path, **TOPIC)
    assert not call(run, 1)
    publish_lists(run.site.log, OWN)
    assert replaced() == {}, "publishing puts nothing into force by itself"
    assert not call(run, 2)
    with capture_logs() as logs:
        run.site.reload_lists()
        run.site.reload_lists()
    assert [entry["event"] for entry in logs] == ["lists_loaded"]
    assert call(run, 3)
    run.close()
    assert replaced() == {}
    run = driver(tmp_path, **TOPIC)
    assert call(run, 4)
    publish_lists(run.site.log, {})
    run.site.reload_lists()
    assert not call(run, 5)
    run.close()


def test_bad_lists_change_nothing(tmp_path: Path) -> None:
    """From a folder that is spoilt while the worker runs: refused once with file and line; the mended folder is taken."""
    folder = written(tmp_path / "lists", OWN)
    run = driver(tmp_path, lists_dir=folder)
    assert call(run, 1)
    written(folder, BAD)
    with capture_logs() as logs:
        for _ in range(3):
            run.site.reload_lists()
    (refusal,) = logs
    assert (refusal["event"], refusal["log_level"]) == ("lists_refused", "error")
    assert refusal["why"].startswith("official_numbers.csv:6: ")
    assert call(run, 2)
    shutil.rmtree(folder)
    folder.mkdir()
    run.site.reload_lists()
    assert not call(run, 3)
    run.close()


def test_a_worker_does_not_start_with_bad_lists(tmp_path: Path) -> None:
    """What is no good at the start stops it with file and line; a damaged generation in the topic, too."""
    with pytest.raises(ConfigurationError, match=r"official_numbers\.csv:6"):
        driver(tmp_path, lists_dir=written(tmp_path / "lists", BAD))
    close_log(tmp_path / "data" / "log.db")
    with closing(live.open_log(tmp_path)) as log:
        with pytest.raises(ConfigurationError, match=r"official_numbers\.csv:6"):
            publish_lists(log, BAD)
        assert LISTS not in log.topics()
        log.declare(LISTS, 1)
        log.append(LISTS, 0, [Record(b"newest", b"feedfeedfeedfeed")])
    with pytest.raises(Exception, match=r"feedfeedfeedfeed.*publish it again"):
        driver(tmp_path, **TOPIC)
    close_log(tmp_path / "data" / "log.db")


def test_the_commands(tmp_path: Path) -> None:
    """`check` names a fault, `publish` puts into the topic, `show` tells where each list comes from and prints it."""
    folder = written(tmp_path / "lists", BAD)
    refused = invoke(tmp_path, "check", str(folder))
    assert refused.exit_code == 3
    assert "official_numbers.csv:6" in refused.output
    assert invoke(tmp_path, "publish", str(folder)).exit_code == 3
    written(folder, OWN)
    assert invoke(tmp_path, "check", str(folder)).exit_code == 0
    assert invoke(tmp_path, "publish", str(folder)).exit_code == 0
    shown = invoke(tmp_path, "show", FG_LISTS_FROM="topic")
    assert [line.split()[2] for line in shown.output.splitlines() if line.startswith(("official", "short"))] == ["topic", "shipped"]
    text = invoke(tmp_path, "show", "official_numbers.csv", FG_LISTS_FROM="topic")
    assert text.stdout == OWN["official_numbers.csv"]
    assert invoke(tmp_path, "show", "no.csv").exit_code != 0
