"""From a verdict to a notice: the file, the hosts and packages that tell its app, under the keyed hashes that rows have.

What half the town touches tells nothing and is left out: hosts on the top list, shorteners, app stores.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator

from fraud_guard.door.hosts import reduce_host
from fraud_guard.tags.kinds import Flag
from fraud_guard.tags.verdict import ApkVerdict, WireIndicator
from fraud_guard.touches.notice import Mark, Notice

LEAST_CONFIDENCE = 0.3
"""An indicator that is rather not the app's own is no mark."""
MOST_MARKS = 1_000
"""The surest ones; an app that names more hosts mixes in other people's."""
PACKAGE_CONFIDENCE = 0.6
"""A package name can be borrowed from a genuine app, so alone it is never sure."""
_HOSTS = ("url", "domain", "host", "ip", "wss", "ws")
_NAME_LENGTH = 64
_EVERYBODYS = int(Flag.TOP_HOST | Flag.SHORT_LINK)


def notice_of(verdict: ApkVerdict, hash64: Callable[[str], int], now_ms: int) -> Notice:
    """The notice of a verdict; `now_ms` is its time when it states none."""
    finding = "benign" if verdict.withdrawn else verdict.verdict
    marks: dict[int, Mark] = {}
    for mark in _marks(verdict, hash64) if finding != "benign" else ():
        known = marks.get(mark.key)
        if known is None or known.confidence < mark.confidence:
            marks[mark.key] = mark
    surest = sorted(marks.values(), key=lambda m: (-m.confidence, m.key))[:MOST_MARKS]
    return Notice(
        sha256=verdict.sha256.lower(), ts_ms=verdict.known_ms or now_ms, finding=finding, marks=tuple(sorted(surest, key=lambda m: m.key)),
        family=_name(verdict.reskin.family if verdict.reskin else None),
        brand=_name(verdict.impersonates.brand if verdict.impersonates else None),
    )  # fmt: skip


def _marks(verdict: ApkVerdict, hash64: Callable[[str], int]) -> Iterator[Mark]:
    for one in verdict.indicators:
        if one.confidence >= LEAST_CONFIDENCE and (mark := _mark(one, hash64)) is not None:
            yield mark
    yield Mark(hash64(verdict.sha256.lower()), "file", 1.0)
    package = WireIndicator("package", verdict.manifest.package if verdict.manifest else "", PACKAGE_CONFIDENCE)
    if (mark := _mark(package, hash64)) is not None:
        yield mark


def _mark(one: WireIndicator, hash64: Callable[[str], int]) -> Mark | None:
    if one.type == "package":
        is_name = one.value.isascii() and one.value
        return Mark(hash64(one.value), "app", min(one.confidence, PACKAGE_CONFIDENCE)) if is_name else None
    if one.type not in _HOSTS:
        return None
    host = reduce_host(one.value)
    if not host.host or host.flags & _EVERYBODYS or host.store:
        return None
    return Mark(hash64(host.host), "host", one.confidence)


def _name(given: str | None) -> str:
    """A name from outside as one short line without characters that hide or turn text."""
    return "".join(c for c in given or "" if unicodedata.category(c)[0] not in "CZ" or c == " ")[:_NAME_LENGTH].strip()
