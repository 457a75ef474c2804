"""Host names: any spelling → one host, its registrable domain, and what is known of it offline.

Registrable domains follow the Public Suffix List (package `publicsuffixlist`, which carries the
list) plus `hosting_suffixes.txt`: where anybody gets a sub-domain, the sub-domain is the site, so
`shop.github.io` is never taken for GitHub. Hosts on `top_hosts.txt` are counted and not kept.
"""

from __future__ import annotations

import re
import socket
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import idna
from publicsuffixlist import PSLFILE, PublicSuffixList

from fraud_guard.door.lookalikes import imitates
from fraud_guard.door.tables import load_lines, load_rows, made_of_tables
from fraud_guard.tags.kinds import Flag

_TOP, _SHORT, _IP = int(Flag.TOP_HOST), int(Flag.SHORT_LINK), int(Flag.IP_HOST)
_LOOKALIKE, _FREE_HOSTING = int(Flag.LOOKALIKE), int(Flag.FREE_HOSTING)
_MAX_INPUT = 2048
_MAX_HOST = 253
_PLAIN = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]*[a-z0-9]", re.ASCII
)
_VALID = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?", re.ASCII)
_SCHEME = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?[/\\]{2}|(?:https?|ftp|wss?):[/\\]*", re.ASCII | re.IGNORECASE)
_IPV4_LIKE = re.compile(r"(?:[0-9.]|0x[0-9a-f]*)+", re.ASCII)
_IPV6 = re.compile(r"\[([0-9a-f:.]+)(?:%[^\]]*)?\](?::\d*)?", re.ASCII | re.IGNORECASE)
_PACKAGE_NAME = re.compile(r"\.(?:apk|apks|xapk|apkm)(?![a-z0-9])", re.ASCII)


class Host(NamedTuple):
    """A host reduced to what scoring needs.

    `host`: lower case, punycode, without scheme, user, port, path or final dot; "" when the
    input names no host. `registrable`: public suffix + 1 (the host itself for IP literals).
    `flags`: bits of `tags.kinds.Flag` (TOP_HOST, SHORT_LINK, LOOKALIKE, FREE_HOSTING, IP_HOST).
    `store`: a known app store or vendor download host.
    """

    host: str
    registrable: str
    flags: int = 0
    store: bool = False


_NO_HOST = Host("", "")


def reduce_host(host_or_url: str) -> Host:
    """What is known of the host in `host_or_url`. Never raises; garbage gives an empty host."""
    host = host_or_url if _PLAIN.fullmatch(host_or_url) else _clean(host_or_url)
    if not host:
        return _NO_HOST
    if ":" in host or host.replace(".", "").isdigit():
        return Host(host, host, _IP)
    registrable = _suffixes().privatesuffix(host) or host
    return Host(host, registrable, _flags(host, registrable), _is_under(host, _stores()))


def is_store(host: str) -> bool:
    """Whether `host` (or URL) is a known app store or a vendor's own download host."""
    return reduce_host(host).store


def is_apk_download(url_or_host: str, path: str = "") -> bool:
    """Whether the URL, or host and path, names an Android package (`….apk`, `….xapk`, also in the query)."""
    target = unquote((url_or_host + path)[-_MAX_INPUT:]).lower()
    _, slash, tail = _SCHEME.sub("", target, count=1).partition("/")
    return bool(slash) and _PACKAGE_NAME.search(tail) is not None


def _flags(host: str, registrable: str) -> int:
    if host in _shorteners() or registrable in _shorteners():
        return _SHORT
    top, exceptions = _top_hosts()
    if registrable in top or _is_under(host, _open_to_schools_and_offices()):
        return 0 if exceptions and _is_under(host, exceptions) else _TOP
    free = registrable.count(".") > 1 and _registries().privatesuffix(host) != registrable
    return (_LOOKALIKE if imitates(host, registrable, top) else 0) | (_FREE_HOSTING if free else 0)


def _clean(text: str) -> str:
    """The host part of `text` in its one spelling, "" when there is none."""
    text = text[:_MAX_INPUT].strip()
    text = _SCHEME.sub("", text, count=1) if _SCHEME.match(text) else text
    authority = re.split(r"[/?#\\]", text, maxsplit=1)[0].rpartition("@")[2]
    if six := _IPV6.fullmatch(authority):
        return _ipv6(six[1])
    name = re.sub(r"[\u3002\uff0e\uff61]", ".", authority).partition(":")[0]
    name = unicodedata.normalize("NFKC", name).lower().strip(".").strip()
    if not name.isascii():
        name = ".".join(map(_to_ascii, name.split(".")))
    if len(name) > _MAX_HOST:
        return ""
    if _IPV4_LIKE.fullmatch(name):
        return _ipv4(name)
    return name if _VALID.fullmatch(name) and ".." not in name and _labels_fit(name) else ""


def _labels_fit(name: str) -> bool:
    return all(len(label) <= 63 for label in name.split("."))


def _to_ascii(label: str) -> str:
    if label.isascii():
        return label
    try:
        return idna.encode(label, uts46=True, transitional=False).decode("ascii")
    except idna.IDNAError:  # emoji and the like: not registrable by the rules, yet seen
        pass
    try:
        return "xn--" + label.encode("punycode").decode("ascii").lower()
    except UnicodeError:  # lone surrogates
        return "!"


def _ipv4(name: str) -> str:
    """Dotted quad of any form that browsers accept: decimal, hex, octal, fewer parts."""
    try:
        return socket.inet_ntoa(socket.inet_aton(name))
    except OSError:
        return ""


def _ipv6(name: str) -> str:
    try:
        return socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, name))
    except OSError:
        return ""


def _is_under(host: str, domains: frozenset[str]) -> bool:
    """Whether `host` is one of `domains` or below one of them."""
    while host:
        if host in domains:
            return True
        host = host.partition(".")[2]
    return False


def read_tables() -> None:
    """Read the tables now, not at first use. Raises ConfigurationError."""
    for make in (_suffixes, _top_hosts, _open_to_schools_and_offices, _shorteners, _stores):
        make()


@made_of_tables
def _suffixes() -> PublicSuffixList:
    with Path(PSLFILE).open(encoding="utf-8") as public:
        return PublicSuffixList([*public, *(line.text for line in load_lines("hosting_suffixes.txt"))])


@lru_cache(maxsize=1)
def _registries() -> PublicSuffixList:
    """Suffixes of registries alone, without those of companies."""
    with Path(PSLFILE).open(encoding="utf-8") as public:
        return PublicSuffixList(public, only_icann=True)


@made_of_tables
def _top_hosts() -> tuple[frozenset[str], frozenset[str]]:
    """Top registrable domains, and hosts below them where anybody can publish (`!host` lines)."""
    names = [line.text.lower() for line in load_lines("top_hosts.txt")]
    exceptions = frozenset(name[1:] for name in names if name.startswith("!"))
    return frozenset(name for name in names if name[0] not in "!*"), exceptions


@made_of_tables
def _open_to_schools_and_offices() -> frozenset[str]:
    """Closed registries (`*.gov.cn`): everything below counts as top."""
    return frozenset(line.text[2:] for line in load_lines("top_hosts.txt") if line.text.startswith("*."))


@made_of_tables
def _shorteners() -> frozenset[str]:
    return frozenset(line.text for line in load_lines("shorteners.txt"))


@made_of_tables
def _stores() -> frozenset[str]:
    return frozenset(cells[0] for _, cells in load_rows("stores.csv", ("host", "name")))

