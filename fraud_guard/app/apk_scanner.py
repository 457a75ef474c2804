"""The scanner of a site: its rules or the shipped ones, its index, and limits by depth."""

from __future__ import annotations

from pathlib import Path

from apk_analysis.dissection.settings import ScanSettings
from apk_analysis.reskin.index import Index
from apk_analysis.worker.scanner import Scanner
from fraud_guard.app.settings import Settings
from fraud_guard.shipped import APK_RULES, shipped


def shipped_rules() -> Path:
    """The folder of APK rules that came with this product."""
    return shipped("rules") / APK_RULES


def site_rules(settings: Settings) -> Path:
    """The folder of APK rules that the site goes by: its own, or the shipped one where it has tag rules alone."""
    own = settings.rules / APK_RULES
    return own if own.is_dir() else shipped_rules()


def index_folder(settings: Settings) -> Path:
    """The index that `apk index` fills."""
    return settings.apk_index or settings.data_dir / "apk-index"


def index_in(folder: Path) -> Index | None:
    """The index in this folder; None where there is none."""
    return Index(folder) if (folder / "index.db").exists() else None


def site_scanner(settings: Settings, *, deep: bool = False) -> Scanner:
    """With an index, empty or not: what is added to it later is found. Raises RuleFault, StoreDamaged."""
    return scanner_of(site_rules(settings), settings.apk_sandbox, Index(index_folder(settings)), deep=deep)


def scanner_of(rules: Path, least_sandbox: str, index: Index | None, *, deep: bool = False) -> Scanner:
    """Raises RuleFault."""
    limits = ScanSettings.for_deep(rules, least_sandbox) if deep else ScanSettings(rules=rules, least_sandbox=least_sandbox)
    return Scanner(limits, index)
