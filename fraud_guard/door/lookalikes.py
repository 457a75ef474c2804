"""Host names that imitate a known one: letters of other scripts, digits for letters, one letter off, a brand in a foreign name.

Brands are listed in `brands.csv`, with the domains that are really theirs. Hosts of the top
list are never asked about. Short brands count only as a whole word between hyphens.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from fraud_guard.door.tables import load_rows, made_of_tables, table_error

_LONG_BRAND = 6
"""Brands of this length are also found inside a longer word and with one letter changed."""
_FOR_LETTERS = (str.maketrans("013457", "oleast"), str.maketrans("01", "oi"))
_SHAPES = (("rn", "m"), ("vv", "w"), ("cl", "d"))
_OWN_WORDS = frozenset(
    ("cdn", "static", "img", "image", "images", "pic", "api", "apis", "cloud", "dns", "inc", "group", "tech", "corp",
     "global", "china", "cn", "app", "apps", "js", "css", "video", "music", "media", "content", "assets", "service")
)  # fmt: skip
"""What the owner itself adds to its name."""


def imitates(host: str, registrable: str, top: frozenset[str]) -> bool:
    """Whether `host`, which is not on the top list `top`, imitates a name of that list or a brand."""
    name, _, suffix = registrable.partition(".")
    if registrable in _genuine() or (f"{name}.*" in _genuine() and len(suffix.rpartition(".")[2]) == 2):
        return False
    below = host.removesuffix(registrable).rstrip(".")
    if "xn--" in host and mimics_letters(host, top):
        return True
    return (below != "" and _holds_domain(below, top)) or _is_near_brand(name)


def mimics_letters(host: str, top: frozenset[str]) -> bool:
    """Whether an IDN looks like a name of the top list, or mixes scripts within a label."""
    try:
        shown = ".".join(
            label[4:].encode("ascii").decode("punycode") if label.startswith("xn--") else label
            for label in host.split(".")
        )
    except UnicodeError:
        return False
    skeleton = shown.translate(_confusables())
    tails = (skeleton.split(".", n)[-1] for n in range(skeleton.count(".")))
    return (skeleton.isascii() and any(tail in top for tail in tails)) or any(map(_mixes_scripts, shown.split(".")))


def _mixes_scripts(label: str) -> bool:
    """Latin beside Cyrillic or Greek in one label; Chinese beside Latin is ordinary."""
    scripts = {unicodedata.name(c, "?").partition(" ")[0] for c in label if c.isalpha()}
    return "LATIN" in scripts and not scripts.isdisjoint(("CYRILLIC", "GREEK", "ARMENIAN"))


def _holds_domain(below: str, top: frozenset[str]) -> bool:
    """Whether a known domain stands before the real one, as in `www.icbc.com.cn.foreign.test`."""
    labels = below.split(".")
    return any(".".join(labels[a : a + n]) in top for n in (2, 3) for a in range(len(labels) - n + 1))


def _is_near_brand(name: str) -> bool:
    """Whether the registrable label is a brand, holds one, or nearly is one."""
    words = name.split("-")
    if any(word in _brands() for word in words):
        return True
    return any(_is_near(word) for word in (*words, name.replace("-", "")))


def _is_near(word: str) -> bool:
    brands = _brands()
    spelt = {word.translate(table) for table in _FOR_LETTERS} | {word.replace(a, b) for a, b in _SHAPES}
    if not word.isdigit() and any(other != word and other in brands for other in spelt):
        return True
    return _one_letter_off(word) or any(_extends(word, brand) for brand in _long_brands() if brand in word)


def _extends(word: str, brand: str) -> bool:
    rest = word.removeprefix(brand) if word.startswith(brand) else word.removesuffix(brand)
    return rest not in ("", word) and rest not in _OWN_WORDS


def _one_letter_off(word: str) -> bool:
    """One letter changed, added, left out, or two swapped."""
    if len(word) < _LONG_BRAND or word in _brands():
        return False
    spellings, shortened = _shortened_brands(), _without_one(word)
    if word in spellings or any(short in _brands() for short in shortened if len(short) >= _LONG_BRAND):
        return True
    return any(_is_one_edit(word, brand) for short in shortened for brand in spellings.get(short, ()))


def _is_one_edit(a: str, b: str) -> bool:
    if len(a) != len(b):
        return False
    off = [i for i in range(len(a)) if a[i] != b[i]]
    swapped = len(off) == 2 and off[1] == off[0] + 1 and a[off[0]] == b[off[1]] and a[off[1]] == b[off[0]]
    return len(off) == 1 or swapped


def _without_one(word: str) -> set[str]:
    return {word[:i] + word[i + 1 :] for i in range(len(word))}


def read_tables() -> None:
    """Read the tables now, not at first use. Raises ConfigurationError."""
    for make in (_brands, _shortened_brands, _genuine):
        make()


@made_of_tables
def _brands() -> frozenset[str]:
    return frozenset(_rows())


@made_of_tables
def _long_brands() -> tuple[str, ...]:
    return tuple(brand for brand in _rows() if len(brand) >= _LONG_BRAND and not brand.isdigit())


@made_of_tables
def _shortened_brands() -> dict[str, tuple[str, ...]]:
    """Long brands less one letter → the brands."""
    found: dict[str, tuple[str, ...]] = {}
    for brand in _long_brands():
        for short in _without_one(brand):
            found[short] = (*found.get(short, ()), brand)
    return found


@made_of_tables
def _genuine() -> frozenset[str]:
    return frozenset(domain for domains in _rows().values() for domain in domains)


@made_of_tables
def _rows() -> dict[str, tuple[str, ...]]:
    name = "brands.csv"
    rows: dict[str, tuple[str, ...]] = {}
    for number, (brand, genuine) in load_rows(name, ("brand", "genuine")):
        if not brand.isalnum() or brand != brand.lower() or brand in rows:
            raise table_error(name, number, "a brand is small letters and digits, and stands once")
        rows[brand] = tuple(genuine.split())
    return rows


@lru_cache(maxsize=1)
def _confusables() -> dict[int, str]:
    rows = load_rows("confusables.csv", ("character", "looks_like"))
    return {ord(cells[0]): cells[1] for _, cells in rows}
