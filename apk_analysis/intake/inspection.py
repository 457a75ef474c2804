"""What an archive's entries give away before any is unpacked: names, local headers, overlaps, hidden data."""

from __future__ import annotations

import re
from collections.abc import Sequence

from apk_analysis.evidence import Ledger
from apk_analysis.intake.directory import LOCAL, LOCAL_SIGNATURE
from apk_analysis.intake.end_record import Buffer
from apk_analysis.intake.entry import DEFLATED, STORED, Entry

LONG_NAME_BYTES = 255
DEEP_LEVELS = 16
HIDDEN_BYTES = 4_096        # zipalign leaves up to a page between entries
_DESCRIPTOR_FLAG = 8
_ENCRYPTED_FLAG = 1
# Most names are plain, and this alone tells so; only the others are looked at closely.
_PLAIN = re.compile(rb"[A-Za-z0-9_$+@=,()\[\] .-][A-Za-z0-9_$+@=,()\[\] ./-]*(?<!/)")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_DRIVE = re.compile(rb"[A-Za-z]:")
_KEY_FILE = re.compile(rb"(?:AndroidManifest\.xml|resources\.arsc|classes\d*\.dex)/")


def inspect(data: Buffer, entries: Sequence[Entry], directory_offset: int, ledger: Ledger) -> None:
    """Note every trick that headers show; `directory_offset` is where the data of entries must end."""
    seen: set[bytes] = set()
    for entry in entries:
        if entry.raw_name in seen:
            ledger.note("duplicate_entry", entry.name)
        seen.add(entry.raw_name)
        _inspect_name(entry, ledger)
        _inspect_fields(entry, ledger)
        _inspect_local(data, entry, ledger)
    _inspect_layout(data, entries, directory_offset, ledger)


def _inspect_name(entry: Entry, ledger: Ledger) -> None:
    raw = entry.raw_name
    short = len(raw) <= LONG_NAME_BYTES and raw.count(b"/") < DEEP_LEVELS
    if short and _PLAIN.fullmatch(raw) and b".." not in raw and not _KEY_FILE.match(raw):
        return
    parts = raw.replace(b"\\", b"/").split(b"/")
    checks = {
        "name_control": bool(_CONTROL.search(raw)),
        "name_traversal": b".." in parts,
        "name_absolute": raw[:1] in {b"/", b"\\"} or bool(_DRIVE.match(raw)),
        "name_deep": len(parts) > DEEP_LEVELS,
        "name_long": len(raw) > LONG_NAME_BYTES,
        "name_encoding": not raw.isascii() and decoding_fails(raw),
        "directory_decoy": bool(_KEY_FILE.match(raw)),
    }
    for code, holds in checks.items():
        if holds:
            ledger.note(code, entry.name)


def decoding_fails(raw: bytes) -> bool:
    """Whether a name is no UTF-8."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False


def _inspect_fields(entry: Entry, ledger: Ledger) -> None:
    if entry.flags & _ENCRYPTED_FLAG:
        ledger.note("encryption_flag", entry.name)
    if entry.method not in {STORED, DEFLATED}:
        ledger.note("method_unknown", f"{entry.name}: {entry.method}")
    if entry.method == STORED and entry.compressed_bytes != entry.size_bytes:
        ledger.note("stored_size_differs", f"{entry.name}: {entry.compressed_bytes} ≠ {entry.size_bytes}")


def _inspect_local(data: Buffer, entry: Entry, ledger: Ledger) -> None:
    """Compare an entry with its own header."""
    offset = entry.header_offset
    if not 0 <= offset <= len(data) - LOCAL.size:
        ledger.note("entry_missing", f"{entry.name}: {offset}")
        return
    signature, _, flags, method, _, _, _, compressed, size, name_bytes, _ = LOCAL.unpack_from(data, offset)
    if signature != LOCAL_SIGNATURE:
        ledger.note("local_header_lost", entry.name)
        return
    name = data[offset + LOCAL.size : offset + LOCAL.size + name_bytes]
    if name != entry.raw_name:
        ledger.note("local_name_differs", entry.name)
    if method != entry.method:
        ledger.note("local_method_differs", f"{entry.name}: {method} ≠ {entry.method}")
    if (flags ^ entry.flags) & (_ENCRYPTED_FLAG | _DESCRIPTOR_FLAG):
        ledger.note("local_flags_differ", entry.name)
    given = {compressed, size} - {0, 0xFFFF_FFFF} or not flags & _DESCRIPTOR_FLAG
    if given and 0xFFFF_FFFF not in {compressed, size} and (compressed, size) != (entry.compressed_bytes, entry.size_bytes):
        ledger.note("local_size_differs", f"{entry.name}: {size} ≠ {entry.size_bytes}")


def _inspect_layout(data: Buffer, entries: Sequence[Entry], directory_offset: int, ledger: Ledger) -> None:
    """Entries that share data, and data that belong to none."""
    spans = sorted((span for entry in entries if (span := _span(data, entry))), key=lambda span: span[:2])
    if not spans:
        return
    if spans[0][0] > 0 and not _is_padding(data, spans[0][0]):
        ledger.note("dex_before_first" if data[:4] == b"dex\n" else "data_before_first", f"{spans[0][0]} bytes")
    reached, last = spans[0][0], ""
    for start, stop, name in spans:
        if start < reached:
            ledger.note("overlap", f"{last} / {name}")
        elif start - reached > HIDDEN_BYTES and bytes(data[reached:start]).strip(b"\0"):
            ledger.note("data_between", f"{reached} + {start - reached}")
        if stop > reached:
            reached, last = stop, name
    if reached > directory_offset and "directory_lost" not in ledger:
        ledger.note("overlap", f"{last} / central directory")


def _is_padding(data: Buffer, stop: int) -> bool:
    """Whether build tools left a nameless entry of zeros at the start, to be used by the next build."""
    if data[:4] != LOCAL_SIGNATURE or stop < LOCAL.size or LOCAL.unpack_from(data, 0)[9]:
        return False
    return not bytes(data[LOCAL.size : stop]).strip(b"\0")


def _span(data: Buffer, entry: Entry) -> tuple[int, int, str] | None:
    """First byte, byte after the last, and name of an entry's header and data; None when it lies outside."""
    offset = entry.header_offset
    if not 0 <= offset <= len(data) - LOCAL.size:
        return None
    name_bytes, extra_bytes = LOCAL.unpack_from(data, offset)[9:]
    return offset, offset + LOCAL.size + name_bytes + extra_bytes + entry.compressed_bytes, entry.name
