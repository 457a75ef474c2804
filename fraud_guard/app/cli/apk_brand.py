"""`fraud-guard apk brand`: what a genuine app teaches the table of brands."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fraud_guard.app.cli.apk_options import Files, apk_errors_told, scanner
from fraud_guard.app.cli.exits import err
from fraud_guard.errors import ConfigurationError

if TYPE_CHECKING:
    from apk_analysis.report.facts import Report


def brand(
    files: Files,
    name: Annotated[str, typer.Option("--brand", help="The brand, as in the first column of brands.csv; a new one gets a row.")],
    sure: Annotated[bool, typer.Option("--sure", help="It is genuine although the scan does not call it benign.")] = False,
    rules: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of APK rules to write to; default: `apk` in FG_RULES_DIR.")] = None,
) -> None:
    """Teach brands.csv from genuine apps: package, certificate and icon. Whatever then bears one of them under another key is called an impersonation."""
    from apk_analysis.brands.learning import Genuine, learn
    from fraud_guard.app.apk_scanner import site_rules
    from fraud_guard.app.settings import read

    with apk_errors_told(), scanner(None) as works:
        table = (rules or site_rules(read())) / "brands.csv"
        for path in files:
            report, _ = works.scan(path)
            _check(path, report, sure=sure)
            certificates = tuple(one.sha256 for one in report.signatures.certificates)
            learn(table, name, Genuine(report.sha256, report.manifest.package, report.manifest.label, certificates, base64.b64decode(report.manifest.icon_png)))
            err.print(f"{table}: {name} ← {report.manifest.package}, {', '.join(one[:16] for one in certificates)}…", soft_wrap=True, markup=False)


def _check(path: Path, report: Report, *, sure: bool) -> None:
    """A table that trusts a forgery would clear it from then on."""
    if report.verdict != "benign" and not sure:
        raise ConfigurationError(f"{path}: called {report.verdict} ({'；'.join(report.reasons_zh[:2])}); if you know where it comes from, say --sure")
    if not report.signatures.verified or not report.signatures.certificates or not report.manifest.package:
        raise ConfigurationError(f"{path}: no signature that holds, or no package; take the app from the brand's own site or store")
