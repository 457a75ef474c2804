"""A report as a STIX 2.1 bundle, checked by `stix2`: the file, its analysis, and indicators of what it talks to.

Ids follow from the content, so the same report gives the same bundle, and two reports of one sample meet in one object.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid5

import stix2

from apk_analysis.report.cleaning import shown
from apk_analysis.report.facts import IndicatorFact, Report

NAMESPACE = UUID("6f0b6a7e-9c39-5d3f-8a52-2f6a0c3e7b11")
LEAST_CONFIDENCE = 0.3
"""Below it a value goes into no pattern: it is rather a library's than the app's."""
_PATTERNS = MappingProxyType({
    "url": "[url:value = '{}']", "domain": "[domain-name:value = '{}']", "email": "[email-addr:value = '{}']",
    "bucket": "[domain-name:value = '{}']",
})  # fmt: skip
_EPOCH_S = 0


def to_stix(report: Report) -> str:
    """The bundle as JSON. A benign report has no indicators: it clears, it does not accuse."""
    return str(stix2.Bundle(objects=list(_objects(report)), id=_id("bundle", report.sha256, str(report.ts_ms))).serialize())


def _objects(report: Report) -> Iterator[Any]:
    when = datetime.fromtimestamp(report.ts_ms / 1000 if report.ts_ms else _EPOCH_S, UTC)
    maker = stix2.Identity(id=_id("identity", "fraud-guard"), name="fraud_guard", identity_class="system",
                           created=datetime.fromtimestamp(0, UTC), modified=datetime.fromtimestamp(0, UTC))  # fmt: skip
    stamps = {"created": when, "modified": when, "created_by_ref": maker.id}
    file = stix2.File(hashes={"SHA-256": report.sha256}, size=report.size, mime_type="application/vnd.android.package-archive",
                      **({"name": name} if (name := shown(report.file_name, 200)) else {}))  # fmt: skip
    yield from (maker, file)
    yield stix2.MalwareAnalysis(
        id=_id("malware-analysis", report.sha256, str(report.ts_ms)), product="fraud_guard", sample_ref=file.id,
        result=report.verdict, analysis_started=when, result_name=shown(_name(report), 200), **stamps,
        **({"analysis_engine_version": text} if (text := _engines(report)) else {}),
    )  # fmt: skip
    if report.verdict == "benign":
        return
    malware = stix2.Malware(
        id=_id("malware", report.sha256), name=shown(_name(report), 200), is_family=False, sample_refs=[file.id],
        malware_types=["unknown"], description="\n".join(map(shown, (*report.reasons_zh, *report.reasons_en))), **stamps,
    )  # fmt: skip
    yield malware
    for pattern, name, confidence in _patterns(report):
        found = stix2.Indicator(
            id=_id("indicator", report.sha256, pattern), pattern=pattern, pattern_type="stix", name=shown(name, 200),
            valid_from=when, confidence=round(confidence * 100), indicator_types=["malicious-activity"], **stamps,
        )  # fmt: skip
        yield found
        yield stix2.Relationship(id=_id("relationship", found.id, malware.id), relationship_type="indicates",
                                 source_ref=found.id, target_ref=malware.id, **stamps)  # fmt: skip
    notes = [f"{one.type}: {shown(one.value)}" for one in report.indicators if not _pattern(one)]
    if notes:
        yield stix2.Note(id=_id("note", report.sha256, *notes), content="\n".join(notes),
                         abstract="Values without a STIX pattern", object_refs=[malware.id], **stamps)  # fmt: skip


def _patterns(report: Report) -> Iterator[tuple[str, str, float]]:
    """Patterns with a name and a confidence (0–1), each once."""
    yield f"[file:hashes.'SHA-256' = '{report.sha256}']", report.sha256, 0.95
    seen = set()
    for one in report.indicators:
        pattern = _pattern(one)
        if pattern and pattern not in seen and one.confidence >= LEAST_CONFIDENCE:
            seen.add(pattern)
            yield pattern, f"{one.type} {one.value}", one.confidence


def _pattern(one: IndicatorFact) -> str:
    """The pattern of a value; "" for a type that STIX has none for."""
    value = shown(one.value, 2_000).replace("\\", "\\\\").replace("'", "\\'")
    if one.type == "ip":
        host = value.rsplit(":", 1)[0] if value.count(":") == 1 else value
        return f"[{'ipv6' if ':' in host else 'ipv4'}-addr:value = '{host}']"
    return _PATTERNS[one.type].format(value) if one.type in _PATTERNS else ""


def _name(report: Report) -> str:
    return (report.reskin.family if report.reskin else "") or report.manifest.label or report.manifest.package or report.sha256


def _engines(report: Report) -> str:
    return shown(" ".join(f"{name}={version}" for name, version in report.engine_versions.items()), 200)


def _id(kind: str, *parts: str) -> str:
    return f"{kind}--{uuid5(NAMESPACE, chr(0).join((kind, *parts)))}"
