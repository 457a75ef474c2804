"""Finds code in an archive: what Android runs, what hides under other names, and packages inside of the package."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from apk_analysis.code.dex import MAGIC
from apk_analysis.code.facts import Nested
from apk_analysis.code.limits import CodeLimits
from apk_analysis.errors import ApkError
from apk_analysis.evidence import Ledger
from apk_analysis.intake.archive import Archive
from apk_analysis.intake.entry import Entry

_RUN = re.compile(r"classes(\d*)\.dex")
_ZIP = b"PK\x03\x04"
_INSIDE = b"AndroidManifest.xml"
LARGEST_NESTED_BYTES = 100 << 20


class CodeMember(msgspec.Struct, frozen=True):
    """The content of a member that holds code."""

    name: str
    data: bytes


Heads = Mapping[bytes, Sequence[Entry]]


def read_heads(archive: Archive, limits: CodeLimits) -> Heads:
    """The first members by the first four bytes of what they hold, whatever they are called."""
    found: dict[bytes, list[Entry]] = {MAGIC: [], _ZIP: []}
    for entry in archive.entries[: limits.peeks]:
        head = archive.head(entry, len(MAGIC))
        if head in found:
            found[head].append(entry)
    return found


def code_members(archive: Archive, heads: Heads, limits: CodeLimits, ledger: Ledger) -> Iterator[CodeMember]:
    """The DEX files that Android runs, in its order; then those that are hidden, and one before the archive."""
    run = sorted((entry for entry in archive.entries if _RUN.fullmatch(entry.name)), key=_number)
    hidden = [entry for entry in heads.get(MAGIC, ()) if not _RUN.fullmatch(entry.name)]
    for entry in hidden:
        ledger.note("dex_hidden", entry.name)
    left_bytes, left_files = limits.dex_bytes, limits.dex_files
    if bytes(archive.data[: len(MAGIC)]) == MAGIC:
        ledger.note("dex_before_archive")
        yield CodeMember("(before the archive)", bytes(archive.data[: limits.region_bytes]))
    for entry in [*run, *hidden]:
        data = _read(archive, entry, ledger)
        left_bytes, left_files = left_bytes - len(data), left_files - 1
        if left_bytes < 0 or left_files < 0:
            ledger.note("limit_reached", entry.name)
            return
        yield CodeMember(entry.name, data)


def _number(entry: Entry) -> int:
    digits = _RUN.fullmatch(entry.name)
    return int(digits[1][:6] or 1) if digits else 0


def _read(archive: Archive, entry: Entry, ledger: Ledger) -> bytes:
    try:
        return archive.read(entry)
    except ApkError as problem:
        ledger.note("dex_unreadable", f"{entry.name}: {problem}")
        return b""


def nested_packages(archive: Archive, heads: Heads, limits: CodeLimits, ledger: Ledger) -> tuple[Nested, ...]:
    """Packages inside of the package, by content and not by name."""
    found: list[Nested] = []
    for entry in heads.get(_ZIP, ()):
        if entry.size_bytes > LARGEST_NESTED_BYTES or len(found) >= limits.nested:
            ledger.note("limit_reached", entry.name)
            continue
        data = _read(archive, entry, ledger)
        if _INSIDE in data:
            ledger.note("nested_apk", entry.name)
            found.append(Nested(entry.name, "apk", hashlib.sha256(data).hexdigest(), len(data)))
    return tuple(found)
