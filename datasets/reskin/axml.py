"""Writes Android's binary XML: a tree from scratch, or another package, label or host in an existing file.

For honest re-skins and for tests; written apart from the reader in `apk_analysis/manifest`.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

POOL, RESOURCE_MAP = 0x0001, 0x0180
_UTF8 = 0x100
_NOTHING = 0xFFFFFFFF
_NAMESPACE = "http://schemas.android.com/apk/res/android"
# What Android's own attributes are known by; all others are written without namespace and number.
ATTRIBUTE_IDS = {
    "label": 0x01010001, "icon": 0x01010002, "name": 0x01010003, "permission": 0x01010006, "enabled": 0x0101000E,
    "debuggable": 0x0101000F, "exported": 0x01010010, "process": 0x01010011, "authorities": 0x01010018,
    "priority": 0x0101001C, "value": 0x01010024, "resource": 0x01010025, "scheme": 0x01010027, "host": 0x01010028,
    "drawable": 0x01010199, "targetActivity": 0x01010202, "minSdkVersion": 0x0101020C, "versionCode": 0x0101021B,
    "versionName": 0x0101021C, "targetSdkVersion": 0x01010270, "maxSdkVersion": 0x01010271, "testOnly": 0x01010272,
    "allowBackup": 0x01010280, "usesCleartextTraffic": 0x010104EC, "networkSecurityConfig": 0x01010527,
    "roundIcon": 0x0101052C, "targetSandboxVersion": 0x0101054C, "foregroundServiceType": 0x01010599,
}  # fmt: skip


@dataclass(frozen=True)
class Reference:
    """A reference to a resource."""

    number: int


@dataclass(frozen=True)
class Colour:
    """A colour, 0xaarrggbb."""

    argb: int


Attribute = str | int | bool | Reference | Colour


@dataclass
class Node:
    """An element to be written."""

    tag: str
    attributes: dict[str, Attribute] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)
    text: str = ""


def write_xml(root: Node, *, utf8: bool = False) -> bytes:
    """The tree as binary XML."""
    writer = _Writer()
    body = writer.element(root)
    names = list(ATTRIBUTE_IDS)
    numbers = struct.pack(f"<{len(names)}I", *(ATTRIBUTE_IDS[name] for name in names))
    resource_map = struct.pack("<2HI", RESOURCE_MAP, 8, 8 + len(numbers)) + numbers
    chunks = write_pool(list(writer.strings), utf8=utf8) + resource_map + body
    return struct.pack("<2HI", 0x0003, 8, 8 + len(chunks)) + chunks


class _Writer:
    """Numbers strings: names with resource numbers come first, as the resource map wants it."""

    def __init__(self) -> None:
        self.strings: dict[str, int] = {name: number for number, name in enumerate(ATTRIBUTE_IDS)}

    def string(self, text: str) -> int:
        return self.strings.setdefault(text, len(self.strings))

    def element(self, node: Node) -> bytes:
        attributes = b"".join(self._attribute(name, value) for name, value in node.attributes.items())
        start = struct.pack("<2I6H", _NOTHING, self.string(node.tag), 20, 20, len(node.attributes), 0, 0, 0)
        parts = [_node(0x0102, start + attributes)]
        if node.text:
            parts.append(_node(0x0104, struct.pack("<I2HI", self.string(node.text), 8, 0, 0)))
        parts += [self.element(child) for child in node.children]
        parts.append(_node(0x0103, struct.pack("<2I", _NOTHING, self.string(node.tag))))
        return b"".join(parts)

    def _attribute(self, name: str, value: Attribute) -> bytes:
        kind, data, raw = self._typed(value)
        space = self.string(_NAMESPACE) if name in ATTRIBUTE_IDS else _NOTHING
        return struct.pack("<3IH2BI", space, self.string(name), raw, 8, 0, kind, data & _NOTHING)

    def _typed(self, value: Attribute) -> tuple[int, int, int]:
        """Kind, number and raw string of a value."""
        match value:
            case str():
                index = self.string(value)
                return 0x03, index, index
            case bool():
                return 0x12, _NOTHING if value else 0, _NOTHING
            case int():
                return 0x10, value, _NOTHING
            case Reference(number):
                return 0x01, number, _NOTHING
            case Colour(argb):
                return 0x1C, argb, _NOTHING


def _node(kind: int, body: bytes) -> bytes:
    return struct.pack("<2HI2I", kind, 16, 16 + len(body), 1, _NOTHING) + body


def write_pool(strings: list[str], *, utf8: bool = False, styles: bytes = b"", style_offsets: bytes = b"") -> bytes:
    """A string pool; `styles` and their offsets are taken as they are."""
    offsets, data = [], bytearray()
    for text in strings:
        offsets.append(len(data))
        data += _utf8(text) if utf8 else _utf16(text)
    data += bytes(-len(data) % 4)
    head = 28 + 4 * len(offsets) + len(style_offsets)
    styles_start = head + len(data) if styles else 0
    size = head + len(data) + len(styles)
    return struct.pack(
        "<2H6I", POOL, 28, size, len(strings), len(style_offsets) // 4, _UTF8 if utf8 else 0, head, styles_start
    ) + struct.pack(f"<{len(offsets)}I", *offsets) + style_offsets + bytes(data) + styles  # fmt: skip


def _utf16(text: str) -> bytes:
    raw = text.encode("utf-16-le", "surrogatepass")
    units = len(raw) // 2
    length = struct.pack("<H", units) if units < 0x8000 else struct.pack("<2H", 0x8000 | units >> 16, units & 0xFFFF)
    return length + raw + b"\0\0"


def _utf8(text: str) -> bytes:
    raw = text.encode("utf-8", "surrogatepass")
    return _length8(len(text.encode("utf-16-le", "surrogatepass")) // 2) + _length8(len(raw)) + raw + b"\0"


def _length8(length: int) -> bytes:
    return bytes([length]) if length < 0x80 else bytes([0x80 | length >> 8 & 0x7F, length & 0xFF])


def read_pool(data: bytes) -> list[str]:
    """The strings of the first pool of binary XML or a resource table. Raises ValueError when there is none."""
    _, head, _ = struct.unpack_from("<2HI", data, 0)
    kind, _, _, count, _, flags, start = struct.unpack_from("<2H5I", data, head)
    if kind != POOL:
        raise ValueError("no string pool after the header")
    offsets = struct.unpack_from(f"<{count}I", data, head + 28)
    return [_read(data, head + start + offset, utf8=bool(flags & _UTF8)) for offset in offsets]


def replace_strings(data: bytes, new: Mapping[str, str]) -> bytes:
    """Binary XML or a resource table with strings of its first pool replaced, wherever they are used.

    Raises ValueError when `data` have no pool right after their header.
    """
    _, head, _ = struct.unpack_from("<2HI", data, 0)
    kind, _, size, count, styles, flags, _, styles_start = struct.unpack_from("<2H6I", data, head)
    if kind != POOL:
        raise ValueError("no string pool after the header")
    utf8 = bool(flags & _UTF8)
    old = read_pool(data)
    pool = write_pool(
        [new.get(text, text) for text in old], utf8=utf8,
        styles=data[head + styles_start : head + size] if styles else b"",
        style_offsets=data[head + 28 + 4 * count : head + 28 + 4 * (count + styles)],
    )  # fmt: skip
    changed = data[:head] + pool + data[head + size :]
    return changed[:4] + struct.pack("<I", len(changed)) + changed[8:]


def _read(data: bytes, offset: int, *, utf8: bool) -> str:
    if utf8:
        offset += 2 if data[offset] & 0x80 else 1
        first = data[offset]
        length = (first & 0x7F) << 8 | data[offset + 1] if first & 0x80 else first
        offset += 2 if first & 0x80 else 1
        return data[offset : offset + length].decode("utf-8", "surrogatepass")
    (length,) = struct.unpack_from("<H", data, offset)
    if length & 0x8000:
        length = (length & 0x7FFF) << 16 | struct.unpack_from("<H", data, offset + 2)[0]
        offset += 2
    return data[offset + 2 : offset + 2 + 2 * length].decode("utf-16-le", "surrogatepass")
