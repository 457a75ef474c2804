"""What a report says about one APK, as frozen types: everything a prosecutor, a feed or a picture needs, and no bytes of the sample.

A report is plain data: `msgspec.json` writes and reads it. Names follow the contract ("APK verdicts"); fields are only added.
All strings that come from a sample are hostile: writers escape them.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from apk_analysis.evidence import Evidence
from apk_analysis.manifest.facts import Combination, Permission
from apk_analysis.yara_scan.facts import Hit

Verdict = Literal["benign", "suspicious", "malicious"]
Status = Literal["ok", "partial", "failed", "skipped"]


class Stage(msgspec.Struct, frozen=True):
    """How one stage went; `ms` is wall-clock time, `reason` says why it is not "ok"."""

    name: str
    status: Status
    ms: float = 0.0
    reason: str = ""


class Finding(msgspec.Struct, frozen=True):
    """One thing that speaks for or against the app; `weight` in log-odds, `confidence` 0–1, `source` the stage or rule it is from."""

    id: str
    kind: Literal["capability", "threat", "evasion", "trust"]
    weight: float
    confidence: float
    zh: str
    en: str
    source: str = ""
    where: tuple[str, ...] = ()
    scam_type: str = ""


class ModuleMatch(msgspec.Struct, frozen=True):
    """One package of classes in both apps: how many methods of ours, how many of them identical."""

    name: str
    other_name: str
    methods: int
    identical: int


class Reskin(msgspec.Struct, frozen=True):
    """Whose new skin it is. `containment`: share (0–1) of own, non-library methods that the nearest sample has too.

    `differs` and `same` name what was compared: label, icon, package, certificate, hosts, app_id.
    """

    family: str
    nearest_sha256: str
    containment: float
    own_methods: int = 0
    identical_methods: int = 0
    images: int = 0
    identical_images: int = 0
    probability: float = 0.0
    nearest_label: str = ""
    nearest_package: str = ""
    nearest_icon_png: str = ""
    differs: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    modules: tuple[ModuleMatch, ...] = ()
    zh: str = ""
    en: str = ""


class Impersonation(msgspec.Struct, frozen=True):
    """A brand that is worn without its certificate; `by` says what looks like it: label, icon, package."""

    brand: str
    by: tuple[str, ...]
    similarity: float = 0.0
    zh: str = ""
    en: str = ""


class IndicatorFact(msgspec.Struct, frozen=True):
    """A host, URL, number, wallet, certificate or app id to hunt for; `places` are members it was found in."""

    type: str
    value: str
    confidence: float
    places: tuple[str, ...] = ()


class CertificateFact(msgspec.Struct, frozen=True):
    """A signer in words; times are ISO 8601, `key` such as "RSA 2048"."""

    sha256: str
    public_key_sha256: str = ""
    subject: str = ""
    issuer: str = ""
    not_before: str = ""
    not_after: str = ""
    key: str = ""


class ManifestFact(msgspec.Struct, frozen=True):
    """What the manifest says, as far as people need it. `icon_png` is base64 of a small PNG that we drew ourselves, "" = none."""

    package: str = ""
    version_code: int = 0
    version_name: str = ""
    min_sdk: int = 0
    target_sdk: int = 0
    label: str = ""
    labels: dict[str, str] = {}
    icon_png: str = ""
    permissions: tuple[Permission, ...] = ()
    combinations: tuple[Combination, ...] = ()
    components: dict[str, int] = {}
    main_activities: tuple[str, ...] = ()
    parser: str = ""


class SignatureFact(msgspec.Struct, frozen=True):
    """Who signed it, from verified schemes alone; `schemes` by name: whether it holds."""

    verified: bool = False
    accepted: bool = False
    schemes: dict[str, bool] = {}
    certificates: tuple[CertificateFact, ...] = ()
    lineage: tuple[CertificateFact, ...] = ()
    problems: tuple[str, ...] = ()


class CodeFact(msgspec.Struct, frozen=True):
    """What it is built with. `app_ids`: framework name to its app id."""

    methods: int = 0
    method_hashes: int = 0
    frameworks: tuple[str, ...] = ()
    app_ids: dict[str, str] = {}
    packers: tuple[str, ...] = ()
    kits: tuple[str, ...] = ()
    abilities: tuple[str, ...] = ()
    shell_only: bool = False


class CallFact(msgspec.Struct, frozen=True):
    """One method of the platform that abilities are made of, and who in the app calls it: the first ones by name, and how many."""

    abilities: tuple[str, ...]
    call: str
    callers: tuple[str, ...] = ()
    count: int = 0


class DeepFact(msgspec.Struct, frozen=True):
    """What the slow analysis found; `unread`: DEX files that it could not read, and why."""

    classes: int = 0
    methods: int = 0
    calls: tuple[CallFact, ...] = ()
    unread: tuple[str, ...] = ()


class Report(msgspec.Struct, frozen=True):
    """All about one APK. `risk` 0–100; `sandbox` is the level that held while it was dissected; `ts_ms` 0 = not stated."""

    sha256: str
    size: int
    verdict: Verdict
    risk: float
    v: int = 1
    ts_ms: int = 0
    file_name: str = ""
    reasons_zh: tuple[str, ...] = ()
    reasons_en: tuple[str, ...] = ()
    scam_type: str = ""
    findings: tuple[Finding, ...] = ()
    reskin: Reskin | None = None
    impersonates: Impersonation | None = None
    indicators: tuple[IndicatorFact, ...] = ()
    stages: tuple[Stage, ...] = ()
    limits_hit: tuple[str, ...] = ()
    engine_versions: dict[str, str] = {}
    manifest: ManifestFact = ManifestFact()
    signatures: SignatureFact = SignatureFact()
    code: CodeFact = CodeFact()
    yara: tuple[Hit, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    sandbox: str = ""
    deep: DeepFact | None = None

    @property
    def partial(self) -> bool:
        """Whether some stage did not go through, or a limit kept something from being read."""
        return bool(self.limits_hit) or any(stage.status in {"partial", "failed"} for stage in self.stages)
