"""Dead letters of a site on servers: told on their topic, and the same commands as on files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fraud_guard.app.cli.main import app
from fraud_guard.app.topics import DEADLETTERS, SMS
from fraud_guard.log import Record
from fraud_guard.testing import Driver, ToldClock
from scripts.servers.broker import Broker
from tests.integration import live
from tests.servers import NewDatabase

NOW_MS = 1_773_690_000_000
GOOD = {"id": "s-1", "source": "a", "ts_ms": NOW_MS, "subject": "+8619900000001", "channel": "sms", "peer": "95588", "direction": "in"}
BAD = json.dumps({k: v for k, v in GOOD.items() if k != "direction"}).encode()
PARTITION = 2


@pytest.fixture
def site(tmp_path: Path, site_kafka: Broker, new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch) -> Iterator[Driver]:
    servers: dict[str, Any] = {"kafka": site_kafka.address, "truth_url": new_database(), "inlet_partitions": 4}
    settings = live.given(tmp_path, **servers)
    for name, value in settings.items():
        monkeypatch.setenv(f"FG_{name.upper()}", str(value))
    run = Driver(live.settings_of(tmp_path, **servers), ToldClock(NOW_MS))
    yield run
    run.close()


def call(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["deadletters", *arguments], env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    return result.stdout + result.stderr


def through_the_door(run: Driver, value: bytes | None = None) -> list[Record]:
    """What is new in the partition, after `value`, read by the door; what it was."""
    log = run.site.log
    if value is not None:
        log.append_values(SMS, PARTITION, [value])
    found = log.read(SMS, PARTITION, log.committed(SMS, PARTITION) or 0, 100)
    if found:
        run.site.take(found)
        log.commit({(SMS, PARTITION): found[-1].offset + 1})
    run.settle()
    return [Record(r.key, r.value) for r in found]


def test_told_once_listed_shown_and_sent_again(site: Driver) -> None:
    """A letter is on the topic once, sealed; sent again it comes as it was to the partition it came from, and once."""
    log = site.site.log
    start = log.end(DEADLETTERS, 0)
    through_the_door(site, BAD)
    (told,) = [json.loads(r.value) for r in log.read(DEADLETTERS, 0, start, 10)]
    assert (told["reason"], told["source"]) == ("missing_field", SMS)
    assert b"+8619900000001" not in json.dumps(told).encode()
    assert told["id"] in call("list")
    assert BAD.decode() in call("show", told["id"], "--officer", "李工", "--why", "feed check")
    assert "1 sent to the door again" in call("replay", told["id"])
    assert "0 sent to the door again" in call("replay", told["id"])
    assert [r.value for r in through_the_door(site)] == [BAD]
    assert log.end(DEADLETTERS, 0) == start + 2, "it was refused anew, as another record"


def test_a_letter_kept_twice_is_told_once(site: Driver) -> None:
    """After a crash before the acknowledgement the same record is refused again: one letter, one message."""
    start = site.site.log.end(DEADLETTERS, 0)
    site.site.log.append_values(SMS, PARTITION + 1, [BAD])
    again = site.site.log.read(SMS, PARTITION + 1, 0, 1)
    for _ in range(2):
        site.site.door._taken = range(0)
        site.site.take(again)
        site.settle()
    assert site.site.log.end(DEADLETTERS, 0) == start + 1
