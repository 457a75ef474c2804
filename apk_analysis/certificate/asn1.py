"""Just enough ASN.1 to walk certificates and PKCS#7, in BER as well: Android takes encodings that strict readers refuse."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from apk_analysis.errors import UnreadableMember

SEQUENCE, SET, OBJECT_ID, OCTETS, INTEGER = 0x30, 0x31, 0x06, 0x04, 0x02
_CONSTRUCTED = 0x20
MOST_CHILDREN = 10_000
MOST_LEVELS = 32


class Node(msgspec.Struct, frozen=True):
    """One value: its tag, its content, and the whole of it as it was encoded."""

    tag: int
    content: bytes
    encoded: bytes

    def children(self) -> list[Node]:
        """The values inside; raises UnreadableMember where they are broken."""
        return list(_nodes(self.content))

    def octets(self, level: int = 0) -> bytes:
        """The content of an octet string, put together where it came in pieces."""
        if level > MOST_LEVELS:
            raise UnreadableMember("ASN.1: pieces within pieces without end")
        if self.tag & _CONSTRUCTED:
            return b"".join(child.octets(level + 1) for child in self.children())
        return self.content

    def number(self) -> int:
        """The content as a number."""
        return int.from_bytes(self.content, "big", signed=True)

    def object_id(self) -> str:
        """The content as an object identifier with dots."""
        if self.tag != OBJECT_ID or not self.content or len(self.content) > 64:
            raise UnreadableMember("ASN.1: no object identifier where one should be")
        arcs, value = [], 0
        for byte in self.content:
            value = value << 7 | byte & 0x7F
            if not byte & 0x80:
                arcs.append(value)
                value = 0
        first = min(arcs[0] // 40, 2) if arcs else 0
        return ".".join(map(str, [first, (arcs or [0])[0] - 40 * first, *arcs[1:]]))


def parse(data: bytes) -> Node:
    """The first value in `data`; raises UnreadableMember."""
    for node in _nodes(data):
        return node
    raise UnreadableMember("ASN.1: nothing there")


def _nodes(data: bytes) -> Iterator[Node]:
    offset, count = 0, 0
    while offset < len(data):
        start, stop, after = _bounds(data, offset, 0)
        count += 1
        if count > MOST_CHILDREN:
            raise UnreadableMember("ASN.1: too many values")
        yield Node(data[offset], data[start:stop], data[offset:after])
        offset = after


def _bounds(data: bytes, offset: int, level: int) -> tuple[int, int, int]:
    """Start and end of the content at `offset`, and where the next value begins."""
    if level > MOST_LEVELS or offset + 2 > len(data) or data[offset] & 0x1F == 0x1F:
        raise UnreadableMember(f"ASN.1: unreadable value at {offset}")
    length, start = data[offset + 1], offset + 2
    if length == 0x80:
        return _indefinite(data, start, level)
    if length & 0x80:
        size = length & 0x7F
        length = int.from_bytes(data[start : start + size], "big")
        start += size
    if start + length > len(data):
        raise UnreadableMember(f"ASN.1: the value at {offset} is cut short")
    return start, start + length, start + length


def _indefinite(data: bytes, start: int, level: int) -> tuple[int, int, int]:
    """A value that ends with two zero bytes instead of having a length."""
    offset = start
    while data[offset : offset + 2] != b"\0\0":
        _, _, offset = _bounds(data, offset, level + 1)
    return start, offset, offset + 2
