"""Folding of message texts: what is left when case, width, script variant and filling are gone.

One `str.translate` per text: Unicode compatibility forms (NFKC) and capitals become plain small
letters, traditional characters simplified ones (`traditional.csv`), lenticular brackets `[` and
`]`; digits, blanks, punctuation, symbols, combining and invisible characters vanish. So
`刷·单`, `刷 單` and `刷单` with a zero-width blank inside all read `刷单`.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from fraud_guard.door.tables import load_rows, table_error

_TABLE_SIZE = 0x1FB00
"""Code points below are folded; the CJK extensions above stay as they are."""

_BRACKETS = {
    "【": "[",
    "】": "]",
    "[": "[",
    "]": "]",
    "［": "[",
    "］": "]",
    "〔": "[",
    "〕": "]",
    "〖": "[",
    "〗": "]",
}
_SAID_BY_SIGN = {"➕": "加", "+": "加", "＋": "加", "✚": "加"}


def fold(text: str) -> str:
    """`text` with letters only, in their plainest form, and `[` `]` around bracketed names."""
    return text.translate(_folding())


@lru_cache(maxsize=1)
def _folding() -> list[str]:
    simplified = _simplified()
    return [_fold_character(chr(code), simplified) for code in range(_TABLE_SIZE)]


def _fold_character(character: str, simplified: dict[str, str]) -> str:
    if said := _BRACKETS.get(character) or _SAID_BY_SIGN.get(character):
        return said
    plain = unicodedata.normalize("NFKC", character).lower()
    return "".join(simplified.get(c, c) for c in plain if c.isalpha())


def _simplified() -> dict[str, str]:
    name = "traditional.csv"
    pairs: dict[str, str] = {}
    for number, cells in load_rows(name, ("traditional", "simplified")):
        if len(cells[0]) != 1 or len(cells[1]) != 1:
            raise table_error(name, number, "one character each")
        pairs[cells[0]] = cells[1]
    return pairs
