"""What is looked through for indicators: strings of code, the manifest, resources, assets and native libraries."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from apk_analysis.errors import ApkError
from apk_analysis.evidence import Ledger
from apk_analysis.intake.archive import Archive
from apk_analysis.intake.entry import Entry

MIB = 1 << 20
_WIDE = re.compile(rb"(?:[\x20-\x7e]\x00){6,}")
_PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".mp3", ".mp4", ".ogg", ".ttf", ".otf", ".wav", ".webm")
_ABIS = ("lib/arm64-v8a/", "lib/armeabi-v7a/", "lib/armeabi/", "lib/x86_64/", "lib/x86/")
_CODE = re.compile(r"classes\d*\.dex")
LARGEST_TIMES = 6       # what is larger is not unpacked for its first part


class SourceLimits(msgspec.Struct, frozen=True):
    """How much is looked through: all together, of one member, how many members; and how many indicators are kept."""

    total_bytes: int = 24 * MIB
    member_bytes: int = 6 * MIB
    members: int = 3_000
    found: int = 4_000


class Source(msgspec.Struct, frozen=True):
    """A piece to be looked through. `trust`: how much what stands in it speaks of the app itself."""

    name: str
    data: bytes
    trust: float
    is_text: bool = True


def sources(archive: Archive, code_strings: Sequence[bytes], limits: SourceLimits, ledger: Ledger) -> Iterator[Source]:
    """All of them within the limits, those that tell most first."""
    left_bytes = limits.total_bytes
    for piece in _pieces(archive, code_strings, limits, ledger):
        data = piece.data[: min(limits.member_bytes, left_bytes)]
        if len(data) < len(piece.data):
            ledger.note("limit_reached", piece.name)
        left_bytes -= len(data)
        if left_bytes <= 0:
            return
        yield msgspec.structs.replace(piece, data=data)


def _pieces(archive: Archive, code_strings: Sequence[bytes], limits: SourceLimits, ledger: Ledger) -> Iterator[Source]:
    for name in ("AndroidManifest.xml", "resources.arsc"):
        if data := _read(archive, archive.find(name), limits, ledger):
            yield Source(name, data + b"\0" + narrow(data), 0.8)
    for number, strings in enumerate(code_strings, 1):
        yield Source(f"code {number}", strings, 0.8)
    chosen = _chosen(archive)
    if len(chosen) > limits.members:
        ledger.note("limit_reached", f"{len(chosen)} members")
    for entry in chosen[: limits.members]:
        if data := _read(archive, entry, limits, ledger):
            native = entry.name.startswith("lib/")
            yield Source(entry.name, data, 0.5 if native else 0.8, is_text=not native)


def _chosen(archive: Archive) -> list[Entry]:
    """Assets and raw resources, small ones first; then the native libraries of one platform."""
    assets = [
        entry for entry in archive.entries
        if not entry.name.startswith(("lib/", "META-INF/", "kotlin/")) and not entry.name.lower().endswith(_PICTURES)
        and not _CODE.fullmatch(entry.name) and entry.name not in {"AndroidManifest.xml", "resources.arsc"} and not entry.is_directory
    ]  # fmt: skip
    libraries = next((found for abi in _ABIS if (found := [one for one in archive.entries if one.name.startswith(abi)])), [])
    return [*sorted(assets, key=lambda entry: entry.size_bytes), *sorted(libraries, key=lambda entry: entry.size_bytes)]


def _read(archive: Archive, entry: Entry | None, limits: SourceLimits, ledger: Ledger) -> bytes:
    if entry is None:
        return b""
    if entry.size_bytes > LARGEST_TIMES * limits.member_bytes:
        ledger.note("limit_reached", entry.name)
        return b""
    try:
        return archive.read(entry)
    except ApkError:
        return b""


def narrow(data: bytes) -> bytes:
    """The strings of two bytes a letter (UTF-16) as plain ones, each with a NUL behind."""
    return b"".join(run[::2] + b"\0" for run in _WIDE.findall(data))
