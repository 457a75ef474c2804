"""Why a host name looks like a scam, in words for people: from the parts of its own log-odds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraud_guard.learned.host_features import (
    FEATURES,
    Brands,
    HostName,
    borrowed_brand,
    imitated_brand,
    suffix_of,
)

LEAST_WEIGHT = 0.3
"""Log-odds that a part must add to be told."""
MOST_REASONS = 4


class Reason(NamedTuple):
    """One reason: a stable `code`, a sentence in Chinese and in English, its share of the log-odds."""

    code: str
    zh: str
    en: str
    weight: float


_WORDS: Mapping[str, tuple[str, str]] = {
    "brand": (
        "域名借用品牌“{0}”，但不属于该品牌",
        "uses the brand word “{0}” in a name that is not the brand's",
    ),
    "near_brand": ("域名拼写近似品牌“{0}”", "is spelled almost like the brand “{0}”"),
    "lookalike": ("用形近字符冒充常用网站", "imitates a well-known site with look-alike characters"),
    "punycode": ("国际化域名（punycode）", "internationalised name (punycode)"),
    "ip": ("直接使用IP地址", "a bare IP address"),
    "free_hosting": ("免费托管平台的子域名（{1}）", "a sub-domain of free hosting ({1})"),
    "depth": ("子域名层级多", "many levels of sub-domains"),
    "length": ("域名过长", "a long name"),
    "digits": ("数字占比高", "a large share of digits"),
    "digit_runs": ("字母与数字混排", "letters and digits mixed"),
    "hyphens": ("连字符多", "many hyphens"),
    "entropy": ("字符近乎随机", "letters that look random"),
    "consonants": ("辅音连缀、难以读出", "unpronounceable runs of consonants"),
    "all_digits": ("域名全为数字", "a name of digits only"),
    "suffix": ("后缀“.{1}”常见于新设诈骗网站", "the suffix “.{1}” is frequent among new scam sites"),
    "wording": ("用词与已知诈骗网站相似", "worded like known scam sites"),
    "known_site": ("常用的正规网站", "a site in wide honest use"),
}
REASON_CODES = tuple(_WORDS)


def reasons_of(
    name: HostName, numbers: NDArray[np.float64], words: float, suffix: float, *, known: bool, brands: Brands
) -> tuple[Reason, ...]:
    """The parts that raised the log-odds of `name` most, strongest first, at most `MOST_REASONS`."""
    if known:
        return (_reason("known_site", 0.0, name, brands),)
    parts = {**dict(zip(FEATURES, numbers.tolist(), strict=True)), "wording": words, "suffix": suffix}
    strongest = sorted((-weight, code) for code, weight in parts.items() if weight >= LEAST_WEIGHT)
    return tuple(_reason(code, -weight, name, brands) for weight, code in strongest[:MOST_REASONS])


def _reason(code: str, weight: float, name: HostName, brands: Brands) -> Reason:
    zh, en = _WORDS[code]
    brand = {"brand": borrowed_brand, "near_brand": imitated_brand}.get(code)
    slots = (brand(name, brands) if brand else "", suffix_of(name))
    return Reason(code, zh.format(*slots), en.format(*slots), round(weight, 3))
