"""Dissects what waits in `apk.submitted` and tells `apk.verdicts`.

At least once, and the same each time: a report is kept before its verdict is told, so whoever comes again to a submission,
after a crash or because the file was handed in twice, tells the kept one in the same bytes, as long as no part of the analysis
has a new version. The river takes the same verdict twice as one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import structlog

from apk_analysis.errors import ApkError, SandboxMissing
from apk_analysis.intake.store import Store
from apk_analysis.report.facts import Report
from apk_analysis.worker.scanner import Scanner
from fraud_guard.app.apk_submission import Submission, partition_of, read_submission
from fraud_guard.app.apk_verdicts import ReportFolder, verdict_record
from fraud_guard.app.metrics import timed
from fraud_guard.app.topics import APK_DEEP, APK_VERDICTS
from fraud_guard.errors import ConfigurationError, DependencyError
from fraud_guard.failpoints import failpoint
from fraud_guard.log import Log

log = structlog.get_logger()


class ApkDesk:
    """Of one worker. `handle` may be repeated after a DependencyError; not safe for threads, it has its own."""

    def __init__(self, records: Log, folder: Path, scanner: Scanner, partitions: int, now_ms: Callable[[], int], *, jobs: int, deep: bool) -> None:
        self.counts = Counter[str]()
        self._log, self._scanner, self._partitions, self._now_ms, self._deep = records, scanner, partitions, now_ms, deep
        self._store, self._reports = Store(folder / "samples"), ReportFolder(folder / "reports")
        self._pool = ThreadPoolExecutor(jobs, "apk")
        self._closing = False

    def handle(self, values: Sequence[bytes | None]) -> None:
        """Dissect these submissions side by side and tell their verdicts, in order. Raises DependencyError, ConfigurationError."""
        for one, report in self._pool.map(self._judged, values):
            if one is None or report is None:
                continue
            self._log.append(APK_VERDICTS, 0, [verdict_record(report)])
            failpoint("apk-after-verdict")
            if one.deep and not self._deep:
                self._log.append(APK_DEEP, partition_of(one.sha256, self._partitions), [one.record()])
            self.counts[report.verdict] += 1

    def close(self) -> None:
        """Give up what is under way: it comes again to the next worker. A sample cut off by this is not judged."""
        self._closing = True
        self._scanner.stop()
        self._pool.shutdown()

    def _judged(self, value: bytes | None) -> tuple[Submission | None, Report | None]:
        try:
            one = read_submission(value or b"")
        except (msgspec.DecodeError, UnicodeError) as bad:  # it stays in the topic, for whoever looks
            self.counts["refused"] += 1
            log.error("submission_refused", why=str(bad))  # noqa: TRY400  expected: the words are enough
            return None, None
        return one, self._report(one)

    def _report(self, one: Submission) -> Report | None:
        sha256 = one.sha256.lower()
        known = None if one.again else self._reports.known(sha256, self._scanner.versions, deep=self._deep)
        if known is not None:
            self.counts["known"] += 1
            return known
        if self._closing:
            raise DependencyError("apk: the worker is stopping")
        try:
            self._store.verify(sha256)
            with timed("dissect"):
                report, _ = self._scanner.scan(self._store.path(sha256))
        except SandboxMissing as weak:
            raise ConfigurationError(str(weak)) from weak
        except (ApkError, OSError) as lost:
            self.counts["lost"] += 1
            log.error("sample_lost", sha256=sha256, why=str(lost))  # noqa: TRY400  expected: the words are enough
            return None
        if self._closing:
            raise DependencyError("apk: the worker is stopping")
        report = msgspec.structs.replace(report, ts_ms=self._now_ms(), file_name=one.name or report.file_name)
        failpoint("apk-before-report")
        self._reports.keep(report)
        failpoint("apk-after-report")
        return report
