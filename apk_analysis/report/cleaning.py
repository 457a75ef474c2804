"""Hostile text made fit to be shown: no control or direction characters, no links that open by a slip, no formulas."""

from __future__ import annotations

import re
import unicodedata

SHOWN_CHARACTERS = 600
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")
_SCHEME = re.compile(r"(?i)\b(h)tt(ps?)(?=:)")


def shown(text: object, characters: int = SHOWN_CHARACTERS) -> str:
    """Text on one line without what is not seen (controls, direction marks, zero widths, lone surrogates), cut with an ellipsis."""
    raw = str(text)[: characters * 4]
    kept = "".join(" " if one in "\t\r\n" else "" if unicodedata.category(one) in _UNSEEN else one for one in raw)
    line = " ".join(kept.split())
    return line if len(line) <= characters else line[: characters - 1] + "…"


def defanged(text: object, characters: int = SHOWN_CHARACTERS) -> str:
    """An address that nobody opens by a slip: hxxp for http, [.] for a dot, [@] for an at sign."""
    line = _SCHEME.sub(r"\1xx\2", shown(text, characters))
    return line.replace("://", "[://]").replace(".", "[.]").replace("@", "[@]")


def cell(text: object) -> str:
    """Text for a cell of a table that somebody opens in a spreadsheet: never a formula."""
    line = shown(text, 4_000)
    return f"'{line}" if line.startswith(_FORMULA) else line
