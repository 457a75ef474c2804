"""Builds resource tables for tests: numbers are 0x7fTTEEEE, with types and entries in the order given."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from datasets.reskin.axml import Colour, Reference, write_pool

Content = str | int | Reference | Colour


@dataclass
class Configured:
    """The entries of a type in one configuration: by index."""

    entries: dict[int, Content]
    language: bytes = b"\0\0"
    region: bytes = b"\0\0"
    density: int = 0
    sdk: int = 0
    script: bytes = b""
    layout: str = "wide"        # or "sparse", "short", "compact"


def table(types: dict[str, list[Configured]], package: int = 0x7F) -> bytes:
    """A table of one package."""
    strings: dict[str, int] = {}
    parts = b""
    for number, configured in enumerate(types.values(), 1):
        count = 1 + max(index for one in configured for index in one.entries)
        parts += struct.pack("<2HI2BHI", 0x0202, 16, 16 + 4 * count, number, 0, 0, count) + bytes(4 * count)
        for one in configured:
            parts += _type(number, count, one, strings)
    pools = write_pool(list(types)) + write_pool(["key"])
    name = "com.example".encode("utf-16-le").ljust(256, b"\0")
    head = struct.pack("<2HI I256s5I", 0x0200, 288, 288 + len(pools) + len(parts), package, name, 288, 0, 0, 0, 0)
    body = write_pool(list(strings), utf8=True) + head + pools + parts
    return struct.pack("<2HII", 0x0002, 12, 12 + len(body), 1) + body


def _type(number: int, count: int, one: Configured, strings: dict[str, int]) -> bytes:
    config = bytearray(64)
    struct.pack_into("<I", config, 0, 64)
    config[8:10], config[10:12] = one.language, one.region
    struct.pack_into("<H", config, 14, one.density)
    struct.pack_into("<H", config, 24, one.sdk)
    config[36 : 36 + len(one.script)] = one.script
    data, offsets = b"", {}
    for index, content in sorted(one.entries.items()):
        offsets[index] = len(data)
        data += _entry(content, strings, compact=one.layout == "compact")
    flags, listed = _offsets(one.layout, offsets, count)
    stated = len(offsets) if one.layout == "sparse" else count
    listed += bytes(-len(listed) % 4)
    start = 20 + 64 + len(listed)
    size = start + len(data)
    return struct.pack("<2HI2BH2I", 0x0201, 84, size, number, flags, 0, stated, start) + bytes(config) + listed + data


def _offsets(layout: str, offsets: dict[int, int], count: int) -> tuple[int, bytes]:
    if layout == "sparse":
        return 1, b"".join(struct.pack("<2H", index, offset // 4) for index, offset in offsets.items())
    if layout == "short":
        return 2, b"".join(struct.pack("<H", offsets[n] // 4 if n in offsets else 0xFFFF) for n in range(count))
    return 0, b"".join(struct.pack("<I", offsets.get(n, 0xFFFFFFFF)) for n in range(count))


def _entry(content: Content, strings: dict[str, int], *, compact: bool) -> bytes:
    match content:
        case str():
            kind, data = 0x03, strings.setdefault(content, len(strings))
        case Reference(number):
            kind, data = 0x01, number
        case Colour(argb):
            kind, data = 0x1C, argb
        case int():
            kind, data = 0x10, content
    if compact:
        return struct.pack("<2HI", 0, kind << 8 | 8, data)
    return struct.pack("<2HI", 8, 0, 0) + struct.pack("<H2BI", 8, 0, kind, data)
