"""The font of PDF and pictures: one with Chinese characters that may be embedded, looked for where systems keep them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from apk_analysis.errors import FontMissing

_SYSTEM = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
# In order of preference. All may be embedded: OFL (Noto, Source Han), Apache (Droid), GPL with the font exception (WenQuanYi), Arphic.
_NAMES = (
    "NotoSansSC-Regular.otf", "NotoSansSC-Regular.ttf", "NotoSansCJKsc-Regular.otf", "NotoSansCJK-Regular.ttc",
    "SourceHanSansSC-Regular.otf", "wqy-microhei.ttc", "wqy-zenhei.ttc", "DroidSansFallbackFull.ttf",
    "DroidSansFallback.ttf", "uming.ttc", "gbsn00lp.ttf",
)  # fmt: skip
_SIMPLIFIED = {"NotoSansCJK-Regular.ttc": 2}
"""Which font of a collection is the one for simplified Chinese; 0 where not named."""


class Font(NamedTuple):
    """A font file, and which of a collection."""

    path: Path
    number: int = 0


def find_font(wanted: Path | None = None, places: Iterable[Path] = _SYSTEM) -> Font:
    """The font to draw with: the one `wanted`, else the best that is installed. Raises FontMissing naming the remedy."""
    if wanted is not None:
        if not wanted.is_file():
            raise FontMissing(f"there is no font file {wanted}: name another, or leave it out to search the system")
        return Font(wanted, _SIMPLIFIED.get(wanted.name, 0))
    found = {path.name: path for place in places for path in sorted(place.rglob("*.[ot]t[cf]"))}
    for name in _NAMES:
        if name in found:
            return Font(found[name], _SIMPLIFIED.get(name, 0))
    looked = ", ".join(map(str, places))
    raise FontMissing(
        f"no font with Chinese in {looked}: install one (Debian: apt install fonts-wqy-microhei or fonts-noto-cjk), or name a file with --font"
    )
