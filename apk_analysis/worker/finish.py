"""From the parts that the sandbox told to a report: relatives from the index, brands, and the judge's ruling."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import msgspec

from apk_analysis.brands.impersonation import signed_by, wears
from apk_analysis.brands.table import Brand, read_brands
from apk_analysis.dissection.parts import Part, parts_of
from apk_analysis.errors import ApkError
from apk_analysis.evidence import Evidence
from apk_analysis.judge.facts import Case
from apk_analysis.judge.judge import judge
from apk_analysis.judge.table import Table, read_table
from apk_analysis.report.facts import (
    CodeFact,
    DeepFact,
    Impersonation,
    IndicatorFact,
    ManifestFact,
    Report,
    Reskin,
    SignatureFact,
    Stage,
)
from apk_analysis.reskin.fingerprint import VERSION, Fingerprint, decode
from apk_analysis.reskin.index import Index, Match
from apk_analysis.reskin.relation import Relation, matched_modules
from apk_analysis.sandbox.zygote import Answer
from apk_analysis.yara_scan.facts import Hit

ENGINE = "2"
_ENDED = {
    "time": ("time", "partial"), "size": ("result_bytes", "partial"), "crash": ("crash", "failed"), "refused": ("refused", "failed"),
}  # fmt: skip


class Court(msgspec.Struct, frozen=True):
    """What rulings are made with."""

    table: Table
    brands: tuple[Brand, ...]
    versions: dict[str, str]

    @classmethod
    def of(cls, rules: Path) -> Court:
        """From the folder of APK rules. Raises RuleFault."""
        table, brands = read_table(rules / "judge.yaml"), read_brands(rules / "brands.csv")
        versions = {"engine": ENGINE, "fingerprint": str(VERSION), "judge": str(table.version), "rules": _content_of(rules)}
        return cls(table, brands, versions)


def _content_of(folder: Path) -> str:
    """A name for what all rule files say."""
    digest = hashlib.sha256()
    for path in sorted(one for one in folder.rglob("*") if one.is_file() and not one.name.startswith(".")):
        digest.update(f"{path.relative_to(folder)}\n".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


class _Told(msgspec.Struct):
    """The parts put together; what no part told is at its default. `whole`: the last part came."""

    whole: bool = False
    stages: list[Stage] = []
    evidence: dict[str, Evidence] = {}
    limits: dict[str, None] = {}
    manifest: ManifestFact = ManifestFact()
    signatures: SignatureFact | None = None
    code: CodeFact = CodeFact()
    indicators: tuple[IndicatorFact, ...] = ()
    hits: tuple[Hit, ...] = ()
    icon: bytes = b""
    fingerprint: bytes = b""
    deep: DeepFact | None = None

    @property
    def opened(self) -> bool:
        """Whether there was an archive, so that more parts must follow."""
        return any(one.name == "intake" and one.status in {"ok", "partial"} for one in self.stages)


def finish(sha256: str, size_bytes: int, name: str, answer: Answer, court: Court, index: Index | None) -> tuple[Report, Fingerprint | None]:
    """The report, and the fingerprint where there is one."""
    told = _put_together(parts_of(answer.parts))
    if answer.ended != "ok":
        limit, status = _ENDED[answer.ended]
        told.stages.append(Stage("intake" if not told.stages else "sandbox", "partial" if status == "partial" else "failed", reason=answer.words or limit))
        told.limits[limit] = None
    elif told.opened and not told.whole:
        told.stages.append(Stage("sandbox", "failed", reason="what it told is torn"))
    if not any(stage.name == "intake" for stage in told.stages):
        told.stages.append(Stage("intake", "failed", reason="nothing came out of the sandbox"))
    fingerprint = _decoded(told, sha256)
    related, worn_apps = _asked(index, fingerprint, told)
    match = next((one for one in related if one.relation == "reskin"), next(iter(related), None))
    relation: Relation = match.relation if match else "unrelated"
    reskin = _reskin(fingerprint, match) if fingerprint and match else None
    signers = [one.sha256 for one in (told.signatures.certificates if told.signatures else ())]
    worn = wears([told.manifest.label, *told.manifest.labels.values()], told.manifest.package, signers, court.brands, fingerprint.icon if fingerprint else None)
    impersonates = worn or next(map(_worn_from, worn_apps), None)
    case = Case(
        told.manifest, told.signatures, told.code, told.hits, tuple(told.evidence.values()), tuple(told.stages), reskin, relation,
        impersonates, signed_by(told.manifest.package, signers, court.brands),
    )  # fmt: skip
    ruling = judge(case, court.table)
    against = [one for one in ruling.findings if one.kind != "trust"]
    icon = base64.b64encode(told.icon).decode()
    report = Report(
        sha256=sha256, size=size_bytes, verdict=ruling.verdict, risk=ruling.risk, file_name=name,
        reasons_zh=tuple(one.zh for one in against[:5]), reasons_en=tuple(one.en for one in against[:5]), scam_type=ruling.scam_type,
        findings=ruling.findings, reskin=reskin, impersonates=impersonates, indicators=told.indicators, stages=tuple(told.stages),
        limits_hit=tuple(told.limits), engine_versions=court.versions,
        manifest=msgspec.structs.replace(told.manifest, icon_png=icon), signatures=told.signatures or SignatureFact(), code=told.code,
        yara=told.hits, evidence=tuple(told.evidence.values()), sandbox=answer.level or "none", deep=told.deep,
    )  # fmt: skip
    return report, fingerprint


def _put_together(parts: Iterable[Part]) -> _Told:
    told = _Told()
    for part in parts:
        if part.stage.name == "archive":
            told.whole = True
        else:
            told.stages.append(part.stage)
        told.evidence |= {one.code: one for one in part.evidence}
        told.limits |= dict.fromkeys(part.limits_hit)
        for name in ("manifest", "signatures", "code", "indicators", "hits", "icon", "fingerprint", "deep"):
            if value := getattr(part, name):
                setattr(told, name, value)
    return told


def _decoded(told: _Told, sha256: str) -> Fingerprint | None:
    """The fingerprint that the sandbox told, if it is one, and of this sample: under another name it would take that one's place in the index."""
    if not told.fingerprint:
        return None
    with suppress(ApkError):
        if (found := decode(told.fingerprint)).sha256 == sha256:
            return found
    told.stages.append(Stage("fingerprint", "failed", reason="what the sandbox told is no fingerprint of this sample"))
    return None


def _asked(index: Index | None, fingerprint: Fingerprint | None, told: _Told) -> tuple[tuple[Match, ...], tuple[Match, ...]]:
    """Relatives, and genuine apps whose name and icon it wears."""
    if index is None or fingerprint is None:
        told.stages.append(Stage("reskin", "skipped", reason="no index" if index is None else "no fingerprint"))
        return (), ()
    found = index.ask(fingerprint)
    told.stages.append(Stage("reskin", "ok"))
    return found


def _reskin(fingerprint: Fingerprint, match: Match) -> Reskin:
    likeness, other = match.likeness, match.fingerprint
    return Reskin(
        family=match.family, nearest_sha256=match.sha256, containment=round(max(likeness.methods.contained, likeness.grams.contained), 4),
        own_methods=fingerprint.methods.size, identical_methods=likeness.methods.shared, images=likeness.images.a,
        identical_images=likeness.images.shared, probability=round(likeness.probability, 4), nearest_label=other.label,
        nearest_package=other.package, nearest_icon_png=base64.b64encode(other.icon_png).decode(), differs=match.differs, same=match.same,
        modules=matched_modules(fingerprint, other),
        zh=match.zh, en=match.en,
    )  # fmt: skip


def _worn_from(match: Match) -> Impersonation:
    """A genuine app of the index whose name and icon this one wears, of other code and another signer."""
    name = match.fingerprint.label
    return Impersonation(name, ("label", "icon"), 0.9, f"名称和图标与正版应用“{name}”相同，签名和代码不同", f"bears name and icon of the genuine app {name}, of another signer and other code")
