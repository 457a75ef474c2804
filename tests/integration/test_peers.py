"""Callers: what one person's call tells of a number counts for the next person, live and in replay alike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fraud_guard.adapters.embedded.registry import close_log
from fraud_guard.app.peer_reader import PARTITION
from fraud_guard.testing import Driver, ToldClock
from tests.integration import live
from tests.integration.replays import objects, run

START_MS = 1_773_630_000_000
CALLER = "17000000214"
RULE = "caller-of-many-strangers"
MINUTE_S = 60


def lines() -> list[bytes]:
    """Forty people get a short call of one number; a quarter of an hour later it has somebody share the screen."""
    tags = [t for i in range(40) for t in _call(f"1990000{i:04d}", i * 5, 20)]
    tags.append(_tag("19900005000", 12 * MINUTE_S, channel="net", kind="visit", host="odd.example.org"))
    tags += _victim("19900009999", 16 * MINUTE_S)
    return [msgspec.json.encode(tag | {"id": f"t{i}"}) for i, tag in enumerate(tags)]


def _tag(subject: str, at_s: int, **fields: Any) -> dict[str, Any]:
    return {"source": "a", "ts_ms": START_MS + at_s * 1_000, "subject": subject, "area": "329981001", **fields}


def _call(subject: str, at_s: int, seconds: int) -> Iterator[dict[str, Any]]:
    phone = {"channel": "call", "peer": CALLER, "direction": "in", "call_id": f"c{subject}"}
    yield _tag(subject, at_s, phase="start", **phone)
    yield _tag(subject, at_s + seconds, phase="end", duration_s=seconds, **phone)


def _victim(subject: str, at_s: int) -> list[dict[str, Any]]:
    phone = {"channel": "call", "peer": CALLER, "direction": "in", "call_id": "long"}
    code = "【工商银行】验证码271828，任何人索取均为诈骗。"
    return [
        _tag(subject, at_s, phase="start", **phone),
        _tag(subject, at_s + 6, phase="answer", **phone),
        _tag(subject, at_s + 180, channel="net", kind="app_install", package="com.share.example", app_category="meeting"),
        _tag(subject, at_s + 240, channel="sms", peer="95588", direction="in", text=code),
        _tag(subject, at_s + 300, channel="sms", peer="95588", direction="in", text=code.replace("271828", "314159")),
    ]


def replayed(folder: Path, **options: Any) -> list[tuple[str, int, list[str]]]:
    folder.mkdir()
    path = folder / "tags.ndjson"
    path.write_bytes(b"\n".join(lines()) + b"\n")
    return [(a["change"], a["level"], [e["id"] for e in a["evidence"]]) for a in objects(run(folder, path, **options).alerts)]


def worked(folder: Path, crashes: int = 0) -> Driver:
    """A worker on the same lines, a few at a time; it dies so often and begins anew."""
    given, chunk = live.settings_of(folder, checkpoint_tags=20, checkpoint_ms=100), 7
    clock = ToldClock(START_MS + 3_600_000)
    run_, todo = Driver(given, clock), lines()
    for n in range(0, len(todo), chunk):
        clock.advance(50)
        run_.feed(todo[n : n + chunk])
        run_.advance(chunk)
        if crashes and n % (len(todo) // crashes) < chunk:
            close_log(given.data_dir / "log.db")  # never closed otherwise
            run_ = Driver(given, clock)
    run_.settle()
    return run_


def told(folder: Path, crashes: int = 0) -> list[tuple[str, int, list[str]]]:
    driver = worked(folder, crashes)
    changes = [c for c in driver.site.truth.changes() if c.change in ("raised", "escalated", "evidence")]
    driver.close()
    return [(c.change, c.level, [e.id for e in c.evidence]) for c in changes]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_caller_of_many_is_known_to_the_next(tmp_path: Path, jobs: int) -> None:
    """The alert of the one who is on the line names what the calls to others told, whatever the cut and the processes."""
    changes = replayed(tmp_path / "r", jobs=jobs, block=7)
    assert RULE in changes[-1][2]
    assert changes == replayed(tmp_path / "again")


@pytest.mark.parametrize("crashes", [0, 5])
def test_a_live_worker_knows_the_same(tmp_path: Path, crashes: int) -> None:
    """The live worker gives the replay's evidence, after crashes too, and keeps callers in its checkpoint."""
    assert told(tmp_path / "live", crashes) == replayed(tmp_path / "r")


def test_callers_are_remembered(tmp_path: Path) -> None:
    """What was learnt of callers is stored; the log of contacts is read from there on."""
    driver = worked(tmp_path)
    driver.site.peers.checkpoint(None)
    assert driver.site.store.load(PARTITION).blobs.keys() >= {"c/place", "p/00000000"}
    assert driver.site.peers.saved_offset == driver.site.log.end("peers", 0) > 0
    driver.close()
