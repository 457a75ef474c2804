"""Replay with `--apk-verdicts`: verdicts in event time, the same bytes however it is run."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from fraud_guard.app.replay.verdicts import read_verdicts
from fraud_guard.errors import ConfigurationError
from fraud_guard.tags.verdict import ApkVerdict, decode_verdict
from tests.integration.replays import busy_day, objects, run
from tests.integration.test_verdicts import SHA, T_MS, TOUCHED, morning, verdict, visit


def of(*lines: bytes) -> tuple[ApkVerdict, ...]:
    return tuple(map(decode_verdict, lines))


@pytest.fixture(scope="module")
def tags(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The morning, and an afternoon in which two more people meet the host and one comes back."""
    path = tmp_path_factory.mktemp("tags") / "tags.ndjson"
    afternoon = [visit(5_000 + i, who, "API.rebate-club.example", 7_200 + i) for i, who in enumerate((300, 301, 5))]
    path.write_bytes(b"\n".join([*morning(), *afternoon]))
    return path


def test_touches_before_and_after(tags: Path, tmp_path: Path) -> None:
    """Who touched the host before the verdict is told of at its time, who did later at the touch; nobody twice."""
    found = objects(run(tmp_path, tags, verdicts=of(verdict())).alerts)
    assert [c["change"] for c in found] == ["raised"] * (TOUCHED + 2)
    assert len({c["subject"] for c in found}) == TOUCHED + 2
    assert [c["ts_ms"] for c in found] == [T_MS + 3_600_000] * TOUCHED + [T_MS + 7_200_000, T_MS + 7_201_000]


def test_a_verdict_without_a_time_is_known_from_the_start(tags: Path, tmp_path: Path) -> None:
    """Then everybody is told of at the touch."""
    line = msgspec.json.encode({k: v for k, v in msgspec.json.decode(verdict()).items() if k != "ts_ms"})
    found = objects(run(tmp_path, tags, verdicts=of(line)).alerts)
    assert [c["ts_ms"] for c in found[:TOUCHED]] == [T_MS + (500 + i) * 1000 for i in range(TOUCHED)]


def test_a_verdict_behind_the_last_tag(tags: Path, tmp_path: Path) -> None:
    """It counts: the file of tags ends, the hunt does not."""
    found = objects(run(tmp_path, tags, verdicts=of(verdict(at_s=86_400))).alerts)
    assert [c["ts_ms"] for c in found] == [T_MS + 86_400_000] * (TOUCHED + 2)


def test_what_is_taken_back_touches_nobody(tags: Path, tmp_path: Path) -> None:
    """A benign verdict, or a withdrawn one before the touch, gives no alert."""
    assert not run(tmp_path, tags, verdicts=of(verdict("benign"))).alerts
    taken_back = of(verdict(at_s=7_100), verdict(at_s=7_150, withdrawn=True))
    found = objects(run(tmp_path, tags, verdicts=taken_back).alerts)
    assert len(found) == TOUCHED
    assert {c["ts_ms"] for c in found} == {T_MS + 7_100_000}


def test_a_suspicious_verdict_alone_raises_nothing(tags: Path, tmp_path: Path) -> None:
    """What is not proven adds weight and has no level of its own."""
    assert not run(tmp_path, tags, verdicts=of(verdict("suspicious"))).alerts


def test_one_family_is_one_voice(tags: Path, tmp_path: Path) -> None:
    """Three APKs of a family that talk to one host count once in the sum."""
    lines = [verdict(sha256=f"{i:02x}" * 32, reskin={"family": "rebate-7"}, at_s=3_600 + i) for i in range(3)]
    one, three = (objects(run(tmp_path, tags, verdicts=of(*some)).alerts) for some in (lines[:1], lines))
    last = {c["subject"]: c["probability"] for c in three}
    assert last == {c["subject"]: c["probability"] for c in one}


def test_a_file_that_was_downloaded(tags: Path, tmp_path: Path) -> None:
    """The very file, whatever its host, before the verdict and after: level 2."""
    path = tmp_path / "downloads.ndjson"
    download = {"source": "a", "channel": "net", "kind": "download", "host": "files.example", "sha256": SHA.upper()}
    lines = [download | {"id": f"d{i}", "ts_ms": T_MS + i * 7_000_000, "subject": f"1990000900{i}"} for i in (0, 1)]
    path.write_bytes(b"\n".join(map(msgspec.json.encode, lines)))
    found = objects(run(tmp_path, path, verdicts=of(verdict())).alerts)
    assert [(c["ts_ms"] - T_MS, c["level"], c["evidence"][0]["kind"]) for c in found] == [(3_600_000, 2, "apk"), (7_000_000, 2, "apk")]


def test_any_way_to_run_it_gives_the_same_bytes(tmp_path: Path) -> None:
    """A busy day with verdicts on hosts that it meets: jobs 1, 2 and 3, blocks of 1, 7 and 1,000, prompt and simulated answers."""
    path = tmp_path / "day.ndjson"
    lines = busy_day(1_500, 6)
    path.write_bytes(b"\n".join(lines))
    hosts = sorted({h for line in lines if (h := msgspec.json.decode(line).get("host"))})
    times = sorted(msgspec.json.decode(line)["ts_ms"] for line in lines)
    verdicts = of(*(
        msgspec.json.encode({
            "sha256": f"{i:064x}", "verdict": "malicious", "ts_ms": times[len(times) * (i + 1) // 9],
            "indicators": [{"type": "domain", "value": host, "confidence": 0.9} for host in hosts[i::8]],
        }) for i in range(8)
    ))  # fmt: skip
    for responder in ("none", "simulated"):
        first = run(tmp_path, path, verdicts=verdicts, responder=responder)
        assert any(e["kind"] == "indicator" for c in objects(first.alerts) for e in c["evidence"])
        for options in ({"jobs": 2}, {"jobs": 3}, {"block": 7}, {"block": 1}):
            again = run(tmp_path, path, verdicts=verdicts, responder=responder, **options)
            assert (again.alerts, again.orders) == (first.alerts, first.orders)


def test_a_bad_file_names_its_line(tmp_path: Path) -> None:
    """Line and remedy are told."""
    path = tmp_path / "verdicts.ndjson"
    path.write_bytes(verdict() + b'\n\n{"sha256": "' + SHA.encode() + b'", "verdict": "nice"}\n')
    with pytest.raises(ConfigurationError, match=r"verdicts\.ndjson:3: .*mend the verdict"):
        read_verdicts(path)
