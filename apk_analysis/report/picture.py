"""A picture that shows two apps side by side: icons, names, and which modules of the code are the same. For a re-skin."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw, ImageFont

from apk_analysis.report.cleaning import shown
from apk_analysis.report.facts import ModuleMatch, Report, Reskin
from apk_analysis.report.fonts import Font, find_font
from apk_analysis.report.icons import icon_of
from apk_analysis.report.wording import both, zh

WIDTH, ICON, MARGIN, ROW = 1200, 144, 40, 34
MOST_MODULES = 16
_INK, _GREY, _RED, _LINE = "#1c2127", "#5c6670", "#b3261e", "#d5d9de"


def to_picture(report: Report, font: Font | None = None) -> bytes:
    """The picture as PNG, 1,200 pixels wide; b"" for a report without a re-skin. Raises FontMissing."""
    if report.reskin is None:
        return b""
    modules = report.reskin.modules[:MOST_MODULES]
    drawn = _Canvas(font or find_font(), 420 + ROW * len(modules))
    drawn.text((MARGIN, 24), both("reskin"), 30)
    _side(drawn, MARGIN, "this", report.manifest.icon_png, (report.manifest.label, report.manifest.package, report.sha256[:32]))
    one = report.reskin
    _side(drawn, WIDTH // 2 + 20, "nearest", one.nearest_icon_png, (one.nearest_label, one.nearest_package, one.nearest_sha256[:32]))
    _numbers(drawn, one)
    for number, module in enumerate(modules):
        _module(drawn, 400 + number * ROW, module)
    return drawn.png()


class _Canvas:
    """A white sheet, and writing on it."""

    def __init__(self, font: Font, height: int) -> None:
        self.image = Image.new("RGB", (WIDTH, height), "white")
        self.draw = ImageDraw.Draw(self.image)
        self._font = font

    def text(self, at: tuple[int, int], words: str, size: int, colour: str = _INK, width: int = WIDTH) -> None:
        """Cleaned words, cut where they would leave `width` pixels."""
        face = ImageFont.truetype(str(self._font.path), size, index=self._font.number)
        line = shown(words, 120)
        while line and face.getlength(line) > width:
            line = line[:-2] + "…" if len(line) > 2 else ""
        self.draw.text(at, line, colour, font=face)

    def png(self) -> bytes:
        """The sheet as PNG."""
        file = io.BytesIO()
        self.image.save(file, "PNG", optimize=True)
        return file.getvalue()


def _side(drawn: _Canvas, left: int, key: str, icon: str, lines: tuple[str, str, str]) -> None:
    drawn.draw.rectangle((left, 84, left + WIDTH // 2 - 60, 290), outline=_LINE, width=2)
    drawn.text((left + 16, 92), both(key), 20, _GREY)
    image = icon_of(icon)
    if image:
        small = image.resize((ICON, ICON), Image.Resampling.LANCZOS)
        drawn.image.paste(small, (left + 16, 130), small)
    else:
        drawn.draw.rectangle((left + 16, 130, left + 16 + ICON, 130 + ICON), outline=_LINE)
    room = WIDTH // 2 - 60 - ICON - 50
    for number, (line, size) in enumerate(zip(lines, (28, 20, 15), strict=True)):
        drawn.text((left + ICON + 36, 138 + number * 46), line, size, _INK if number == 0 else _GREY, room)


def _numbers(drawn: _Canvas, one: Reskin) -> None:
    shares = f"{zh('containment')} {one.containment:.1%}   {zh('methods')} {one.identical_methods}/{one.own_methods}"
    drawn.text((MARGIN, 304), f"{shares}   {zh('images')} {one.identical_images}/{one.images}", 22, _RED, WIDTH - 2 * MARGIN)
    same, differs = (" ".join(map(zh, keys)) or "—" for keys in (one.same, one.differs))
    drawn.text((MARGIN, 340), f"{zh('same')}: {same}    {zh('differs')}: {differs}", 20, _GREY, WIDTH - 2 * MARGIN)


def _module(drawn: _Canvas, top: int, module: ModuleMatch) -> None:
    share = module.identical / module.methods if module.methods else 0.0
    drawn.text((MARGIN, top), module.name, 18, _INK, 400)
    drawn.draw.rectangle((460, top + 5, 740, top + 21), fill="#e8ebee")
    drawn.draw.rectangle((460, top + 5, 460 + int(280 * min(share, 1.0)), top + 21), fill=_RED)
    drawn.text((750, top), f"{module.identical}/{module.methods}", 18, _GREY, 90)
    drawn.text((850, top), module.other_name, 18, _INK, WIDTH - 850 - MARGIN)
