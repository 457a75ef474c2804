"""Resource tables (resources.arsc), read on demand: the values of one resource in every language and density.

Nothing is built of a table but a list of its parts, so a table of 100 MB with a million entries
costs no more than the few resources that are asked for.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import msgspec

from apk_analysis.errors import LimitExceeded, UnreadableMember
from apk_analysis.evidence import Ledger
from apk_analysis.manifest.axml import TYPE_REFERENCE, TYPE_STRING
from apk_analysis.manifest.chunks import HEADER, Chunk, chunks
from apk_analysis.manifest.string_pool import POOL_TYPE, StringPool

TABLE_TYPE, _PACKAGE, _TYPE = 0x0002, 0x0200, 0x0201
MOST_TYPES = 50_000
MOST_STEPS = 16         # of a reference to a reference
MOST_VALUES = 2_000
MOST_LOOKUPS = 500_000      # of entries, in all
_SPARSE, _OFFSET16 = 1, 2
_COMPLEX, _COMPACT = 1, 8
_NOTHING = 0xFFFF_FFFF
_FIRST_3_LETTER = (0x61, 0x30)      # base of packed letters: languages and countries


class Value(msgspec.Struct, frozen=True):
    """A resource's value in one configuration: `locale` is BCP 47 or empty, `density` in dpi or 0."""

    kind: int
    data: int
    text: str = ""
    locale: str = ""
    density: int = 0
    sdk: int = 0


class _TypePart(msgspec.Struct, frozen=True):
    """The entries of one type in one configuration."""

    chunk: Chunk
    flags: int
    count: int
    entries: int
    locale: str
    density: int
    sdk: int


class Resources:
    """A table; `values` answers for a resource number, `texts` and `files` follow references."""

    def __init__(self, data: bytes, ledger: Ledger) -> None:
        self._data, self._ledger = data, ledger
        self._pool: StringPool | None = None
        self._resolved: dict[int, list[Value]] = {}
        self._parts: dict[tuple[int, int], list[_TypePart]] = {}
        self._count = self._lookups = 0
        if len(data) < 12 or HEADER.unpack_from(data, 0)[0] != TABLE_TYPE:
            raise UnreadableMember("resource table: no table")
        for chunk in chunks(data, min(HEADER.unpack_from(data, 0)[1], len(data)), len(data), ledger):
            if chunk.kind == POOL_TYPE and self._pool is None and chunk.offset + 28 <= chunk.stop:
                self._pool = StringPool(data, chunk.offset, chunk.stop, ledger)
            elif chunk.kind == _PACKAGE:
                self._take_package(chunk)

    def values(self, number: int) -> list[Value]:
        """What the table holds for a resource, one value a configuration; raises LimitExceeded."""
        parts = self._parts.get((number >> 24, number >> 16 & 0xFF), [])
        self._lookups += len(parts)
        if self._lookups > MOST_LOOKUPS:
            raise LimitExceeded("resource_lookups", f"more than {MOST_LOOKUPS}")
        found = (self._value(part, number & 0xFFFF) for part in parts)
        return [value for value in found if value is not None][:MOST_VALUES]

    def resolved(self, number: int) -> list[Value]:
        """As `values`, with references followed to what they end in; what goes in circles is left out."""
        if number not in self._resolved:
            self._resolved[number] = self._follow(number)
        return self._resolved[number]

    def _follow(self, number: int) -> list[Value]:
        found: dict[Value, None] = {}
        waiting, seen = [(number, "", 0)], {number}
        for _ in range(MOST_VALUES):
            if not waiting:
                break
            now, locale, steps = waiting.pop()
            for value in self.values(now):
                place = value.locale or locale
                if value.kind != TYPE_REFERENCE:
                    found.setdefault(msgspec.structs.replace(value, locale=place))
                elif value.data not in seen and steps < MOST_STEPS:
                    seen.add(value.data)
                    waiting.append((value.data, place, steps + 1))
        return list(found)

    def texts(self, number: int) -> dict[str, str]:
        """The strings of a resource by locale; "" is the default's."""
        found: dict[str, str] = {}
        for value in self.resolved(number):
            if value.kind == TYPE_STRING:
                found.setdefault(value.locale, value.text)
        return found

    def _take_package(self, chunk: Chunk) -> None:
        if chunk.offset + 12 > chunk.stop:
            return
        (package,) = struct.unpack_from("<I", self._data, chunk.offset + 8)
        for part in chunks(self._data, chunk.body, chunk.stop, self._ledger):
            if part.kind == _TYPE and self._count < MOST_TYPES and part.offset + 24 <= part.stop:
                self._count += 1
                type_id, read = self._read_part(part)
                # A package of number 0 is a library's: it is given 0x7F or another when it is loaded.
                self._parts.setdefault(((package or 0x7F) & 0xFF, type_id), []).append(read)

    def _read_part(self, chunk: Chunk) -> tuple[int, _TypePart]:
        type_id, flags, _, count, start, size = struct.unpack_from("<2BH3I", self._data, chunk.offset + 8)
        config = self._data[chunk.offset + 20 : min(chunk.offset + 20 + min(size, 256), chunk.stop)]
        density = int.from_bytes(config[14:16], "little")
        sdk = int.from_bytes(config[24:26], "little")
        return type_id, _TypePart(chunk, flags, count, chunk.offset + start, _locale(config), density, sdk)

    def _value(self, part: _TypePart, index: int) -> Value | None:
        """The simple value of an entry in one configuration, if it has one."""
        offset = self._entry_offset(part, index)
        if offset is None or offset + 8 > part.chunk.stop:
            return None
        size, flags = struct.unpack_from("<2H", self._data, offset)
        if flags & _COMPACT:
            kind, value = flags >> 8, int.from_bytes(self._data[offset + 4 : offset + 8], "little")
        elif flags & _COMPLEX or offset + size + 8 > part.chunk.stop:
            return None
        else:
            _, _, kind, value = struct.unpack_from("<H2BI", self._data, offset + size)
        text = self._pool.get(value) if kind == TYPE_STRING and self._pool else ""
        return Value(kind, value, text, part.locale, part.density, part.sdk)

    def _entry_offset(self, part: _TypePart, index: int) -> int | None:
        """Where an entry of a part is, by its table of offsets."""
        table = part.chunk.body
        if part.flags & _SPARSE:
            relative = self._sparse(part, index)
        elif index >= part.count:
            return None
        elif part.flags & _OFFSET16:
            short = int.from_bytes(self._data[table + 2 * index : table + 2 * index + 2], "little")
            relative = None if short == 0xFFFF else 4 * short
        else:
            wide = int.from_bytes(self._data[table + 4 * index : table + 4 * index + 4], "little")
            relative = None if wide == _NOTHING else wide
        return None if relative is None else part.entries + relative

    def _sparse(self, part: _TypePart, index: int) -> int | None:
        """The offset of an entry in a sorted table of (number, offset / 4)."""
        low, high = 0, min(part.count, (part.chunk.stop - part.chunk.body) // 4)
        while low < high:
            middle = (low + high) // 2
            number, quarter = struct.unpack_from("<2H", self._data, part.chunk.body + 4 * middle)
            if number == index:
                return int(quarter) * 4
            low, high = (middle + 1, high) if number < index else (low, middle)
        return None


def files(values: list[Value]) -> Iterator[tuple[str, int]]:
    """The paths among values with their densities, each path once, densest first."""
    seen: set[str] = set()
    for value in sorted(values, key=lambda one: -one.density):
        if value.kind == TYPE_STRING and "/" in value.text and value.text not in seen:
            seen.add(value.text)
            yield value.text, value.density


def _locale(config: bytes) -> str:
    """The locale of a configuration as BCP 47: language, script, region."""
    language, region = _letters(config[8:10], _FIRST_3_LETTER[0]), _letters(config[10:12], _FIRST_3_LETTER[1])
    script = config[36:40].rstrip(b"\0").decode("ascii", "replace") if len(config) >= 40 else ""
    return "-".join(part for part in (language, script, region) if part)


def _letters(packed: bytes, base: int) -> str:
    """Two letters as they are, or three in five bits each."""
    if len(packed) < 2 or packed == b"\0\0":
        return ""
    if packed[0] & 0x80:
        first, second = packed[1] & 0x1F, (packed[1] & 0xE0) >> 5 | (packed[0] & 0x03) << 3
        return "".join(chr(base + part) for part in (first, second, (packed[0] & 0x7C) >> 2))
    return packed.decode("ascii", "replace")
