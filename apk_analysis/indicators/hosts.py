"""Which words are hosts, and which hosts are everybody's."""

from __future__ import annotations

import ipaddress
import re
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec.yaml
from publicsuffixlist import PublicSuffixList

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_RESERVED = {"example", "test"}     # used by tests and documents in place of real names
# First words of Java's names, which read like hosts from the wrong end (com.example.app)
_JAVA = {
    "com", "org", "net", "io", "cn", "android", "androidx", "java", "javax", "kotlin", "kotlinx", "dalvik", "me", "tv",
    "app", "this", "window", "self", "e", "t", "n", "r", "i", "o",
}  # fmt: skip
_BUCKETS = re.compile(
    r"\.oss(?:-accelerate|-[a-z]{2}-[a-z0-9-]{1,40})\.aliyuncs\.com|\.cos\.[a-z0-9-]{1,40}\.myqcloud\.com|\.s3[a-z0-9.-]{0,40}\.amazonaws\.com"
    r"|\.obs\.[a-z0-9-]{1,40}\.myhuaweicloud\.com|\.bcebos\.com|\.qiniudn\.com|\.clouddn\.com|\.blob\.core\.windows\.net"
)
LONGEST_HOST = 253
# Ends of bare hosts that are looked for: the usual ones. Others read like names of files or of Java (.java, .so, .py, .app).
USUAL = {
    "com", "cn", "net", "org", "top", "xyz", "vip", "cc", "club", "shop", "site", "online", "icu", "live", "pro", "io",
    "me", "co", "hk", "tw", "sg", "my", "ph", "vn", "th", "kh", "mm", "jp", "kr", "in", "ru", "us", "uk", "eu", "tv", "fun",
    "store", "tech", "link", "click", "work", "wang", "ltd", "group", "win", "bet", "asia", "mobi", "biz", "cyou", "buzz",
    "cfd", "sbs", "lol", "ink", "space", "website", "world", "life", "today", "news", "cloud", "zone", "pw", "ws", "la",
    "im", "so", "gg", "ai", "xin", "ren", "plus", "chat", "cash", "fund", "loan", "finance", "game", "games", "example", "test",
}  # fmt: skip
_LIKE_FILES = {"so", "in", "me", "io", "tv", "im", "la", "ai", "ws", "live", "pro", "fun", "game", "group", "link", "plus", "world", "test", "chat", "work", "life"}


@cache
def _lists() -> Any:
    return msgspec.yaml.decode(files("apk_analysis.indicators").joinpath("benign.yaml").read_bytes())


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False)


def is_host(word: str) -> bool:
    """Whether `word` (small letters) may be the name of a host that others can reach."""
    labels = word.split(".")
    if not 2 <= len(labels) <= 10 or len(word) > LONGEST_HOST or not all(map(_LABEL.fullmatch, labels)):
        return False
    return labels[-1] in _RESERVED or (not labels[-1].isdigit() and bool(_suffixes().publicsuffix(word)))


def is_bare_host(word: str) -> bool:
    """Whether a word that stands alone is a host, and not a name of Java or JavaScript."""
    labels = word.split(".")
    if labels[0] in _JAVA or labels[-1] not in USUAL or (labels[-1] in _LIKE_FILES and len(labels) < 3):
        return False
    return is_host(word) and word != _suffixes().publicsuffix(word)


def is_public_address(word: str) -> bool:
    """Whether `word` is an IPv4 address of the public network (or of the ranges kept for documents)."""
    try:
        address = ipaddress.IPv4Address(word)
    except ValueError:
        return False
    if any(address in network for network in _DOCUMENTS):
        return True
    return address.is_global and not address.is_multicast


_DOCUMENTS = tuple(map(ipaddress.IPv4Network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")))


def is_bucket(host: str) -> bool:
    """Whether it is a storage bucket in somebody's cloud."""
    return bool(_BUCKETS.search(host))


def standing(host: str) -> str:
    """`dropped`, `vendor` or empty: what the tables say about a host or a domain above it."""
    labels = host.split(".")
    for start in range(len(labels) - 1):
        parent = ".".join(labels[start:])
        if parent in _names("dropped"):
            return "dropped"
        if parent in _names("vendors"):
            return "vendor"
    return ""


@cache
def _names(kind: str) -> frozenset[str]:
    return frozenset(_lists()[kind])
