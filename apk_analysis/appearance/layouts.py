"""Layouts as an app builder leaves them: which attributes of the platform stand at which place, with which plain values.

Names, texts, ids and the app's own numbers are left out, for whoever builds an app anew gives others. No string is decoded.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Iterable, Iterator

import numpy as np

from apk_analysis.code.mixing import Hashes
from apk_analysis.errors import ApkError
from apk_analysis.evidence import Ledger
from apk_analysis.intake.archive import Archive
from apk_analysis.intake.entry import Entry
from apk_analysis.manifest.axml import ATTRIBUTE_BYTES, ELEMENT, END, RESOURCE_MAP, START
from apk_analysis.manifest.chunks import HEADER, Chunk, chunks

MOST_LAYOUTS, MOST_LAYOUT_BYTES = 400, 64 << 10
LEAST_ELEMENTS, LEAST_ATTRIBUTES, MOST_ATTRIBUTES = 5, 16, 2_000
_LAYOUT = re.compile(r"(res|r)/.*\.xml$", re.IGNORECASE)
_OF_A_LIBRARY = re.compile(
    r"(abc|appcompat|avd|browser_actions|common_google|compat|custom_dialog|design|exo|fingerprint|ime|leak_canary|m3|material|mtrl|notification|preference|select_dialog|support|tooltip|ucrop|zxing)_"
)  # fmt: skip
_PLATFORM = range(0x0101_0000, 0x0200_0000)
_FOREIGN = frozenset({0x01, 0x02, 0x03, 0x07, 0x08})
"""Kinds of values that differ from build to build: references, attributes, strings."""


def layouts(archive: Archive) -> Hashes:
    """A hash of each layout that says enough to be told from others, sorted; those that cannot be read are left out."""
    found = {value for entry in _chosen(archive.entries) if (value := _layout(archive, entry))}
    return np.array(sorted(found), np.uint64)


def _chosen(entries: Iterable[Entry]) -> list[Entry]:
    kept = [one for one in entries if one.size_bytes <= MOST_LAYOUT_BYTES and _LAYOUT.match(one.name) and not _OF_A_LIBRARY.match(one.name.rpartition("/")[2])]
    return sorted(kept, key=lambda one: (-one.size_bytes, one.name))[:MOST_LAYOUTS]


def _layout(archive: Archive, entry: Entry) -> int:
    """0 for what says too little, or is no binary XML."""
    elements = attributes = 0
    digest = hashlib.blake2b(digest_size=8)
    try:
        for words in _elements(archive.read(entry)):
            elements, attributes = elements + bool(words), attributes + len(words) // 3
            digest.update(struct.pack(f"<I{len(words)}I", len(words), *words))
    except ApkError:
        return 0
    return int.from_bytes(digest.digest(), "little") if elements >= LEAST_ELEMENTS and attributes >= LEAST_ATTRIBUTES else 0


def _elements(data: bytes) -> Iterator[list[int]]:
    """Of each element number, kind and value of its attributes of the platform; nothing for the end of one."""
    ids: tuple[int, ...] = ()
    for chunk in chunks(data, HEADER.size, len(data), Ledger({})):
        if chunk.kind == RESOURCE_MAP:
            ids = struct.unpack_from(f"<{(chunk.stop - chunk.body) // 4}I", data, chunk.body)
        elif chunk.kind == START:
            yield _attributes(data, chunk, ids)
        elif chunk.kind == END:
            yield []


def _attributes(data: bytes, chunk: Chunk, ids: tuple[int, ...]) -> list[int]:
    if chunk.body + ELEMENT.size > chunk.stop:
        return []
    _, _, start, size, count, *_ = ELEMENT.unpack_from(data, chunk.body)
    first = chunk.body + start
    if size != ATTRIBUTE_BYTES or count > MOST_ATTRIBUTES or first + count * size > chunk.stop:
        return []
    words = struct.unpack_from(f"<{count * 5}I", data, first)
    told = sorted(
        (ids[name], kind >> 24, 0 if kind >> 24 in _FOREIGN else value)
        for name, kind, value in zip(words[1::5], words[3::5], words[4::5], strict=True)
        if name < len(ids) and ids[name] in _PLATFORM
    )
    return [word for one in told for word in one]
