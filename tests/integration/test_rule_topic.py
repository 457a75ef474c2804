"""Rules published to a topic: in force for every worker from the same place of the log on, whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from fraud_guard.adapters.embedded.log import EmbeddedLog
from fraud_guard.adapters.embedded.registry import close_log
from fraud_guard.adapters.kafka.log import KafkaLog
from fraud_guard.app import text_topic
from fraud_guard.app.cli.main import app
from fraud_guard.app.rule_files import read_generation_files
from fraud_guard.app.rule_topic import publish
from fraud_guard.app.text_topic import TextTopic
from fraud_guard.app.topics import RULES
from fraud_guard.errors import ConfigurationError, IntegrityError, RuleError
from fraud_guard.generation import content_id
from fraud_guard.log import Log, Record
from fraud_guard.testing import Driver
from tests.integration import live
from tests.integration.test_reload import DAY, NOON, driver, feed, generations_in_log, reweigh, spoil

TOPIC: dict[str, Any] = {"rules_from": "topic"}


@pytest.fixture(params=["embedded", "kafka"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Log]:
    opened: Log
    if request.param == "embedded":
        opened = EmbeddedLog(tmp_path / "log.db")
    else:
        opened = KafkaLog(request.getfixturevalue("site_kafka").address)
    with closing(opened):
        yield opened


def files_of(folder: Path) -> dict[str, str]:
    return read_generation_files(live.calm_rules(folder))


def put(run: Driver, folder: Path) -> str:
    """Publish the rules of a folder."""
    return publish(run.site.log, files_of(folder)).generation


def test_a_generation_comes_whole(log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read from the start or live, in many parts: the newest whole generation, and every earlier one by its id."""
    monkeypatch.setattr(text_topic, "PART_BYTES", 40_000)
    one = files_of(tmp_path)
    first = publish(log, one)
    assert first.parts > 3
    reader = TextTopic(log, RULES)
    assert reader.newest() == one
    reweigh(tmp_path)
    two = files_of(tmp_path)
    second = publish(log, two)
    for some in (reader, TextTopic(log, RULES)):
        assert some.newest() == two
        assert some.texts_of(first.generation) == one
        assert some.texts_of("0" * 16) is None
    assert (content_id(one), content_id(two)) == (first.generation, second.generation)


def test_a_publisher_that_died(log: Log, tmp_path: Path) -> None:
    """Parts without the last record change nothing; a damaged generation is said once and the one before goes on."""
    one = files_of(tmp_path)
    publish(log, one)
    reader = TextTopic(log, RULES)
    log.append(RULES, 0, [Record(b"part/feedfeedfeedfeed/0", b"half")])
    assert reader.newest() == one
    log.append(RULES, 0, [Record(b"newest", b"feedfeedfeedfeed")])
    with pytest.raises(IntegrityError, match=r"feedfeedfeedfeed.*publish it again"):
        reader.newest()
    assert reader.newest() == one
    with pytest.raises(IntegrityError):
        TextTopic(log, RULES).newest()


def test_a_bad_folder_is_not_published(tmp_path: Path) -> None:
    """A fault is named with file and line, and nothing is written."""
    live.calm_rules(tmp_path)
    spoil(tmp_path)
    with closing(EmbeddedLog(tmp_path / "log.db")) as log:
        with pytest.raises(RuleError, match=r"risky-call-still-up\.yaml:\d+: .*no_such_feature"):
            publish(log, files_of(tmp_path))
        assert log.topics() == {}


def test_nothing_is_scored_before_rules_are_there(tmp_path: Path) -> None:
    """Without a published generation a worker does not start, and says what to do."""
    with pytest.raises(ConfigurationError, match="rules publish"):
        driver(tmp_path, **TOPIC)
    close_log(tmp_path / "data" / "log.db")


def test_published_live_and_read_again_after_a_crash(tmp_path: Path) -> None:
    """A generation published in the middle of the day is announced once; a worker without any archive decides as before."""
    told = []
    for crash in (False, True):
        folder = tmp_path / str(crash)
        folder.mkdir()
        live.calm_rules(folder)
        result = CliRunner().invoke(app, ["rules", "publish", str(folder / "rules"), "--data-dir", str(folder / "data")],
                                    env={"FG_SITE_KEY": live.KEY, "FG_RULES_FROM": "topic"})  # fmt: skip
        assert result.exit_code == 0, result.output
        run = driver(folder, checkpoint_ms=3_600_000, **TOPIC)
        feed(run, DAY[:NOON])
        reweigh(folder)
        run.site.reload_rules()
        assert [g for _, g in generations_in_log(run)] == [result.stdout.strip()], "the folder is no longer asked"
        second = put(run, folder)
        run.site.reload_rules()
        run.site.reload_rules()
        feed(run, DAY[NOON : NOON + 80])
        assert [g for _, g in generations_in_log(run)][1:] == [second]
        if crash:  # as on another machine: what decided comes from the topic
            close_log(folder / "data" / "log.db")
            shutil.rmtree(folder / "data" / "generations")
            run = driver(folder, **TOPIC)
        feed(run, DAY[NOON + 80 :])
        run.close()
        told.append(live.told(folder))
    assert len(told[0]["changes"]) > 10
    assert told[0] == told[1]


def test_another_worker_may_announce_first(tmp_path: Path) -> None:
    """A generation that stands in the log before this worker has looked into the topic is fetched from there."""
    live.calm_rules(tmp_path)
    with closing(live.open_log(tmp_path)) as log:
        publish(log, files_of(tmp_path))
    run = driver(tmp_path, **TOPIC)
    feed(run, DAY[:NOON])
    reweigh(tmp_path)
    second = put(run, tmp_path)
    run.site.door.announce(second)
    feed(run, DAY[NOON:])
    assert run.site.scorers[0].memory.generation == second
    run.close()


def test_a_generation_of_a_newer_build_is_refused(tmp_path: Path) -> None:
    """What this build cannot compile is refused once, and the rules in force go on."""
    live.calm_rules(tmp_path)
    with closing(live.open_log(tmp_path)) as log:
        publish(log, files_of(tmp_path))
    run = driver(tmp_path, **TOPIC)
    spoil(tmp_path)
    files = files_of(tmp_path)
    name = content_id(files)
    packed = text_topic.zlib.compress(text_topic.msgspec.json.encode(files))
    records = [Record(f"part/{name}/0".encode(), packed), Record(f"manifest/{name}".encode(), b"1"), Record(b"newest", name.encode())]
    run.site.log.append(RULES, 0, records)
    with capture_logs() as logs:
        for _ in range(3):
            run.site.reload_rules()
    assert [entry["event"] for entry in logs] == ["rules_refused"]
    feed(run, DAY[:80])
    run.close()
