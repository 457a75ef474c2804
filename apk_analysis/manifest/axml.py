"""Binary XML, read as Android reads it: by chunk sizes and resource numbers, never by names alone.

`scan` looks over a file in O(n) before anybody builds anything of it; `read_xml` makes the elements.
Both end at the limits of `XmlLimits`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import msgspec

from apk_analysis.errors import LimitExceeded, UnreadableMember
from apk_analysis.evidence import Ledger
from apk_analysis.manifest.attribute_ids import ATTRIBUTE_NAMES
from apk_analysis.manifest.chunks import HEADER, Chunk, chunks
from apk_analysis.manifest.string_pool import POOL_TYPE, StringPool

XML_TYPE = 0x0003
RESOURCE_MAP, START, END, _TEXT = 0x0180, 0x0102, 0x0103, 0x0104
_NODES = range(0x0100, 0x0180)
_NODE_HEADER_BYTES = 16
ELEMENT = struct.Struct("<2I6H")
_ATTRIBUTE = struct.Struct("<3I2HI")
ATTRIBUTE_BYTES = 20
TYPE_REFERENCE, TYPE_STRING, TYPE_BOOLEAN = 0x01, 0x03, 0x12
_NOTHING = 0xFFFF_FFFF


class XmlLimits(msgspec.Struct, frozen=True):
    """How much a file may hold."""

    depth: int = 200
    elements: int = 200_000
    attributes: int = 500_000


class Attribute(msgspec.Struct, frozen=True):
    """A value: its kind and number as Android has them, and its text where it is a string."""

    kind: int
    data: int
    text: str = ""


class Element(msgspec.Struct):
    """An element with its attributes by name; those of Android are named by their resource number."""

    tag: str
    attributes: dict[str, Attribute]
    children: list[Element] = []
    text: str = ""

    def walk(self) -> Iterator[Element]:
        """This element and all below it, parents first."""
        waiting = [self]
        while waiting:
            one = waiting.pop()
            yield one
            waiting.extend(reversed(one.children))

    def named(self, tag: str) -> list[Element]:
        """The children of this tag."""
        return [child for child in self.children if child.tag == tag]


class Scan(msgspec.Struct, frozen=True):
    """What a file holds, as counted without building anything."""

    elements: int
    attributes: int
    depth: int


def scan(data: bytes, ledger: Ledger, limits: XmlLimits | None = None) -> Scan:
    """Count what is there; raises LimitExceeded at the first limit, UnreadableMember for what is no binary XML."""
    limits = limits or XmlLimits()
    depth = deepest = elements = attributes = 0
    for chunk in _all_chunks(data, ledger):
        if chunk.kind == START:
            elements, depth = elements + 1, depth + 1
            deepest = max(deepest, depth)
            attributes += _stated_attributes(data, chunk)
        elif chunk.kind == END:
            depth = max(depth - 1, 0)
        _hold(limits, deepest, elements, attributes)
    return Scan(elements, attributes, deepest)


def _hold(limits: XmlLimits, depth: int, elements: int, attributes: int) -> None:
    for name, value in (("depth", depth), ("elements", elements), ("attributes", attributes)):
        if value > getattr(limits, name):
            raise LimitExceeded(f"xml_{name}", str(value))


def _stated_attributes(data: bytes, chunk: Chunk) -> int:
    """How many attributes an element says that it has, as far as they fit."""
    if chunk.body + ELEMENT.size > chunk.stop:
        return 0
    count = ELEMENT.unpack_from(data, chunk.body)[4]
    return int(min(count, (chunk.stop - chunk.body) // 4))


def _all_chunks(data: bytes, ledger: Ledger) -> Iterator[Chunk]:
    """The chunks of a file, after a look at its own header."""
    if len(data) < HEADER.size:
        raise UnreadableMember("binary XML: too short")
    kind, header_bytes, size = HEADER.unpack_from(data, 0)
    if kind != XML_TYPE:
        if data.lstrip()[:1] == b"<":
            ledger.note("text_xml")
            raise UnreadableMember("binary XML: plain text")
        ledger.note("magic", f"0x{kind:04x}")
    if header_bytes != HEADER.size:
        ledger.note("chunk_header", f"file: {header_bytes}")
    if size > len(data):
        ledger.note("file_size", f"{size} ≠ {len(data)}")
    elif size < len(data):
        ledger.note("data_after_xml", f"{len(data) - size} bytes")
    # Android stops at the stated size; some files state less than they need, so nothing is cut off here.
    yield from chunks(data, _first_chunk(data, header_bytes), len(data), ledger)


def _first_chunk(data: bytes, header_bytes: int) -> int:
    """Where the first chunk is: after the header as it states its size, or as it always is."""
    if HEADER.size < header_bytes <= len(data) - HEADER.size:
        kind, _, size = HEADER.unpack_from(data, header_bytes)
        if kind in {POOL_TYPE, RESOURCE_MAP} and HEADER.size <= size <= len(data) - header_bytes:
            return header_bytes
    return HEADER.size


class _Reader:
    """Builds elements from chunks."""

    def __init__(self, data: bytes, ledger: Ledger, limits: XmlLimits) -> None:
        self._data, self._ledger, self._limits = data, ledger, limits
        self._pool: StringPool | None = None
        self._ids: tuple[int, ...] = ()
        self._stack: list[Element] = []
        self._count = self._attributes = 0
        self.roots: list[Element] = []

    def take(self, chunk: Chunk) -> None:
        """Add what a chunk says."""
        if chunk.kind == POOL_TYPE:
            self._take_pool(chunk)
        elif chunk.kind == RESOURCE_MAP:
            count = (chunk.stop - chunk.body) // 4
            self._ids = struct.unpack_from(f"<{count}I", self._data, chunk.body)
        elif chunk.kind == START:
            self._open(chunk)
        elif chunk.kind == END:
            self._close(chunk)
        elif chunk.kind == _TEXT:
            self._add_text(chunk)
        elif chunk.kind not in _NODES:
            self._ledger.note("chunk_unknown", f"0x{chunk.kind:04x} at {chunk.offset}")

    def finish(self) -> Element:
        """The root; of several the first that is a manifest's."""
        if self._stack:
            self._ledger.note("element_unclosed", self._stack[-1].tag)
        if not self.roots:
            raise UnreadableMember("binary XML: no element")
        return next((root for root in self.roots if root.tag == "manifest"), self.roots[0])

    def _take_pool(self, chunk: Chunk) -> None:
        if self._pool is not None:
            self._ledger.note("pool_several", chunk.offset)
        elif chunk.offset + 28 <= chunk.stop:
            self._pool = StringPool(self._data, chunk.offset, chunk.stop, self._ledger)

    def _text(self, index: int) -> str:
        if self._pool is None:
            self._ledger.note("pool_missing")
            return ""
        return self._pool.get(index)

    def _open(self, chunk: Chunk) -> None:
        if chunk.body != chunk.offset + _NODE_HEADER_BYTES:
            self._ledger.note("chunk_header", f"element at {chunk.offset}")
        if chunk.body + ELEMENT.size > chunk.stop:
            self._ledger.note("chunk_cut", f"element at {chunk.offset}")
            return
        _, name, start, size, count, *_ = ELEMENT.unpack_from(self._data, chunk.body)
        element = Element(self._text(name), self._read_attributes(chunk, chunk.body + start, size, count), [])
        self._count += 1
        (self._stack[-1].children if self._stack else self.roots).append(element)
        self._stack.append(element)
        _hold(self._limits, len(self._stack), self._count, self._attributes)

    def _read_attributes(self, chunk: Chunk, offset: int, size: int, count: int) -> dict[str, Attribute]:
        """The attributes of an element; of several with one name the first counts."""
        if size != ATTRIBUTE_BYTES and count:
            self._ledger.note("attribute_size", size)
        found: dict[str, Attribute] = {}
        for number in range(count):
            at = offset + number * size
            if at + ATTRIBUTE_BYTES > chunk.stop or (size < 4 and number):
                self._ledger.note("attributes_cut", f"{count} at {chunk.offset}")
                break
            self._attributes += 1
            _, name, raw, _, kind, value = _ATTRIBUTE.unpack_from(self._data, at)
            text = self._text(value) if kind >> 8 == TYPE_STRING else self._text(raw) if raw != _NOTHING else ""
            found.setdefault(self._name(name), Attribute(kind >> 8, value, text))
        return found

    def _name(self, index: int) -> str:
        """An attribute's name: by its resource number as Android has it, else as written."""
        written = self._text(index)
        known = ATTRIBUTE_NAMES.get(self._ids[index], "") if index < len(self._ids) else ""
        if known and written != known:
            self._ledger.note("names_disguised", f"{written!r} is {known}")
        return known or written

    def _add_text(self, chunk: Chunk) -> None:
        """The first text of an element; no file that we read has more."""
        if self._stack and not self._stack[-1].text and chunk.body + 4 <= chunk.stop:
            self._stack[-1].text = self._text(int.from_bytes(self._data[chunk.body : chunk.body + 4], "little")).strip()

    def _close(self, chunk: Chunk) -> None:
        if not self._stack:
            self._ledger.note("element_unclosed", f"end at {chunk.offset}")
            return
        self._stack.pop()


def read_xml(data: bytes, ledger: Ledger, limits: XmlLimits | None = None) -> Element:
    """The root element; raises UnreadableMember when there is none, LimitExceeded when there is too much."""
    reader = _Reader(data, ledger, limits or XmlLimits())
    for chunk in _all_chunks(data, ledger):
        reader.take(chunk)
    return reader.finish()
