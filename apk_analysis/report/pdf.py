"""A report as PDF: Chinese first, the font embedded, the same bytes for the same report."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from fpdf import FPDF
from fpdf.enums import TableCellFillMode
from fpdf.fonts import FontFace

from apk_analysis.report.cleaning import defanged, shown
from apk_analysis.report.facts import CertificateFact, Report
from apk_analysis.report.fonts import Font, find_font
from apk_analysis.report.html import when
from apk_analysis.report.icons import icon_png
from apk_analysis.report.wording import both, en, zh

MOST_ROWS = 60
"""Of a table; more are in the JSON, and the page says how many."""
_CELL_CHARACTERS = 240
_COLOURS = {"malicious": (179, 38, 30), "suspicious": (178, 94, 0), "benign": (27, 110, 58)}
_GREY, _HEAD = (92, 102, 112), (244, 246, 248)


def to_pdf(report: Report, font: Font | None = None) -> bytes:
    """The document. `font`: default the best that is installed. Raises FontMissing when there is none."""
    page = _Document(font or find_font())
    page.set_title(f"{zh('title')} {report.sha256[:16]}")
    page.set_creation_date(datetime.fromtimestamp(report.ts_ms / 1000, UTC))
    _verdict(page, report)
    _sample(page, report)
    _reskin(page, report)
    _findings(page, report)
    _signatures(page, report)
    _code(page, report)
    _course(page, report)
    return bytes(page.output())


class _Document(FPDF):
    """A4 with one font and page numbers."""

    def __init__(self, font: Font) -> None:
        super().__init__(format="A4")
        self.add_font("report", fname=font.path, collection_font_number=font.number)
        self.set_margins(15, 14)
        self.set_auto_page_break(auto=True, margin=16)
        self.add_page()

    def footer(self) -> None:
        self.set_y(-12)
        self.say(f"{self.page_no()} / {{nb}}", 8, _GREY)

    def say(self, text: str, size: float = 10, colour: tuple[int, int, int] = (28, 33, 39)) -> None:
        """A paragraph."""
        self.set_font("report", size=size)
        self.set_text_color(*colour)
        self.multi_cell(0, size * 0.5, text, new_x="LMARGIN", new_y="NEXT")

    def heading(self, key: str) -> None:
        """A heading in both languages, never the last line of a page."""
        if self.will_page_break(24):
            self.add_page()
        self.ln(3)
        self.say(both(key), 12)

    def rows(self, rows: Iterable[Sequence[str]], widths: tuple[int, ...], head: Sequence[str] = ()) -> None:
        """A table of cleaned cells; the first MOST_ROWS."""
        all_rows = list(rows)
        if not all_rows:
            return
        self.set_font("report", size=8.5)
        self.set_text_color(28, 33, 39)
        with self.table(
            col_widths=widths, line_height=4.6, first_row_as_headings=bool(head), text_align="LEFT",
            headings_style=FontFace(fill_color=_HEAD), cell_fill_mode=TableCellFillMode.NONE,
        ) as table:  # fmt: skip
            for cells in ([head] if head else []) + all_rows[:MOST_ROWS]:
                row = table.row()
                for one in cells:
                    row.cell(shown(one, _CELL_CHARACTERS))
        if len(all_rows) > MOST_ROWS:
            self.say(f"+ {len(all_rows) - MOST_ROWS} …", 8.5, _GREY)


def _verdict(page: _Document, report: Report) -> None:
    page.say(both("title"), 16)
    page.say(when(report), 9, _GREY)
    page.say(f"{zh(report.verdict)} {en(report.verdict)} · {both('risk')} {report.risk:.0f}", 14, _COLOURS[report.verdict])
    if report.scam_type:
        page.say(f"{both('scam_type')}: {shown(report.scam_type)}")
    for number, reason in enumerate(report.reasons_zh):
        page.say(f"• {shown(reason)}")
        if number < len(report.reasons_en):
            page.say(f"   {shown(report.reasons_en[number])}", 8.5, _GREY)
    if report.partial:
        page.say(f"{both('partial')}: {shown(', '.join(report.limits_hit))}", 10, _COLOURS["suspicious"])


def _sample(page: _Document, report: Report) -> None:
    manifest = report.manifest
    page.heading("sample")
    _icons(page, manifest.icon_png)
    page.rows([
        (both("label"), manifest.label), (both("package"), manifest.package),
        (both("version"), f"{manifest.version_name} ({manifest.version_code})"), ("SHA-256", report.sha256),
        (both("size"), f"{report.size:,}"), (both("file"), report.file_name),
        ("SDK", f"{manifest.min_sdk}–{manifest.target_sdk}"),
    ], (1, 3))  # fmt: skip


def _reskin(page: _Document, report: Report) -> None:
    one = report.reskin
    if one is not None:
        page.heading("reskin")
        page.say(shown(one.zh))
        page.say(shown(one.en), 8.5, _GREY)
        _icons(page, report.manifest.icon_png, one.nearest_icon_png)
        page.rows([
            (both("label"), report.manifest.label, one.nearest_label),
            (both("package"), report.manifest.package, one.nearest_package),
            ("SHA-256", report.sha256, one.nearest_sha256),
        ], (2, 3, 3), ("", both("this"), both("nearest")))  # fmt: skip
        page.rows([
            (both("family"), one.family), (both("containment"), f"{one.containment:.1%}"),
            (both("methods"), f"{one.identical_methods} / {one.own_methods}"),
            (both("images"), f"{one.identical_images} / {one.images}"),
            (both("same"), " ".join(map(zh, one.same))), (both("differs"), " ".join(map(zh, one.differs))),
        ], (1, 2))  # fmt: skip
        page.rows(((m.name, m.other_name, f"{m.identical} / {m.methods}") for m in one.modules), (3, 3, 1),
                  (both("modules"), both("nearest"), zh("methods")))  # fmt: skip
    if report.impersonates:
        worn = report.impersonates
        page.heading("impersonates")
        page.rows([(worn.brand, " ".join(map(zh, worn.by)), f"{worn.zh} {worn.en}")], (1, 1, 3))


def _findings(page: _Document, report: Report) -> None:
    if report.findings:
        page.heading("findings")
        page.rows(((zh(f.kind), f"{f.zh}\n{f.en}", f"{f.weight:+.1f}", f.source) for f in report.findings), (1, 5, 1, 1),
                  (zh("kind"), both("what"), zh("weight"), zh("source")))  # fmt: skip
    if report.yara:
        page.heading("yara")
        page.rows(((f"{h.rule} v{h.version}", f"{h.zh} {h.en}", h.member) for h in report.yara), (2, 4, 2),
                  (both("rule"), both("what"), both("member")))  # fmt: skip
    if report.manifest.combinations:
        page.heading("combinations")
        page.rows(((c.zh, c.en) for c in report.manifest.combinations), (1, 1))
    if report.manifest.permissions:
        page.heading("permissions")
        page.rows(((p.name, f"{p.zh} {p.en}", p.level) for p in report.manifest.permissions), (3, 4, 1))
    if report.indicators:
        page.heading("indicators")
        page.rows(((i.type, defanged(i.value), f"{i.confidence:.2f}") for i in report.indicators), (1, 5, 1),
                  (zh("type"), both("value"), zh("confidence")))  # fmt: skip


def _signatures(page: _Document, report: Report) -> None:
    signed = report.signatures
    page.heading("signatures")
    schemes = " ".join(f"{name}: {zh('yes') if holds else zh('no')}" for name, holds in signed.schemes.items())
    page.rows([
        (both("verified"), zh("yes") if signed.verified else zh("no")), (both("schemes"), schemes),
        *((both("certificate"), _certificate(one)) for one in signed.certificates),
        *((both("lineage"), _certificate(one)) for one in signed.lineage),
        *((both("reason"), one) for one in signed.problems),
    ], (1, 3))  # fmt: skip


def _certificate(one: CertificateFact) -> str:
    return f"{one.subject} · {one.key} · {one.not_before}–{one.not_after} · SHA-256 {one.sha256}"


def _code(page: _Document, report: Report) -> None:
    code = report.code
    page.heading("code")
    told = {"frameworks": code.frameworks, "packers": code.packers, "kits": code.kits, "abilities": code.abilities}
    page.rows([
        *((both(key), ", ".join(several)) for key, several in told.items() if several),
        *((both("app_id"), f"{name}: {app_id}") for name, app_id in code.app_ids.items()),
    ], (1, 3))  # fmt: skip
    if code.shell_only:
        page.say(both("shell_only"))


def _course(page: _Document, report: Report) -> None:
    if report.evidence:
        page.heading("evidence")
        page.rows(((e.zh, e.en, ", ".join(e.where), str(e.count)) for e in report.evidence), (3, 3, 3, 1))
    page.heading("stages")
    page.rows(((s.name, s.status, f"{s.ms:.0f} ms", s.reason) for s in report.stages), (2, 1, 1, 3))
    page.rows([
        (both("sandbox"), report.sandbox), (both("limits"), ", ".join(report.limits_hit)),
        (both("engine"), " · ".join(f"{name} {version}" for name, version in report.engine_versions.items())),
    ], (1, 3))  # fmt: skip
    page.ln(3)
    page.say(zh("note"), 9, _GREY)
    page.say(en("note"), 8.5, _GREY)


def _icons(page: _Document, *icons: str) -> None:
    """Icons in a row; nothing where there is none."""
    drawn = [png for png in map(icon_png, icons) if png]
    if drawn:
        page.ln(1)
        top = page.get_y()
        for number, png in enumerate(drawn):
            page.image(io.BytesIO(png), x=15 + number * 90, y=top, w=16, h=16)
        page.set_y(top + 18)
