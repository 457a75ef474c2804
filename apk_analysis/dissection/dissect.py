"""The stages of a scan, in order, each within its time; every one tells its part at once, so that what is cut off later stands.

Runs inside the sandbox. One stage's failure is told and costs that stage alone.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType

import msgspec

from apk_analysis.appearance.facts import Appearance
from apk_analysis.appearance.reading import read_appearance
from apk_analysis.certificate.results import Signatures
from apk_analysis.certificate.verify import verify_signatures
from apk_analysis.code.facts import Code
from apk_analysis.code.reading import read_code
from apk_analysis.deep.analysis import analyse
from apk_analysis.deep.witnesses import ASKED, hear, is_there
from apk_analysis.dissection.parts import Part
from apk_analysis.dissection.settings import StageLimits
from apk_analysis.dissection.summaries import code_fact, indicator_facts, manifest_fact, signature_fact
from apk_analysis.errors import ApkError
from apk_analysis.indicators.facts import Indicators
from apk_analysis.indicators.reading import find_indicators
from apk_analysis.intake.archive import Archive, open_archive
from apk_analysis.intake.end_record import Buffer
from apk_analysis.manifest.facts import Manifest
from apk_analysis.manifest.reading import read_manifest
from apk_analysis.report.facts import Stage
from apk_analysis.reskin.fingerprint import encode, fingerprint_of
from apk_analysis.yara_scan.book import RuleBook
from apk_analysis.yara_scan.externals import externals_of
from apk_analysis.yara_scan.scan import scan_members

Send = Callable[[Part], None]
SURE_HOST = 0.5
MISSING = "not installed: pip install fraud-guard[second-opinion]"


class OutOfTime(BaseException):
    """A stage's time is over. No ordinary handler may swallow it."""


class Dissection:
    """One sample under the knife; what earlier stages read is there for later ones."""

    def __init__(self, sha256: str, data: Buffer, book: RuleBook, limits: StageLimits, send: Send, *, deep: bool = False) -> None:
        self._sha256, self._data, self._book, self._limits, self._send, self._deep = sha256, data, book, limits, send, deep
        self._archive: Archive | None = None
        self._manifest, self._signatures = Manifest(), Signatures(False, False, (), (), ())
        self._code, self._indicators, self._appearance = Code(), Indicators(), Appearance()

    def run(self) -> None:
        """All stages; without an archive nothing can follow."""
        self._stage("intake", self._intake)
        if self._archive is None:
            return
        for name, stage in (
            ("manifest", self._read_manifest), ("certificate", self._read_signatures), ("code", self._read_code), ("yara", self._scan),
            ("indicators", self._find_indicators), ("appearance", self._read_appearance), ("fingerprint", self._fingerprint),
        ):  # fmt: skip
            self._stage(name, stage)
        if self._deep:
            self._go_deep()
        archive = self._archive     # reading members has added to it
        self._send(Part(Stage("archive", "ok"), evidence=archive.evidence, limits_hit=archive.limits_hit))

    def _go_deep(self) -> None:
        for parser in ASKED:
            self._stage(f"witness {parser}", partial(self._hear, parser))
        self._stage("analysis", self._analyse)

    def _hear(self, parser: str, stage: Stage) -> Part:
        if not is_there(parser):
            return Part(msgspec.structs.replace(stage, status="skipped", reason=MISSING))
        before = self._manifest
        self._manifest, evidence = hear(parser, self._opened, before)
        taken = self._manifest.parser != before.parser      # ours read nothing, this one did
        return Part(stage, evidence=evidence, manifest=manifest_fact(self._manifest) if taken else None)

    def _analyse(self, stage: Stage) -> Part:
        if not is_there("androguard"):
            return Part(msgspec.structs.replace(stage, status="skipped", reason=MISSING))
        found = analyse(self._opened)
        return Part(msgspec.structs.replace(stage, status="partial", reason=found.unread[0]) if found.unread else stage, deep=found)

    def _stage(self, name: str, work: Callable[[Stage], Part]) -> None:
        began = time.perf_counter()
        try:
            with _within(getattr(self._limits, name, 10.0)):
                part = work(Stage(name, "ok"))
        except OutOfTime:
            part = Part(Stage(name, "failed", reason="time"), limits_hit=(f"{name}_s",))
        except MemoryError:
            part = Part(Stage(name, "failed", reason="memory"), limits_hit=("memory_bytes",))
        except ApkError as broken:
            part = Part(Stage(name, "failed", reason=str(broken)[:300]))
        except Exception as broken:  # noqa: BLE001  the boundary of a stage: a defect of ours on a hostile file costs this stage only
            part = Part(Stage(name, "failed", reason=f"{type(broken).__name__}: {broken}"[:300]))
        if part.limits_hit and part.stage.status == "ok":
            part = msgspec.structs.replace(part, stage=Stage(name, "partial", reason=", ".join(part.limits_hit)))
        stage = msgspec.structs.replace(part.stage, ms=round(1000 * (time.perf_counter() - began), 1))
        self._send(msgspec.structs.replace(part, stage=stage))

    def _intake(self, stage: Stage) -> Part:
        self._archive = open_archive(self._data)
        return Part(stage, evidence=self._archive.evidence, limits_hit=self._archive.limits_hit)

    def _read_manifest(self, stage: Stage) -> Part:
        self._manifest = found = read_manifest(self._opened)
        readable = bool(found.parser)
        told = stage if readable else Stage(stage.name, "failed", reason="the manifest cannot be read")
        return Part(told, evidence=found.evidence, manifest=manifest_fact(found))

    def _read_signatures(self, stage: Stage) -> Part:
        self._signatures = found = verify_signatures(
            self._opened, min_sdk=self._manifest.min_sdk, target_sandbox=self._manifest.target_sandbox
        )
        return Part(stage, evidence=found.evidence, signatures=signature_fact(found))

    def _read_code(self, stage: Stage) -> Part:
        self._code = found = read_code(self._opened, self._manifest)
        return Part(stage, evidence=found.evidence, limits_hit=found.limits_hit, code=code_fact(found))

    def _scan(self, stage: Stage) -> Part:
        externals = externals_of(self._opened, self._manifest, self._signatures, self._code)
        found = scan_members(self._opened, self._book, externals)
        return Part(stage, evidence=found.evidence, limits_hit=found.limits_hit, hits=found.hits)

    def _find_indicators(self, stage: Stage) -> Part:
        self._indicators = found = find_indicators(self._opened, self._manifest, self._code.strings)
        return Part(stage, evidence=found.evidence, limits_hit=found.limits_hit, indicators=indicator_facts(found, self._code, self._signatures))

    def _read_appearance(self, stage: Stage) -> Part:
        self._appearance = found = read_appearance(self._opened, self._manifest)
        return Part(stage, evidence=found.evidence, limits_hit=found.limits_hit, icon=found.icon_png)

    def _fingerprint(self, stage: Stage) -> Part:
        hosts = [one.value.partition(":")[0] for one in self._indicators.found if one.type in {"domain", "ip"} and one.confidence >= SURE_HOST]
        made = fingerprint_of(self._sha256, self._manifest, self._signatures, self._code, self._appearance, hosts)
        return Part(stage, fingerprint=encode(made))

    @property
    def _opened(self) -> Archive:
        if self._archive is None:
            raise ApkError("no archive was opened")
        return self._archive


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    """Break off with OutOfTime when it takes longer; needs the main thread."""

    def over(_number: int, _frame: FrameType | None) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
