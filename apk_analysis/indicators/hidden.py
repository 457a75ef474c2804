"""Addresses hidden by base64 or by XOR with one byte."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from functools import cache

from ahocorasick_rs import BytesAhoCorasick

from apk_analysis.indicators.hit import Hit
from apk_analysis.indicators.search import search, urls

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
_REACH = 2_000       # bytes on either side of a mark
_SPOKEN = ("://", ".com", ".cn", ".net", ".top", ".xyz", ".vip", ".cc", ".example", ".test")
_PADDED = (b'="', b"='", b"=\0", b"==", b"=`")
SHORTEST_WORD = 12
MOST_WORDS = 5_000
_SCHEMES = (b"http://", b"https://", b"wss://")
LONGEST_URL = 400
MOST_XOR_HITS = 500


@cache
def _encoded() -> BytesAhoCorasick:
    """Finds what words of base64 hold when they are addresses: each spelling in its three places, or the padding at the end."""
    marks = set(_PADDED)
    for spoken in _SPOKEN:
        for before in range(3):
            whole = base64.b64encode(bytes(before) + spoken.encode())
            first, last = (8 * before + 5) // 6, 8 * (before + len(spoken)) // 6
            marks.add(whole[first:last])
    return BytesAhoCorasick(sorted(marks))


def from_base64(data: bytes) -> Iterator[Hit]:
    """Hits in the words that are base64 of printable text."""
    done = -1
    for _, start, _ in _encoded().find_matches_as_indexes(data)[:MOST_WORDS]:
        if start < done:
            continue
        before, after = data[max(start - _REACH, 0) : start], data[start : start + _REACH]
        tail = after[: len(after) - len(after.lstrip(_ALPHABET))]
        done = start + len(tail)
        word = before[len(before.rstrip(_ALPHABET)) :] + tail
        text = _decoded(word) if len(word) >= SHORTEST_WORD else b""
        if b"." in text or b"@" in text:
            yield from search(b"\0" + text + b"\0")


def _decoded(word: bytes) -> bytes:
    """What `word` stands for; empty when that is no text."""
    bare = word.replace(b"-", b"+").replace(b"_", b"/")
    if not _is_mixed(bare) or len(bare) % 4 == 1:
        return b""
    try:
        text = base64.b64decode(bare[:8], validate=True)
        if not _is_text(text):
            return b""
        text = base64.b64decode(bare + b"=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""
    return text if _is_text(text) else b""


def _is_mixed(word: bytes) -> bool:
    return not word.islower() and not word.isdigit()


def _is_text(data: bytes) -> bool:
    return data.isascii() and all(byte >= 0x20 or byte in b"\t\r\n" for byte in data)


@cache
def _masked() -> tuple[tuple[int, ...], BytesAhoCorasick]:
    """Every scheme under every key, and what finds them all in one pass."""
    keys, patterns = [], []
    for key in range(1, 256):
        for scheme in _SCHEMES:
            keys.append(key)
            patterns.append(bytes(byte ^ key for byte in scheme))
    return tuple(keys), BytesAhoCorasick(patterns)


def from_xor(data: bytes) -> Iterator[Hit]:
    """URLs under one byte of XOR."""
    keys, searcher = _masked()
    for number, start, _ in searcher.find_matches_as_indexes(data)[:MOST_XOR_HITS]:
        key = keys[number]
        if key == 0x20:
            continue        # capitals for small letters: an ordinary "HTTP" in a table
        plain = bytes(byte ^ key for byte in data[start : start + LONGEST_URL])
        yield from urls(re.split(rb"[^\x21-\x7e]", plain, maxsplit=1)[0])
