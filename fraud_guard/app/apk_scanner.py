"""The scanner of a site: the shipped rules, the site's index, and limits by depth."""

from __future__ import annotations

from apk_analysis.dissection.settings import ScanSettings
from apk_analysis.reskin.index import Index
from apk_analysis.worker.scanner import Scanner
from fraud_guard.app.settings import Settings
from fraud_guard.shipped import shipped


def site_scanner(settings: Settings, *, deep: bool = False) -> Scanner:
    """Raises RuleFault. The index is the one that `apk index` fills."""
    folder = settings.data_dir / "apk-index"
    index = Index(folder) if (folder / "index.db").exists() else None
    own = settings.rules / "apk"
    rules = own if own.is_dir() else shipped("rules") / "apk"     # a folder of tag rules alone
    if deep:
        return Scanner(ScanSettings.for_deep(rules, settings.apk_sandbox), index)
    return Scanner(ScanSettings(rules=rules, least_sandbox=settings.apk_sandbox), index)
