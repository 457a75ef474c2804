"""Members that lie: binary XML, resource tables, DEX files and pictures."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping
from types import MappingProxyType

from datasets.reskin.axml import Node, Reference, write_pool, write_xml
from datasets.reskin.dex_octets import seal, uleb
from datasets.reskin.packing import Members
from datasets.reskin.resource_tables import Configured, table

MANIFEST, CODE, RESOURCES = "AndroidManifest.xml", "classes.dex", "resources.arsc"
NESTED = 300_000
FLOOD_PIXELS = 30_000
Change = Callable[[bytes], bytes]


def _put(form: str, offset: int, *values: int) -> Change:
    """A change that writes numbers at an offset."""

    def change(data: bytes) -> bytes:
        out = bytearray(data)
        struct.pack_into(form, out, offset, *values)
        return bytes(out)

    return change


def _of(name: str, change: Change) -> Callable[[Members], Members]:
    return lambda base: {**base, name: change(base[name])}


def _nested(_: bytes) -> bytes:
    """Elements in elements, without a bottom that anyone needs."""
    pool = write_pool(["a"])
    start = struct.pack("<2HI4I6H", 0x0102, 16, 36, 1, 0xFFFFFFFF, 0xFFFFFFFF, 0, 20, 20, 0, 0, 0, 0)
    end = struct.pack("<2HI4I", 0x0103, 16, 24, 1, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    body = pool + start * NESTED + end * NESTED
    return struct.pack("<2HI", 3, 8, 8 + len(body)) + body


def _wide(_: bytes) -> bytes:
    """An element that says it has 65,535 attributes, again and again."""
    element = struct.pack("<2HI4I6H", 0x0102, 16, 36, 1, 0xFFFFFFFF, 0xFFFFFFFF, 0, 20, 20, 0xFFFF, 0, 0, 0)
    body = write_pool(["a"]) + element * 20_000
    return struct.pack("<2HI", 3, 8, 8 + len(body)) + body


def _surrogates(_: bytes) -> bytes:
    return write_xml(Node("manifest", {"package": "com.\ud800\udfff.\udc00", "versionName": "\ud83d"}))


def _chunk_inside(data: bytes) -> bytes:
    """A chunk of an unknown kind before the pool."""
    return data[:8] + struct.pack("<2HI", 0x7777, 8, 24) + bytes(16) + data[8:]


def _loop(_: bytes) -> bytes:
    """References that lead to each other."""
    return table({"string": [Configured({0: Reference(0x7F010001), 1: Reference(0x7F010000)})], "mipmap": [Configured({0: Reference(0x7F020000)})]})


def _many_types(_: bytes) -> bytes:
    return table({f"t{number}": [Configured({0: "x", 900: "y"})] * 3 for number in range(120)})


def _class_rows(data: bytes, change: Callable[[bytearray, int], None]) -> bytes:
    """`change(dex, row)` made to each class row of a DEX."""
    out = bytearray(data)
    count, start = struct.unpack_from("<2I", out, 0x60)
    for row in range(start, start + 32 * count, 32):
        change(out, row)
    return seal(out)


def _shared_class_data(data: bytes) -> bytes:
    first = struct.unpack_from("<I", data, struct.unpack_from("<I", data, 0x64)[0] + 24)[0]
    return _class_rows(data, lambda out, row: struct.pack_into("<I", out, row + 24, first))


def _endless_counts(data: bytes) -> bytes:
    """Class data that say they hold four billion methods."""
    place = len(data)
    grown = bytearray(data + b"\xff\xff\xff\xff\x0f" * 40_000)
    return _class_rows(bytes(grown), lambda out, row: struct.pack_into("<I", out, row + 24, place))


def _overlapping_code(data: bytes) -> bytes:
    """Ten thousand methods, each with code that begins two units behind the one before and runs to the end."""
    out = bytearray(data)
    out += bytes(-len(out) % 4)
    code = len(out)
    out += struct.pack("<4H2I", 2, 1, 0, 0, 0, 0x00FFFFFF) * 12_500
    place = len(out)
    row = struct.unpack_from("<I", out, 0x64)[0]
    out += b"\0\0" + uleb(10_000) + b"\0"
    for number in range(10_000):
        out += (b"\0" if number == 0 else b"\1") + b"\1" + uleb(code + 16 * number)
    struct.pack_into("<I", out, row + 24, place)
    return seal(out)


def _code_everywhere(unit: int) -> Change:
    """All data of the file overwritten by one unit, behind the tables."""

    def change(data: bytes) -> bytes:
        (start,) = struct.unpack_from("<I", data, 0x6C)
        return seal(data[:start] + struct.pack("<H", unit) * ((len(data) - start) // 2))

    return change


def _no_zero(data: bytes) -> bytes:
    """No string has an end."""
    (start,) = struct.unpack_from("<I", data, 0x6C)
    return seal(data[:start] + data[start:].replace(b"\0", b"\1"))


def _flood(_: bytes) -> bytes:
    """A picture of 30,000 by 30,000 pixels in a few kilobytes."""
    packer, rows = zlib.compressobj(9), b""
    row = bytes(1 + FLOOD_PIXELS // 8)
    rows = b"".join(packer.compress(row * 1_000) for _ in range(FLOOD_PIXELS // 1_000)) + packer.flush()
    head = struct.pack(">2I5B", FLOOD_PIXELS, FLOOD_PIXELS, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _png(b"IHDR", head) + _png(b"IDAT", rows) + _png(b"IEND", b"")


def _png(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


ICON = "res/mipmap/icon.png"
MEMBERS: Mapping[str, Callable[[Members], Members]] = MappingProxyType({
    "axml-magic": _of(MANIFEST, _put("<H", 0, 0)),
    "axml-header": _of(MANIFEST, _put("<H", 2, 0x10)),
    "axml-size-small": _of(MANIFEST, _put("<I", 4, 16)),
    "axml-size-huge": _of(MANIFEST, _put("<I", 4, 0xFFFFFFF0)),
    "axml-pool-count": _of(MANIFEST, _put("<I", 16, 0x7FFFFFFF)),
    "axml-pool-styles": _of(MANIFEST, _put("<I", 20, 0x7FFFFFFF)),
    "axml-pool-start": _of(MANIFEST, _put("<I", 28, 0xFFFFFF00)),
    "axml-chunk-zero": _of(MANIFEST, _put("<I", 12, 0)),
    "axml-chunk-unknown": _of(MANIFEST, _chunk_inside),
    "axml-cut": _of(MANIFEST, lambda data: data[: len(data) // 2]),
    "axml-text": _of(MANIFEST, lambda _: b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "y">]><manifest package="&x;"/>'),
    "axml-empty": _of(MANIFEST, lambda _: b""),
    "axml-garbage": _of(MANIFEST, lambda data: data[:200] + bytes(255 - byte for byte in data[200:])),
    "axml-surrogates": _of(MANIFEST, _surrogates),
    "axml-wide": _of(MANIFEST, _wide),
    "axml-missing": lambda base: {name: content for name, content in base.items() if name != MANIFEST},
    "bomb-nested-xml": _of(MANIFEST, _nested),
    "arsc-loop": _of(RESOURCES, _loop),
    "arsc-cut": _of(RESOURCES, lambda data: data[: len(data) // 3]),
    "arsc-packages": _of(RESOURCES, _put("<I", 8, 0xFFFFFFFF)),
    "arsc-pool-count": _of(RESOURCES, _put("<I", 20, 0x00FFFFFF)),
    "arsc-garbage": _of(RESOURCES, lambda data: data[:64] + b"\xff" * (len(data) - 64)),
    "arsc-many-types": _of(RESOURCES, _many_types),
    "arsc-missing": lambda base: {name: content for name, content in base.items() if name != RESOURCES},
    "dex-cut": _of(CODE, lambda data: data[: len(data) // 2]),
    "dex-header-only": _of(CODE, lambda data: data[:0x70]),
    "dex-encrypted": _of(CODE, lambda data: bytes(byte ^ 0x5A for byte in data)),
    "dex-zeros": _of(CODE, lambda data: data[:8] + bytes(len(data) - 8)),
    "dex-counts": _of(CODE, _put("<12I", 0x38, *(0x7FFFFFFF, 0x70) * 6)),
    "dex-tables-outside": _of(CODE, _put("<12I", 0x38, *(100, 0xFFFFFF00) * 6)),
    "dex-size": _of(CODE, _put("<I", 0x20, 7)),
    "dex-shared-class-data": _of(CODE, _shared_class_data),
    "dex-endless-counts": _of(CODE, _endless_counts),
    "dex-overlapping-code": _of(CODE, _overlapping_code),
    "dex-gotos": _of(CODE, _code_everywhere(0x0028)),
    "dex-tables-in-code": _of(CODE, _code_everywhere(0x0300)),
    "dex-strings-unended": _of(CODE, _no_zero),
    "dex-class-data-spread": _of(CODE, lambda data: _class_rows(data, lambda out, row: struct.pack_into("<I", out, row + 24, row % len(out)))),
    "dex-hundred": lambda base: {**base, **{f"classes{number}.dex": base[CODE] for number in range(2, 150)}},
    "dex-missing": lambda base: {name: content for name, content in base.items() if name != CODE},
    "bomb-pixels": lambda base: {**base, ICON: _flood(b"")},
    "png-garbage": lambda base: {**base, ICON: b"\x89PNG\r\n\x1a\n" + b"\xff" * 500},
})  # fmt: skip
