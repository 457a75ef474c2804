"""What the spelling of a host name tells: the numbers and the letters that the host model weighs."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple


class HostName(NamedTuple):
    """A host as the door reduces it.

    `host`: lower case, punycode. `registrable`: public suffix + 1, the host itself for IP literals.
    `lookalike`: the door saw an IDN that imitates a well-known site. `known`: it stands on the
    offline list of widely used sites.
    """

    host: str
    registrable: str
    lookalike: bool = False
    known: bool = False


FEATURES = (
    "brand", "near_brand", "lookalike", "punycode", "ip", "free_hosting", "depth", "length", "digits", "digit_runs",
    "hyphens", "entropy", "consonants", "all_digits",
)  # fmt: skip
"""Names of the numbers, in the order in which the model weighs them."""

_DIGIT_RUN = re.compile(r"\d+")
_CONSONANTS = re.compile(r"[bcdfghjklmnpqrstvwxz]+")
_TOKEN = re.compile(r"[a-z]+")
_READS_AS = str.maketrans("013457", "oleast")
_PLAIN_SUBDOMAINS = frozenset(("www", "m", "wap", "h5", "api", "cdn", "img", "static", "mail"))


class Brands(NamedTuple):
    """Names that scam sites borrow.

    `genuine`: brand → registrable domains that really are its. `near`: brand, or brand less one
    letter → brands spelled so, to find names one edit away.
    """

    genuine: Mapping[str, frozenset[str]]
    near: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, genuine: Mapping[str, tuple[str, ...]]) -> Brands:
        """The brands of a document."""
        near: dict[str, tuple[str, ...]] = {}
        for brand in genuine:
            for spelling in _less_one(brand) if len(brand) > 5 else ():
                near[spelling] = (*near.get(spelling, ()), brand)
        return cls({brand: frozenset(domains) for brand, domains in genuine.items()}, near)


def suffix_of(name: HostName) -> str:
    """The public suffix (`com.cn`, `pages.dev`); "" for an IP literal or a bare suffix."""
    return name.registrable.partition(".")[2] if not _is_ip(name.host) else ""


def site_of(name: HostName) -> str:
    """All labels but the suffix and a leading `www`; "" for an IP literal."""
    if _is_ip(name.host):
        return ""
    suffix = suffix_of(name)
    site = name.host.removesuffix(suffix).strip(".") if suffix else name.host
    return site.removeprefix("www.")


def host_numbers(name: HostName, brands: Brands, free_hosting: frozenset[str]) -> tuple[float, ...]:
    """The numbers `FEATURES` of `name`, each roughly within 0 to 1."""
    if _is_ip(name.host):
        return tuple(float(feature == "ip") for feature in FEATURES)
    site = site_of(name)
    label = name.registrable.partition(".")[0]
    digits = sum(c.isdigit() for c in site)
    above = [
        x for x in name.host.removesuffix(name.registrable).split(".") if x and x not in _PLAIN_SUBDOMAINS
    ]
    return (
        float(bool(borrowed_brand(name, brands))),
        float(bool(imitated_brand(name, brands))),
        float(name.lookalike),
        float("xn--" in name.host),
        0.0,
        float(suffix_of(name) in free_hosting),
        min(len(above), 3) / 3,
        min(len(site), 40) / 20,
        digits / max(len(site), 1),
        min(len(_DIGIT_RUN.findall(site)), 3) / 3,
        min(site.replace("xn--", "").count("-"), 4) / 2,
        _entropy(label) / 4 if len(label) >= 8 else 0.0,
        max(map(len, _CONSONANTS.findall(label)), default=0) / 8,
        float(label.isdigit()),
    )


def borrowed_brand(name: HostName, brands: Brands) -> str:
    """The brand whose word stands in a name that is not the brand's; "" when there is none.

    Brands of up to four letters count only as a word of their own (between dots, hyphens, digits).
    """
    site = site_of(name)
    words = set(_TOKEN.findall(site))
    for brand, genuine in brands.genuine.items():
        if (brand in words or (len(brand) > 4 and brand in site)) and name.registrable not in genuine:
            return brand
    return ""


def imitated_brand(name: HostName, brands: Brands) -> str:
    """The brand that a word of the site nearly spells (a digit for a letter, one edit), or ""."""
    site = site_of(name)
    for raw in re.split(r"[.-]+", site):
        brand = _near(raw, brands)
        if brand and name.registrable not in brands.genuine[brand]:
            return brand
    return ""


def _near(word: str, brands: Brands) -> str:
    if len(word) < 5 or word in brands.genuine:
        return ""
    read = word.translate(_READS_AS).replace("rn", "m").replace("vv", "w")
    if read in brands.genuine:
        return read
    found = (brand for spelling in _less_one(word) for brand in brands.near.get(spelling, ()))
    return next((brand for brand in found if _is_one_edit(word, brand)), "")


def _less_one(word: str) -> tuple[str, ...]:
    return (word, *(word[:i] + word[i + 1 :] for i in range(len(word))))


def _is_one_edit(one: str, other: str) -> bool:
    """Whether one letter was added, dropped or replaced, or two neighbours swapped."""
    while one and other and one[0] == other[0]:
        one, other = one[1:], other[1:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    return max(len(one), len(other)) <= 1 or (len(one) == 2 and one == other[::-1])


def _entropy(label: str) -> float:
    counts = Counter(label).values()
    return -sum(n / len(label) * math.log2(n / len(label)) for n in counts) if label else 0.0


def _is_ip(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()
