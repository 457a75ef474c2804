"""Looks through bytes for indicators. Every expression has bounded repeats and a fixed start: time grows with length alone."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from functools import cache

from ahocorasick_rs import BytesAhoCorasick

from apk_analysis.indicators.chats import chats
from apk_analysis.indicators.hit import Hit
from apk_analysis.indicators.hosts import USUAL, is_bare_host, is_bucket, is_host, is_public_address, standing
from apk_analysis.indicators.wallets import wallet_kind

_SCHEME = re.compile(rb"(?:https?|wss?|ftp|tcp|mqtts?|socks5|rtmp)\Z", re.IGNORECASE)
_REST = re.compile(rb"([A-Za-z0-9.\-_]{4,253})(:\d{1,5})?((?:[/?#][\x21\x23-\x26\x28-\x3b\x3d\x3f-\x5b\x5d-\x7e]{0,400})?)")
_ADDRESS = re.compile(rb"[1-9]\d{0,2}\.\d{1,3}\.\d{1,3}\.\d{1,3}(:\d{2,5})?")
_NAME_BYTES = b"abcdefghijklmnopqrstuvwxyz0123456789.-"
_OPENING = frozenset(bytes([one]) for one in (*range(0x20), *b"\"'`"))
_MAIL_USER, _MAIL_HOST = re.compile(rb"[\w.+\-]{1,64}\Z"), re.compile(rb"[A-Za-z0-9\-]{1,63}(?:\.[A-Za-z0-9\-]{1,63}){1,4}")
_PHONE = re.compile(rb"1[3-9]\d{9}")
_COUNTRY = re.compile(rb"\+?86[ \-]?\Z")
_VERSION = re.compile(rb"(?:version|ver|v|sdk)[\"'=: ]{0,4}\Z", re.IGNORECASE)
_WORD_BYTES = frozenset(b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.+")
_WALLET = re.compile(rb"[13T0b][0-9A-Za-z]{25,61}")
LONGEST_NAME = 100
MOST_ANCHORS = 20_000       # places of one kind in one source: a hostile file can be nothing but them
VENDOR = 0.1


def search(data: bytes, *, is_text: bool = True) -> Iterator[Hit]:
    """All hits in `data`; in what is no text (native code) only those that start with a scheme."""
    yield from urls(data)
    if not is_text:
        return
    yield from _addresses(data)
    yield from _bare_hosts(data)
    yield from _mail(data)
    yield from _phones(data)
    yield from _wallets(data)
    yield from chats(data)


def _places(data: bytes, mark: bytes) -> Iterator[int]:
    """Where `mark` stands."""
    at = -1
    for _ in range(MOST_ANCHORS):
        at = data.find(mark, at + 1)
        if at < 0:
            return
        yield at


def urls(data: bytes) -> Iterator[Hit]:
    """URLs with the hosts in them."""
    seen: set[bytes] = set()
    for at in _places(data, b"://"):
        scheme, rest = _SCHEME.search(data, max(at - 6, 0), at), _REST.match(data, at + 3)
        if scheme and rest and (whole := scheme[0] + rest[0]) not in seen:
            seen.add(whole)
            yield from _url(scheme[0].decode().lower(), rest)


def _url(scheme: str, rest: re.Match[bytes]) -> Iterator[Hit]:
    host = rest[1].decode("ascii").lower().rstrip(".-_")
    port, tail = (rest[2] or b"").decode(), rest[3].decode("ascii").rstrip(".,;)]")
    address = is_public_address(host)
    if not address and not is_host(host):
        return
    kind = standing(host)
    if kind != "dropped":
        factor = VENDOR if kind else 1.0
        yield Hit("url", f"{scheme}://{host}{port}{tail}", factor)
        yield _host(host, port, factor, address=address)


def _host(host: str, port: str, factor: float, *, address: bool) -> Hit:
    """The host of a URL as an indicator of its own."""
    if address:
        return Hit("ip", host + port, factor)
    return Hit("bucket" if is_bucket(host) else "domain", host, factor)


def _stands_alone(data: bytes, start: int, stop: int) -> bool:
    """Whether no letter, digit or dot touches this piece."""
    return data[start - 1 : start] not in _TOUCHING and data[stop : stop + 1] not in _TOUCHING


_TOUCHING = frozenset(bytes([one]) for one in _WORD_BYTES)


def _addresses(data: bytes) -> Iterator[Hit]:
    for match in itertools.islice(_ADDRESS.finditer(data), MOST_ANCHORS):
        value = match[0].decode().partition(":")[0]
        if not _stands_alone(data, match.start(), match.end()) or not is_public_address(value):
            continue
        if not _VERSION.search(data, max(match.start() - 16, 0), match.start()):
            yield Hit("ip", match[0].decode(), 0.9 if match[1] else 0.5)


@cache
def _endings() -> BytesAhoCorasick:
    """Finds the ends of words that may be hosts."""
    return BytesAhoCorasick([b"." + suffix.encode() + mark for suffix in USUAL for mark in (b"\0", b'"', b"'", b"`", b"/", b":")])


def _bare_hosts(data: bytes) -> Iterator[Hit]:
    """Hosts in quotes, or that are a whole string."""
    for _, start, stop in _endings().find_matches_as_indexes(data)[:MOST_ANCHORS]:
        before = data[max(start - LONGEST_NAME, 0) : start]
        opening = before.rstrip(_NAME_BYTES)
        if opening[-1:] not in _OPENING:
            continue
        host = (before[len(opening) :] + data[start : stop - 1]).decode()
        if is_bare_host(host) and (kind := standing(host)) != "dropped":
            yield _host(host, "", VENDOR if kind else 0.6, address=False)


def _mail(data: bytes) -> Iterator[Hit]:
    for at in _places(data, b"@"):
        host, user = _MAIL_HOST.match(data, at + 1), _MAIL_USER.search(data, max(at - 64, 0), at)
        if host and user:
            name = host[0].decode().lower()
            if is_host(name) and not standing(name):
                yield Hit("email", f"{user[0].decode('ascii', 'replace').lower()}@{name}", 0.6)


def _phones(data: bytes) -> Iterator[Hit]:
    for match in itertools.islice(_PHONE.finditer(data), MOST_ANCHORS):
        country = _COUNTRY.search(data, max(match.start() - 4, 0), match.start())
        if _stands_alone(data, country.start() if country else match.start(), match.end()):
            yield Hit("phone", "+86" + match[0].decode(), 0.8 if country else 0.5)


def _wallets(data: bytes) -> Iterator[Hit]:
    for match in _WALLET.finditer(data):
        if _stands_alone(data, match.start(), match.end()) and (kind := wallet_kind(match[0].decode())):
            yield Hit(kind, match[0].decode(), 0.9)
