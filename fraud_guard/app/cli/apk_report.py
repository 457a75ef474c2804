"""`fraud-guard apk report`: a report as `apk scan --json` writes it, made into what people and other systems read."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fraud_guard.app.cli.exits import err, errors_told, refuse_usage
from fraud_guard.errors import ConfigurationError

if TYPE_CHECKING:
    from apk_analysis.report.facts import Report

_PIPE = Path("-")
Out = Annotated[Path | None, typer.Option(metavar="FILE", help="Write it here; - = standard output.")]


def report(
    source: Annotated[Path, typer.Argument(metavar="REPORT.json", help="From `apk scan --json`, one report a line; - = standard input.")],
    html: Out = None,
    pdf: Out = None,
    stix: Out = None,
    misp: Out = None,
    csv: Out = None,
    picture: Out = None,
    sha256: Annotated[str, typer.Option(help="Which report of several: how its SHA-256 begins.")] = "",
    font: Annotated[Path | None, typer.Option(help="Font with Chinese for PDF and picture; default: the best installed.")] = None,
) -> None:
    """Write a report as HTML, PDF, STIX 2.1, MISP JSON, CSV of indicators, or (of a re-skin) as a picture of both apps."""
    from apk_analysis.errors import ApkError

    with errors_told(LookupError):
        try:
            wanted = {path: make for path, make in _makers(html, pdf, stix, misp, csv, picture, font) if path is not None}
            if not wanted:
                raise refuse_usage("name at least one of --html, --pdf, --stix, --misp, --csv, --picture")
            chosen = _read(source, sha256)
            for path, make in wanted.items():
                _write(path, make(chosen))
        except (ApkError, OSError) as error:
            raise ConfigurationError(str(error)) from error


def _makers(
    html: Path | None, pdf: Path | None, stix: Path | None, misp: Path | None, csv: Path | None, picture: Path | None, font: Path | None
) -> list[tuple[Path | None, Callable[[Report], bytes]]]:
    from apk_analysis.report.fonts import find_font
    from apk_analysis.report.html import to_html
    from apk_analysis.report.indicator_table import to_csv
    from apk_analysis.report.misp import to_misp

    def as_pdf(one: Report) -> bytes:
        from apk_analysis.report.pdf import to_pdf

        return to_pdf(one, find_font(font))

    def as_stix(one: Report) -> bytes:
        from apk_analysis.report.stix import to_stix

        return to_stix(one).encode()

    def as_picture(one: Report) -> bytes:
        from apk_analysis.report.picture import to_picture

        if one.reskin is None:
            raise LookupError("this report is of no re-skin: there are no two apps to show")
        return to_picture(one, find_font(font))

    return [(html, lambda one: to_html(one).encode()), (pdf, as_pdf), (stix, as_stix), (misp, to_misp), (csv, to_csv), (picture, as_picture)]


def _read(source: Path, sha256: str) -> Report:
    """The report whose SHA-256 begins so. Raises LookupError when none does, or several do and none was asked for."""
    from apk_analysis.report.json_text import from_json

    text = sys.stdin.buffer.read() if source == _PIPE else source.read_bytes()
    reports = [one for line in text.splitlines() if line.strip() and (one := from_json(line)).sha256.startswith(sha256.lower())]
    if not reports:
        raise LookupError(f"{source} has no report{f' whose SHA-256 begins with {sha256}' if sha256 else ''}")
    if len({one.sha256 for one in reports}) > 1:
        raise LookupError(f"{source} has {len(reports)} reports: choose one with --sha256")
    return reports[-1]


def _write(path: Path, content: bytes) -> None:
    from fraud_guard.adapters.whole_file import whole_file

    if path == _PIPE:
        sys.stdout.buffer.write(content)
        return
    with whole_file(path) as file:
        file.write(content)
    err.print(f"{path}: {len(content):,} bytes", soft_wrap=True, markup=False)
