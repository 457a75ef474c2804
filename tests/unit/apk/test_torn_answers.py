"""From what the sandbox told to a report: also when it told little, or lied."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from apk_analysis.dissection.parts import Part, framed
from apk_analysis.report.facts import ManifestFact, Report, Stage
from apk_analysis.sandbox.zygote import Answer
from apk_analysis.worker.finish import Court, finish

SHA = "ab" * 32
TOLD = (
    Part(Stage("intake", "ok")),
    Part(Stage("manifest", "ok"), manifest=ManifestFact(package="org.example.app", parser="own")),
    Part(Stage("archive", "ok")),
)


@pytest.fixture(scope="module")
def court() -> Court:
    return Court.of(Path("rules/apk"))


def report(court: Court, data: bytes, ended: str = "ok") -> Report:
    return finish(SHA, 1_000, "a.apk", Answer(ended, data, level="seccomp"), court, None)[0]


def test_all_parts_make_a_report(court: Court) -> None:
    """What came whole stands in the report, and nothing is called torn."""
    found = report(court, b"".join(map(framed, TOLD)))
    assert found.manifest.package == "org.example.app"
    assert found.verdict == "benign" and not found.partial


@pytest.mark.parametrize("ended", ["time", "size", "crash"])
def test_what_came_before_the_end_stands(court: Court, ended: str) -> None:
    """A child that was ended leaves a partial report that clears nobody."""
    found = report(court, b"".join(map(framed, TOLD[:2])), ended)
    assert found.manifest.package == "org.example.app"
    assert found.partial and found.verdict != "benign" and found.limits_hit == (({"size": "result_bytes"}).get(ended, ended),)


@pytest.mark.parametrize("kept", range(1, 40, 3))
def test_a_torn_tale_clears_nobody(court: Court, kept: int) -> None:
    """Wherever its words break off while it says that all is well: a report, and not a benign one."""
    whole = b"".join(map(framed, TOLD))
    found = report(court, whole[:-kept])
    assert found.partial and found.verdict != "benign"


@pytest.mark.parametrize("lie", [b"", b"\xff" * 50, b"\x00" * 50, framed(TOLD[0]) + b"\x05\x00\x00\x00hello", msgspec.msgpack.encode({"stage": 1})])
def test_foreign_bytes_clear_nobody(court: Court, lie: bytes) -> None:
    """What is no tale at all, or becomes none, gives a partial report."""
    found = report(court, lie)
    assert found.partial and found.verdict != "benign"
