"""Names of apps made comparable: one spelling for what looks or sounds the same."""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache

from opencc import OpenCC
from pypinyin import lazy_pinyin
from rapidfuzz.distance import OSA

_LOOKALIKES = str.maketrans(
    "АВЕЅІЈКМНОРСТУХаеорсухіјѕԁԛԝһΑΒΕΖΗΙΚΜΝΟΡΤΥΧαορνιıɑɡ",
    "ABESIJKMHOPCTYXaeopcyxijsdqwhABEZHIKMNOPTYXaopviiag",
)
LEAST_FUZZY = 4
"""Names shorter than this must be equal: a letter more or less makes another word of them."""


@lru_cache(maxsize=4096)
def normalised(name: str) -> str:
    """Compatibility forms folded, simplified characters, look-alike letters as Latin ones, without case, marks, spaces and what cannot be seen."""
    plain = _unmarked(_unmarked(name).casefold())
    simple: str = _simplifier().convert("".join(c for c in plain if unicodedata.category(c)[0] in "LN"))
    return simple


def _unmarked(text: str) -> str:
    """Look-alikes as Latin letters; before and after the case is folded, since capitals look like other letters than small ones."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if unicodedata.category(c)[0] != "M")
    return bare.translate(_LOOKALIKES)


@lru_cache(maxsize=4096)
def sound(name: str) -> str:
    """The pinyin of a normalised name, "" where it holds no Chinese character."""
    return "".join(lazy_pinyin(name)) if any("一" <= c <= "鿿" for c in name) else ""


def alike(name: str, brand: str) -> float:
    """How close two normalised names are, 0–1: 1 equal, 0.9 of the same sound, 0.85 one letter apart, 0.6 one inside of the other."""
    if not name or not brand:
        return 0.0
    if name == brand:
        return 1.0
    if len(brand) >= LEAST_FUZZY and len(name) >= LEAST_FUZZY:
        if sound(name) and sound(name) == sound(brand):
            return 0.9
        if abs(len(name) - len(brand)) <= 1 and OSA.distance(name, brand, score_cutoff=1) <= 1:
            return 0.85
        if name == sound(brand) or sound(name) == brand:
            return 0.8
        if name.startswith(brand) or name.endswith(brand):
            return 0.6
    return 0.0


@cache
def _simplifier() -> OpenCC:
    return OpenCC("t2s")
