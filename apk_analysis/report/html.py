"""A report as one HTML page: Chinese first, no scripts, nothing loaded from elsewhere, fit to be printed."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from apk_analysis.report import wording
from apk_analysis.report.cleaning import SHOWN_CHARACTERS, defanged, shown
from apk_analysis.report.facts import Report
from apk_analysis.report.icons import ICON_CHARACTERS, OURS, icon_url

MOST_ROWS = 200
"""Of a table; more are in the JSON, and the page says how many."""


def to_html(report: Report) -> str:
    """The page. Every string of the sample is cleaned and escaped; addresses are defanged."""
    return _environment().get_template("report.html.j2").render(
        report=report, when=when(report), icon=icon_url(report.manifest.icon_png),
        nearest_icon=icon_url(report.reskin.nearest_icon_png) if report.reskin else "",
    )  # fmt: skip


def when(report: Report) -> str:
    """The time of the report in UTC; "" when it states none."""
    return f"{datetime.fromtimestamp(report.ts_ms / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC" if report.ts_ms else ""


@lru_cache(maxsize=1)
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("apk_analysis.report", "templates"), autoescape=True, undefined=StrictUndefined,
        finalize=_cleaned, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.globals.update(zh=wording.zh, en=wording.en, most=MOST_ROWS)
    made.filters.update(defanged=defanged)
    return made


def _cleaned(value: object) -> object:
    """What every expression of the template goes through before it is escaped; images are ours and long."""
    if hasattr(value, "__html__") or not isinstance(value, str):
        return value
    return shown(value, ICON_CHARACTERS if value.startswith(OURS) else SHOWN_CHARACTERS)
