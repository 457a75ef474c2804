"""From a report to the record of `apk.verdicts`, and the reports that are kept, one a sample and depth."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from apk_analysis.errors import UnreadableMember
from apk_analysis.report.facts import ManifestFact, Report
from apk_analysis.report.json_text import from_json, to_json
from apk_analysis.worker.scanner import DEEP
from fraud_guard.adapters.whole_file import PRIVATE, whole_file
from fraud_guard.errors import DependencyError
from fraud_guard.log import Record

VERDICT_BYTES_MOST = 1 << 20
MOST_FINDINGS, MOST_INDICATORS = 50, 200


def verdict_record(report: Report) -> Record:
    """What the river and other systems need of a report; pictures stay in the report, and so does what would make it too long."""
    bare = msgspec.structs.replace(report.manifest, icon_png="")
    reskin = report.reskin and msgspec.structs.replace(report.reskin, nearest_icon_png="")
    slim = msgspec.structs.replace(report, manifest=bare, reskin=reskin)
    text = to_json(slim)
    if len(text) > VERDICT_BYTES_MOST:
        text = to_json(_core(slim))
    return Record(report.sha256.encode(), text)


def _core(report: Report) -> Report:
    """The fields of the contract alone, their lists cut: the surest indicators, the weightiest findings."""
    surest = sorted(report.indicators, key=lambda one: -one.confidence)[:MOST_INDICATORS]
    return Report(
        report.sha256, report.size, report.verdict, report.risk, ts_ms=report.ts_ms, scam_type=report.scam_type,
        findings=tuple(msgspec.structs.replace(one, where=()) for one in report.findings[:MOST_FINDINGS]),
        reskin=report.reskin and msgspec.structs.replace(report.reskin, modules=()), impersonates=report.impersonates,
        indicators=tuple(msgspec.structs.replace(one, places=()) for one in surest),
        limits_hit=(*report.limits_hit, "verdict_bytes"), engine_versions=report.engine_versions,
        manifest=ManifestFact(package=report.manifest.package, label=report.manifest.label), sandbox=report.sandbox,
    )  # fmt: skip


class ReportFolder:
    """Reports by the SHA-256 of their samples; several processes may share it. Raises DependencyError when it cannot be written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def known(self, sha256: str, versions: Mapping[str, str], *, deep: bool) -> Report | None:
        """The report that still holds, as these versions would make it; one of the slow analysis stands for the fast one, too."""
        for was_deep in (True,) if deep else (True, False):
            with suppress(FileNotFoundError, UnreadableMember):
                report = from_json(self._path(sha256, deep=was_deep).read_bytes())
                if {name: one for name, one in report.engine_versions.items() if name != DEEP} == dict(versions):
                    return report
        return None

    def keep(self, report: Report) -> None:
        """In place of the one before."""
        path = self._path(report.sha256, deep=DEEP in report.engine_versions)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with whole_file(path, PRIVATE) as file:
                file.write(to_json(report) + b"\n")
        except OSError as full:
            raise DependencyError(f"{path}: {full.strerror}; make room or give FG_APK_DIR another folder") from full

    def _path(self, sha256: str, *, deep: bool) -> Path:
        return self._folder / sha256[:2] / f"{sha256}{'.deep' if deep else ''}.json"
