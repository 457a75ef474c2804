"""A report as a MISP event (core format, JSON): attributes with their types, never published by itself, always with a person to look."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from types import MappingProxyType
from uuid import UUID, uuid5

import msgspec

from apk_analysis.report.cleaning import shown
from apk_analysis.report.facts import IndicatorFact, Report

NAMESPACE = UUID("b1c8e0b4-6a26-5f0e-9b63-1a3d1f1b7d02")
LEAST_CONFIDENCE = 0.5
"""From here on a value is marked for detection (`to_ids`)."""
_THREAT = MappingProxyType({"malicious": "1", "suspicious": "2", "benign": "4"})
_NETWORK, _MONEY = "Network activity", "Financial fraud"
_TYPES = MappingProxyType({
    "url": ("url", _NETWORK), "domain": ("domain", _NETWORK), "bucket": ("hostname", _NETWORK), "ip": ("ip-dst", _NETWORK),
    "email": ("email", "Social network"), "phone": ("phone-number", _MONEY), "wallet-btc": ("btc", _MONEY),
    "wallet-eth": ("text", _MONEY), "wallet-tron": ("text", _MONEY), "certificate": ("x509-fingerprint-sha256", "Payload delivery"),
})  # fmt: skip


def to_misp(report: Report) -> bytes:
    """The event as JSON; the same report gives the same event, with the same UUIDs."""
    event = {
        "uuid": str(uuid5(NAMESPACE, report.sha256)),
        "info": f"APK {shown(report.manifest.label or report.manifest.package, 100)} {report.sha256[:16]}: {report.verdict}",
        "date": f"{datetime.fromtimestamp(report.ts_ms / 1000, UTC):%Y-%m-%d}",
        "timestamp": str(report.ts_ms // 1000),
        "threat_level_id": _THREAT[report.verdict],
        "analysis": "0" if report.partial else "2",
        "distribution": "0",
        "published": False,
        "Tag": [{"name": name} for name in _tags(report)],
        "Attribute": list(_attributes(report)),
    }
    return msgspec.json.format(msgspec.json.encode({"Event": event}), indent=1)


def _tags(report: Report) -> Iterator[str]:
    yield "tlp:amber"
    yield f'fraud-guard:verdict="{report.verdict}"'
    if report.scam_type:
        yield f'fraud-guard:scam-type="{shown(report.scam_type, 60)}"'
    if report.reskin:
        yield f'fraud-guard:family="{shown(report.reskin.family, 60)}"'


def _attributes(report: Report) -> Iterator[dict[str, object]]:
    accused = report.verdict != "benign"
    yield _attribute(report, "sha256", "Payload delivery", report.sha256, "the APK", detect=accused)
    yield _attribute(report, "size-in-bytes", "Other", str(report.size), "", detect=False)
    if report.manifest.package:
        yield _attribute(report, "mobile-application-id", "Payload delivery", report.manifest.package, "package", detect=False)
    told = {one.value for one in report.indicators}
    for signer in [one for one in report.signatures.certificates if one.sha256 not in told]:
        yield _attribute(report, *_TYPES["certificate"], signer.sha256, "signing certificate", detect=accused)
    for one in report.indicators:
        yield _of(report, one, detect=accused and one.confidence >= LEAST_CONFIDENCE)


def _of(report: Report, one: IndicatorFact, *, detect: bool) -> dict[str, object]:
    kind, category = _TYPES.get(one.type, ("text", "Other"))
    value = one.value
    if one.type == "ip" and value.count(":") == 1:
        kind, value = "ip-dst|port", value.replace(":", "|")
    comment = f"{one.type}, confidence {one.confidence:.2f}"
    return _attribute(report, kind, category, value, comment, detect=detect and kind != "text")


def _attribute(report: Report, kind: str, category: str, value: str, comment: str, *, detect: bool) -> dict[str, object]:
    value = shown(value, 2_000)
    return {
        "uuid": str(uuid5(NAMESPACE, f"{report.sha256}\0{kind}\0{value}")), "type": kind, "category": category,
        "value": value, "comment": comment, "to_ids": detect, "distribution": "5",
    }  # fmt: skip
