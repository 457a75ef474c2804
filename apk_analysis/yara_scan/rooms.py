"""Rooms: a folder of rules says what its rules are tried on. A member goes to one room, by its first bytes before its name."""

from __future__ import annotations

from types import MappingProxyType

ROOMS = MappingProxyType({
    "dex": "Dalvik code, under whatever name it lies",
    "manifest": "AndroidManifest.xml, as it is and with UTF-16 made UTF-8",
    "resources": "resources.arsc, as UTF-8",
    "native": "ELF libraries",
    "text": "scripts, pages, JSON and other text",
    "words": "whatever holds words that people read: code, resource table and text, beside their own rooms",
    "assets": "everything else that is no picture, sound or font",
    "listing": "the names of all members, one a line; here stand rules on features alone, too",
    "whole": "the bytes of the APK itself",
})  # fmt: skip
WORDY = frozenset({"dex", "resources", "text"})
MANIFEST, RESOURCES = "AndroidManifest.xml", "resources.arsc"
HEAD_BYTES = 512
_MEDIA = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"OggS", b"ID3", b"OTTO", b"\0\1\0\0", b"wOF", b"BM", b"fLaC")
_BINARY_XML = b"\x03\x00\x08\x00"
_UTF8_FLAG_BYTE = 29    # of a resource table: the second byte of the flags of its first string pool


def room_of(name: str, content: bytes) -> str:
    """The room of a member, "" for what no rule is tried on: media that are what they say, and compiled layouts."""
    head = content[:HEAD_BYTES]
    if head.startswith((b"dex\n", b"cdex")):
        return "dex"
    if head.startswith(b"\x7fELF"):
        return "native"
    if name == MANIFEST:
        return "manifest"
    if name == RESOURCES:
        return "resources"
    if head.startswith((*_MEDIA, _BINARY_XML)) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP") or head[4:8] == b"ftyp":
        return ""
    return "text" if _is_text(head) else "assets"


def rooms_for(room: str) -> tuple[str, ...]:
    """The rooms whose rules are tried on a member of this room."""
    return (room, "words") if room in WORDY else (room,)


def views(room: str, content: bytes) -> tuple[bytes, ...]:
    """What rules see of a member: itself, and where its strings are UTF-16 the same as UTF-8 (offsets then count in that)."""
    if room == "manifest":
        return content, _as_utf8(content)
    if room == "resources" and not (len(content) > _UTF8_FLAG_BYTE and content[_UTF8_FLAG_BYTE] & 1):
        return content, _as_utf8(content)
    return (content,)


def _as_utf8(content: bytes) -> bytes:
    return content.decode("utf-16-le", "ignore").encode("utf-8", "ignore")


def _is_text(head: bytes) -> bool:
    """Whether it looks like text in UTF-8 or GBK: no NUL, few control characters."""
    controls = sum(byte < 32 and byte not in b"\t\n\r\f" for byte in head)
    return bool(head) and 0 not in head and controls * 50 <= len(head)
