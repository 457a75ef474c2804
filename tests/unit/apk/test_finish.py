"""Whatever comes out of the sandbox, whole, torn or made up, becomes a report; what never came is told as missing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apk_analysis.dissection.parts import Part, framed, parts_of
from apk_analysis.evidence import Evidence
from apk_analysis.report.facts import CertificateFact, CodeFact, ManifestFact, Report, SignatureFact, Stage
from apk_analysis.reskin.fingerprint import Fingerprint, encode
from apk_analysis.reskin.index import Index
from apk_analysis.sandbox.zygote import Answer
from apk_analysis.worker.finish import Court, finish
from tests.prints import app, looks, sha256

COURT = Court.of(Path(__file__).parents[3] / "rules" / "apk")
SIGNED = SignatureFact(True, True, {"v2": True}, (CertificateFact("c" * 64),))
PARTS = (
    Part(Stage("intake", "ok")), Part(Stage("manifest", "ok"), manifest=ManifestFact(package="com.a.app", label="App a", parser="axml")),
    Part(Stage("certificate", "ok"), signatures=SIGNED), Part(Stage("code", "ok"), code=CodeFact(methods=80)), Part(Stage("yara", "ok")),
    Part(Stage("fingerprint", "ok"), fingerprint=encode(app("a"))), Part(Stage("archive", "ok"), evidence=(Evidence("quiet", "中", "en"),)),
)  # fmt: skip
WHOLE = b"".join(map(framed, PARTS))


def report_on(parts: bytes, ended: str = "ok", index: Index | None = None) -> Report:
    return finish(sha256("a"), 1, "a.apk", Answer(ended, parts, level="seccomp"), COURT, index)[0]


def test_whole_parts_make_a_whole_report() -> None:
    """All that the stages told is in the report, with the sandbox that held."""
    report = report_on(WHOLE)
    assert (report.verdict, report.partial, report.sandbox) == ("benign", False, "seccomp")
    assert report.manifest.package == "com.a.app" and report.code.methods == 80 and report.evidence[0].code == "quiet"
    assert [one.name for one in report.stages] == ["intake", "manifest", "certificate", "code", "yara", "fingerprint", "reskin"]


@pytest.mark.parametrize("ended", ["time", "size", "crash", "refused"])
@given(share=st.floats(0, 1))
def test_a_scan_that_was_cut_off_is_never_benign(ended: str, share: float) -> None:
    """However much was told before, the report is partial and clears nobody, and what was told stands."""
    torn = WHOLE[: int(share * len(WHOLE))]
    report = report_on(torn, ended)
    assert report.partial and report.verdict != "benign" and report.limits_hit
    assert {one.stage.name for one in parts_of(torn)} - {"archive"} <= {one.name for one in report.stages}


def test_nothing_at_all_is_no_clean_bill() -> None:
    """An empty answer is a failed intake."""
    report = report_on(b"")
    assert (report.verdict, report.stages[0].name, report.stages[0].status) == ("suspicious", "intake", "failed")


@given(st.integers(0, len(WHOLE) - 1), st.binary(max_size=30))
def test_foreign_bytes_do_no_harm(place: int, foreign: bytes) -> None:
    """Anything in place of anything still gives a report."""
    assert report_on(WHOLE[:place] + foreign + WHOLE[place + len(foreign) :]).sha256 == sha256("a")


@pytest.mark.parametrize("lie", [app("a", images=looks("a", 4).ravel()), app("known")], ids=["shape", "sample"])
def test_a_fingerprint_that_is_a_lie_is_told(tmp_path: Path, lie: Fingerprint) -> None:
    """A sandbox that tells arrays of another shape, or the fingerprint of another sample, costs the comparison, not the report, and the index learns nothing."""
    parts = b"".join(map(framed, (*PARTS[:5], Part(Stage("fingerprint", "ok"), fingerprint=encode(lie)))))
    with Index(tmp_path) as index:
        index.add(app("b"), "f", "scam")
        report, fingerprint = finish(sha256("a"), 1, "a.apk", Answer("ok", parts), COURT, index)
    assert fingerprint is None
    assert Stage("reskin", "skipped", reason="no fingerprint") in report.stages and report.stages[-2].status == "failed"


def test_a_skin_of_a_scam_is_named(tmp_path: Path) -> None:
    """A relative in the index is in the report with its family, shares, what differs and modules, and makes it malicious."""
    with Index(tmp_path) as index:
        index.add(app("known", code="a"), "loans", "scam")
        report = report_on(WHOLE, index=index)
    assert report.verdict == "malicious" and report.reskin is not None
    assert (report.reskin.family, report.reskin.nearest_sha256, report.reskin.identical_methods) == ("loans", sha256("known"), 80)
    assert "certificate" in report.reskin.differs and report.reskin.modules and report.reasons_zh


def test_a_mask_of_a_genuine_app_is_named(tmp_path: Path) -> None:
    """Name and icon of a genuine app of the index over other code is an impersonation."""
    genuine = app("bank", icon=app("a").icon, label="App a", name=app("a").name)
    with Index(tmp_path) as index:
        index.add(genuine, "bank", "good")
        report = report_on(WHOLE, index=index)
    assert report.impersonates is not None and report.impersonates.by == ("label", "icon")
