"""The indicators of a report as CSV (UTF-8 with a byte-order mark, for spreadsheets): values whole, but never a formula."""

from __future__ import annotations

import csv
import io

from apk_analysis.report.cleaning import cell
from apk_analysis.report.facts import Report

COLUMNS = ("sha256", "verdict", "type", "value", "confidence", "places")


def to_csv(report: Report) -> bytes:
    """One row an indicator, the certificates and the package among them. A value that a spreadsheet would compute has a leading `'`."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(COLUMNS)
    found = [("package", report.manifest.package, 1.0, ())] if report.manifest.package else []
    told = {one.value for one in report.indicators}
    found += [("certificate", one.sha256, 1.0, ()) for one in report.signatures.certificates if one.sha256 not in told]
    found += [(one.type, one.value, one.confidence, one.places) for one in report.indicators]  # type: ignore[misc]
    for kind, value, confidence, places in found:
        table.writerow((cell(report.sha256), report.verdict, cell(kind), cell(value), f"{confidence:.2f}", cell("; ".join(places))))
    return b"\xef\xbb\xbf" + text.getvalue().encode()
