"""What the judge is told, and what it says."""

from __future__ import annotations

import msgspec

from apk_analysis.evidence import Evidence
from apk_analysis.report.facts import (
    CodeFact,
    Finding,
    Impersonation,
    ManifestFact,
    Reskin,
    SignatureFact,
    Stage,
    Verdict,
)
from apk_analysis.reskin.relation import Relation
from apk_analysis.yara_scan.facts import Hit


class Case(msgspec.Struct, frozen=True):
    """All that is known of one APK; what a stage could not tell is at its default. `trusted`: signed by the brand that it names."""

    manifest: ManifestFact = ManifestFact()
    signatures: SignatureFact | None = None
    code: CodeFact = CodeFact()
    hits: tuple[Hit, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    stages: tuple[Stage, ...] = ()
    reskin: Reskin | None = None
    relation: Relation = "unrelated"
    impersonates: Impersonation | None = None
    trusted: str = ""


class Ruling(msgspec.Struct, frozen=True):
    """The verdict with what speaks for it, the weightiest first; `risk` 0–100."""

    verdict: Verdict
    risk: float
    findings: tuple[Finding, ...]
    scam_type: str = ""
