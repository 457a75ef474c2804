"""From what stages read to what a report says of it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from apk_analysis.certificate.results import Signatures
from apk_analysis.certificate.x509 import Certificate
from apk_analysis.code.facts import Code
from apk_analysis.indicators.facts import Indicators
from apk_analysis.manifest.facts import Manifest
from apk_analysis.report.facts import CertificateFact, CodeFact, IndicatorFact, ManifestFact, SignatureFact

MOST_INDICATORS = 500


def manifest_fact(manifest: Manifest) -> ManifestFact:
    """The manifest in a report."""
    return ManifestFact(
        package=manifest.package, version_code=manifest.version_code, version_name=manifest.version_name, min_sdk=manifest.min_sdk,
        target_sdk=manifest.target_sdk, label=next((one for one in (manifest.labels.get(""), *manifest.labels.values()) if one), ""),
        labels=manifest.labels, permissions=manifest.permissions, combinations=manifest.combinations,
        components=dict(Counter(one.kind for one in manifest.components)), main_activities=manifest.main_activities, parser=manifest.parser,
    )  # fmt: skip


def signature_fact(signatures: Signatures) -> SignatureFact:
    """The signatures in a report."""
    problems = [*(p for one in signatures.platforms for p in one.problems), *(p for one in signatures.schemes for p in one.problems)]
    return SignatureFact(
        signatures.verified, signatures.accepted, {one.name: one.verified for one in signatures.schemes},
        tuple(map(_certificate, signatures.certificates)), tuple(map(_certificate, signatures.lineage)), tuple(dict.fromkeys(problems)),
    )  # fmt: skip


def _certificate(one: Certificate) -> CertificateFact:
    return CertificateFact(one.sha256, one.public_key_sha256, one.subject, one.issuer, _time(one.not_before_s), _time(one.not_after_s), one.key)


def _time(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat() if seconds else ""
    except (OverflowError, OSError, ValueError):
        return ""


def code_fact(code: Code) -> CodeFact:
    """The code in a report."""
    return CodeFact(
        code.methods, len(code.method_hashes), tuple(one.name for one in code.frameworks),
        {one.name: one.app_id for one in code.frameworks if one.app_id}, code.packers, code.kits, code.abilities, code.shell_only,
    )  # fmt: skip


def indicator_facts(indicators: Indicators, code: Code, signatures: Signatures) -> tuple[IndicatorFact, ...]:
    """Indicators in a report: what was found, app ids of frameworks and the signers' certificates beside it."""
    found = [IndicatorFact(one.type, one.value, one.confidence, one.where) for one in indicators.found[:MOST_INDICATORS]]
    ids = [IndicatorFact("app-id", f"{one.name}:{one.app_id}", 0.95) for one in code.frameworks if one.app_id]
    signers = [IndicatorFact("certificate", one.sha256, 0.9) for one in signatures.certificates if not one.public_test_key]
    return (*ids, *signers, *found)
