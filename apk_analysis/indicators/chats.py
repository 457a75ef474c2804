"""Accounts in chats: how the makers of an app, or their customer service, are reached."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from ahocorasick_rs import BytesAhoCorasick

from apk_analysis.indicators.hit import Hit

# service, what it begins with (found first, in one pass), and what follows there
_FORMS = (
    ("telegram", b"t.me/", rb"\+?[A-Za-z0-9_]{4,40}"),
    ("telegram", b"telegram.me/", rb"\+?[A-Za-z0-9_]{4,40}"),
    ("telegram", b"tg://resolve?domain=", rb"[A-Za-z0-9_]{4,40}"),
    ("whatsapp", b"wa.me/", rb"\+?\d{6,15}"),
    ("whatsapp", b"whatsapp.com/send?phone=", rb"\+?\d{6,15}"),
    ("qq", b"mqqwpa://im/chat", rb"[^\s\"'\x00]{0,80}?uin=(\d{5,12})"),
    ("qq", b"wpa.qq.com/msgrd", rb"[^\s\"'\x00]{0,80}?uin=(\d{5,12})"),
    ("qq", b"QQ", "(?:号|群){0,1}(?:[:\\s]|：){1,3}([1-9]\\d{4,11})".encode()),
    ("qq", "扣扣".encode(), "(?:号|群){0,1}(?:[:\\s]|：){1,3}([1-9]\\d{4,11})".encode()),
    ("wechat", "微信".encode(), "(?:号){0,1}(?:[:\\s]|：){1,3}([A-Za-z][A-Za-z0-9_\\-]{5,19})".encode()),
    ("wechat", b"WeChat", rb"(?:[: ]|\xef\xbc\x9a){1,3}([A-Za-z][A-Za-z0-9_\-]{5,19})"),
    ("line", b"line.me/ti/p/", rb"[@~A-Za-z0-9_%.\-]{3,40}"),
    ("line", b"line.me/R/ti/p/", rb"[@~A-Za-z0-9_%.\-]{3,40}"),
    ("skype", b"skype:", rb"([A-Za-z0-9_.,\-]{5,40})\?"),
)
_AFTER = tuple(re.compile(form) for _, _, form in _FORMS)
MOST_PLACES = 5_000


@cache
def _searcher() -> BytesAhoCorasick:
    return BytesAhoCorasick([mark for _, mark, _ in _FORMS])


def chats(data: bytes) -> Iterator[Hit]:
    """Accounts named in `data`, as `service:account`."""
    for number, start, stop in _searcher().find_matches_as_indexes(data)[:MOST_PLACES]:
        before = data[start - 1 : start]
        if not before.isalnum() and (match := _AFTER[number].match(data, stop)):
            account = match[match.lastindex or 0]
            yield Hit("chat", f"{_FORMS[number][0]}:{account.decode('ascii', 'replace')}", 0.9)
