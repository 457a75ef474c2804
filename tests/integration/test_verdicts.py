"""Verdicts of APKs in a worker: who touched what before and after, each told once, also after kill -9."""

from __future__ import annotations

import functools
import json
import signal
from pathlib import Path
from typing import Any

import pytest

from datasets.numbers import subject_number
from fraud_guard import failpoints
from fraud_guard.app.settings import read
from fraud_guard.app.topics import APK_VERDICTS, MIXED
from fraud_guard.door.numbers import normalise
from fraud_guard.door.tokens import Tokeniser
from fraud_guard.log import Record
from fraud_guard.tags.control import Control
from fraud_guard.testing import Driver, ToldClock
from tests.integration.test_crash import in_child

T_MS = 1_773_600_000_000
PEOPLE, TOUCHED = 400, 120
BAD = "api.rebate-club.example"
SHA = "ab" * 32
PARTITIONS = 2


def driver(folder: Path) -> Driver:
    settings = read(
        data_dir=folder / "data", site_key="verdict tests: a key that is no secret at all", checkpoint_tags=150, slack_ms=0,
        tags_partitions=PARTITIONS,
    )  # fmt: skip
    return Driver(settings, ToldClock(T_MS + 86_400_000))


def visit(n: int, who: int, host: str, at_s: int) -> bytes:
    return json.dumps({
        "id": f"v{n}", "source": "a", "channel": "net", "kind": "visit", "ts_ms": T_MS + at_s * 1000,
        "subject": subject_number(who), "host": host,
    }).encode()  # fmt: skip


def verdict(finding: str = "malicious", at_s: int = 3_600, **more: Any) -> bytes:
    indicators = [{"type": "url", "value": f"https://{BAD}/login", "confidence": 0.95}]
    return json.dumps({"sha256": SHA, "verdict": finding, "ts_ms": T_MS + at_s * 1000, "indicators": indicators} | more).encode()


def morning() -> list[bytes]:
    """Everybody visits something, three in ten the host of a fraudulent app, some of them twice."""
    everybody = [visit(i, i, f"site-{i % 37}.example", i) for i in range(PEOPLE)]
    touched = [visit(1_000 + i, i % TOUCHED, BAD, 500 + i) for i in range(TOUCHED + 30)]
    return everybody + touched


def tell(run: Driver, *verdicts: bytes) -> None:
    run.site.log.append(APK_VERDICTS, 0, [Record(None, one) for one in verdicts])


def work(folder: Path, name: str = "", nth: int = 1) -> None:
    """The morning, then the verdict; goes on where a killed run stopped. With a `name` it dies there, after the morning."""
    lines, run = morning(), driver(folder)
    run.settle()
    while (start := run.site.log.end(MIXED, 0)) < len(lines):
        run.feed(lines[start : start + 100])
        run.settle()
    failpoints.arm(name, nth)
    if not run.site.log.end(APK_VERDICTS, 0):
        tell(run, verdict())
    run.settle()
    run.close()


def alerts(folder: Path) -> list[dict[str, Any]]:
    run = driver(folder)
    run.settle()
    found = sorted((c.model_dump() for c in run.site.truth.changes()), key=lambda c: c["alert_id"])
    run.close()
    return found


def test_everybody_who_touched_the_host_is_told_of_once(tmp_path: Path) -> None:
    """A host touched by 30 % before its verdict: one alert each, at the verdict's time, with the tag that touched it; nobody else."""
    work(tmp_path)
    found = alerts(tmp_path)
    assert len(found) == len({c["subject"] for c in found}) == TOUCHED
    assert {c["ts_ms"] for c in found} == {T_MS + 3_600_000}
    assert {c["level"] for c in found} == {3}
    assert {e["kind"] for c in found for e in c["evidence"]} == {"indicator"}
    assert sorted(t for c in found for e in c["evidence"] for t in e["tag_ids"]) == sorted(f"v{1_000 + i}" for i in range(TOUCHED))


def test_a_released_subject_is_not_found(tmp_path: Path) -> None:
    """What somebody touched before the release is forgotten; what is touched after it is not."""
    run = driver(tmp_path)
    run.feed(morning())
    run.settle()
    ann, bob = (Tokeniser(run.site.keys.token).token(normalise(subject_number(who))) for who in (0, 1))
    run.site.door.control([Control("release", token, T_MS + 2_000_000) for token in (ann, bob)])
    run.settle()
    run.feed([visit(9_000, 1, BAD, 2_500)])
    run.settle()
    tell(run, verdict())
    run.settle()
    told = {c.subject for c in run.site.truth.changes()}
    assert len(told) == TOUCHED - 1
    assert (ann.hex() in told, bob.hex() in told) == (False, True)
    run.close()


def test_a_verdict_taken_back_tells_of_nobody(tmp_path: Path) -> None:
    """Withdrawn before it was hunted for, or before the touch: no alert; a bad record is passed over."""
    run = driver(tmp_path)
    run.feed(morning())
    run.settle()
    tell(run, verdict(), b"no json", verdict(withdrawn=True))
    run.settle()
    run.feed([visit(9_000, 1, BAD, 5_000)])
    run.settle()
    assert list(run.site.truth.changes()) == []
    run.close()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What is told when nobody is killed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    work(folder)
    return alerts(folder)


POINTS = (
    *((name, 1) for name in ("verdict-before-announce", "verdict-after-announce")),
    *((name, nth) for name in ("hunt-before-append", "hunt-between-appends", "hunt-after-append") for nth in (1, 2)),
    *((name, nth) for name in ("scorer-after-decide", "scorer-after-effects", "scorer-before-ack") for nth in (1, 3, 4, 5)),
    ("checkpoint-done", 1),
)


@pytest.mark.parametrize(("name", "nth"), POINTS)
def test_a_kill_in_the_hunt(name: str, nth: int, undisturbed: list[dict[str, Any]], tmp_path: Path) -> None:
    """Killed anywhere between verdict and last alert and started again: the same people, none missed and none twice."""
    assert in_child(functools.partial(work, tmp_path, name, nth)) == -signal.SIGKILL
    assert in_child(functools.partial(work, tmp_path)) == 0
    assert alerts(tmp_path) == undisturbed
