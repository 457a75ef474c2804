"""Disguises of a text as gangs write it: other characters that read the same to a person.

`homophone` writes another character of the same sound, `radical` the parts of a character side by
side, `traditional` the traditional form, `emoji` a picture, `symbols` puts a sign behind a character,
`mixed` takes one of these for each character. Links, ASCII words, digits and the 【sender】 are left
alone, as senders must have them read by machines. The tables are small and made by hand (`tables/`).
"""

from __future__ import annotations

import csv
import re
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

import numpy as np

How = Literal["homophone", "radical", "symbols", "traditional", "emoji", "mixed"]
HOWS: tuple[How, ...] = get_args(How)

Table = dict[str, tuple[str, ...]]

SYMBOLS = ("·", "、", "丨", "☆", "★", "◆", "~", "^", "*", "`", "…", "﹏", "△", "♀", "❤", " ")
"""Signs that stand between characters; never written beside a link."""

_TABLES = Path(__file__).parent / "tables"
_KEPT = re.compile(r"【[^】]*】|[\x21-\x7e]+")
_LINK_SIGN = re.compile(r"[./]")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_EMOJI = re.compile(r"[\U0001F1E6-\U0001F1FF]{2}|.(?:[\ufe0f\u20e3]|\u200d.)*")


def obfuscate(text: str, rng: np.random.Generator, how: How, strength: float = 0.3) -> str:
    """The text with about `strength` (0..1) of its changeable characters disguised.

    Deterministic for the state of `rng`. `ValueError` for an unknown `how` or strength.
    """
    if how not in HOWS or not 0.0 <= strength <= 1.0:
        raise ValueError(f"how={how!r}, strength={strength!r}: how is one of {HOWS}, strength from 0 to 1")
    chance, choice = rng.random(len(text)).tolist(), rng.random((2, len(text))).tolist()
    table = _disguises(how)
    parts = list(text)
    for i in _changeable(text):
        if chance[i] < strength and (options := table.get(text[i])):
            ways = options[int(choice[0][i] * len(options))]
            parts[i] = ways[int(choice[1][i] * len(ways))]
    return "".join(parts)


def _changeable(text: str) -> list[int]:
    """Positions of Chinese characters outside the 【sender】 that do not touch a link."""
    kept: set[int] = set()
    for match in _KEPT.finditer(text):
        margin = 1 if _LINK_SIGN.search(match[0]) else 0
        kept.update(range(match.start() - margin, match.end() + margin))
    return [match.start() for match in _HAN.finditer(text) if match.start() not in kept]


@lru_cache(maxsize=len(HOWS))
def _disguises(how: How) -> dict[str, tuple[tuple[str, ...], ...]]:
    """For each character the ways to disguise it, and for each way what stands in its place."""
    if how == "mixed":
        plain: tuple[How, ...] = ("homophone", "radical", "symbols", "traditional", "emoji")
        tables = [_disguises(one) for one in plain]
        return {char: sum((t.get(char, ()) for t in tables), ()) for char in _disguises("symbols")}
    return {char: (substitutes,) for char, substitutes in _table(how).items()}


def _table(how: How) -> Table:
    if how == "homophone":
        return {char: tuple(same) for char, same in _rows("homophones.csv").items()}
    if how == "radical":
        return {char: (parts,) for char, parts in _rows("split_characters.csv").items()}
    if how == "traditional":
        return {char: (form,) for char, form in _rows("traditional.csv").items()}
    if how == "emoji":
        return {char: tuple(_EMOJI.findall(pictures)) for char, pictures in _rows("emoji.csv").items()}
    every = (chr(code) for code in range(0x4E00, 0xA000))
    return {char: tuple(char + symbol for symbol in SYMBOLS) for char in every}


@lru_cache(maxsize=8)
def _rows(name: str) -> dict[str, str]:
    """A two-column table of `tables/`, without its # lines."""
    with (_TABLES / name).open(encoding="utf-8", newline="") as file:
        rows = csv.reader(line for line in file if not line.startswith("#"))
        next(rows)
        return dict(rows)
