"""Writes a DEX from scratch: for base apps, junk classes and tests that need no file from elsewhere."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence, Sized

from datasets.reskin.assembler import Numbers, assemble
from datasets.reskin.dex_model import Class, Method, MethodRef
from datasets.reskin.dex_octets import mutf8, seal, sort_key, uleb
from datasets.reskin.dex_uses import Used, numbered, parents_first

NOTHING = 0xFFFFFFFF
HEADER_BYTES = 0x70
_ITEMS = {
    "header": 0, "strings": 1, "types": 2, "prototypes": 3, "fields": 4, "methods": 5, "classes": 6, "map": 0x1000,
    "type_lists": 0x1001, "class_data": 0x2000, "code": 0x2001, "string_data": 0x2002,
}  # fmt: skip


def write_dex(classes: Sequence[Class], extra_strings: Iterable[str] = ()) -> bytes:
    """The classes as a DEX file of version 035."""
    return _Writer(classes, extra_strings).write()


class _Writer:
    """Gathers names, numbers them in the order that the format asks for, then lays out one section after the other."""

    def __init__(self, classes: Sequence[Class], extra_strings: Iterable[str]) -> None:
        self._classes = parents_first(classes)
        used = Used(self._classes)
        prototypes = {one.prototype for one in used.methods}
        types = used.types | {kind for one in prototypes for kind in (one.returns, *one.parameters)}
        types |= {kind for one in used.fields for kind in (one.owner, one.kind)} | {one.owner for one in used.methods}
        names = {one.name for one in used.methods} | {one.name for one in used.fields}
        strings = sorted({*used.strings, *types, *names, *extra_strings, *(one.shorty for one in prototypes)}, key=sort_key)
        self._strings = {text: number for number, text in enumerate(strings)}
        self._types = {text: number for number, text in enumerate(sorted(types, key=sort_key))}
        kinds = self._types
        self._prototypes = numbered(prototypes, lambda one: (kinds[one.returns], [kinds[each] for each in one.parameters]))
        self._fields = numbered(used.fields, lambda one: (kinds[one.owner], self._strings[one.name], kinds[one.kind]))
        self._methods = numbered(
            used.methods, lambda one: (kinds[one.owner], self._strings[one.name], self._prototypes[one.prototype])
        )
        self._out = bytearray()
        self._sections: list[tuple[int, int, int]] = []

    def write(self) -> bytes:
        tables: tuple[Sized, ...] = (
            self._strings, self._types, self._prototypes, self._fields, self._methods, self._classes,
        )  # fmt: skip
        sizes = (4, 4, 12, 8, 8, 32)
        starts, at = [], HEADER_BYTES
        for table, size in zip(tables, sizes, strict=True):
            starts.append(at)
            at += len(table) * size
        self._out = bytearray(at)
        for name, start, table in zip(list(_ITEMS)[1:7], starts, tables, strict=True):
            self._note(name, len(table), start)
        codes = self._code()
        lists = self._type_lists()
        string_offsets = self._string_data()
        data_offsets = self._class_data(codes)
        self._tables(starts, string_offsets, lists, data_offsets)
        map_offset = self._map()
        self._header(starts, [len(table) for table in tables], at, map_offset)
        return seal(self._out)

    def _note(self, name: str, count: int, offset: int) -> None:
        if count:
            self._sections.append((_ITEMS[name], count, offset))

    def _align(self) -> int:
        self._out += bytes(-len(self._out) % 4)
        return len(self._out)

    def _code(self) -> dict[int, int]:
        """Offsets of code by id of the method."""
        numbers = Numbers(self._strings, self._types, self._fields, self._methods)
        offsets: dict[int, int] = {}
        start = self._align()
        for one in self._classes:
            for method in one.methods:
                if method.body:
                    offsets[id(method)] = self._align()
                    self._out += assemble(method.body, numbers)
        self._note("code", len(offsets), start)
        return offsets

    def _type_lists(self) -> dict[tuple[str, ...], int]:
        offsets: dict[tuple[str, ...], int] = {}
        start = self._align()
        for one in self._prototypes:
            if one.parameters and one.parameters not in offsets:
                offsets[one.parameters] = self._align()
                numbers = [self._types[kind] for kind in one.parameters]
                self._out += struct.pack(f"<I{len(numbers)}H", len(numbers), *numbers)
        self._note("type_lists", len(offsets), start)
        return offsets

    def _string_data(self) -> list[int]:
        offsets = []
        start = len(self._out)
        for text in self._strings:
            offsets.append(len(self._out))
            self._out += mutf8(text)
        self._note("string_data", len(offsets), start)
        return offsets

    def _class_data(self, codes: dict[int, int]) -> list[int]:
        offsets = []
        start = len(self._out)
        for one in self._classes:
            offsets.append(len(self._out))
            direct = [method for method in one.methods if method.is_direct]
            virtual = [method for method in one.methods if not method.is_direct]
            fields = sorted(self._fields[each] for each in one.fields)
            self._out += uleb(0) + uleb(len(fields)) + uleb(len(direct)) + uleb(len(virtual))
            before = 0
            for number in fields:
                self._out += uleb(number - before) + uleb(2)
                before = number
            for group in (direct, virtual):
                self._group(one, group, codes)
        self._note("class_data", len(offsets), start)
        return offsets

    def _group(self, owner: Class, methods: list[Method], codes: dict[int, int]) -> None:
        before = 0
        for method in sorted(methods, key=lambda each: self._number(owner, each)):
            number = self._number(owner, method)
            self._out += uleb(number - before) + uleb(method.flags) + uleb(codes.get(id(method), 0))
            before = number

    def _number(self, owner: Class, method: Method) -> int:
        return self._methods[MethodRef(owner.name, method.name, method.prototype)]

    def _tables(
        self, starts: list[int], strings: list[int], lists: dict[tuple[str, ...], int], data: list[int]
    ) -> None:
        kinds, names = self._types, self._strings
        rows = [
            b"".join(struct.pack("<I", offset) for offset in strings),
            b"".join(struct.pack("<I", names[kind]) for kind in kinds),
            b"".join(struct.pack("<3I", names[one.shorty], kinds[one.returns], lists.get(one.parameters, 0)) for one in self._prototypes),
            b"".join(struct.pack("<2HI", kinds[one.owner], kinds[one.kind], names[one.name]) for one in self._fields),
            b"".join(struct.pack("<2HI", kinds[one.owner], self._prototypes[one.prototype], names[one.name]) for one in self._methods),
            b"".join(
                struct.pack("<8I", kinds[one.name], one.flags, kinds[one.superclass], 0, NOTHING, 0, offset, 0)
                for one, offset in zip(self._classes, data, strict=True)
            ),
        ]  # fmt: skip
        for start, row in zip(starts, rows, strict=True):
            self._out[start : start + len(row)] = row

    def _map(self) -> int:
        offset = self._align()
        sections = sorted([(0, 1, 0), *self._sections, (_ITEMS["map"], 1, offset)], key=lambda one: one[2])
        self._out += struct.pack("<I", len(sections))
        for kind, count, start in sections:
            self._out += struct.pack("<2H2I", kind, 0, count, start)
        return offset

    def _header(self, starts: list[int], counts: list[int], data: int, map_offset: int) -> None:
        self._out[:8] = b"dex\n035\0"
        struct.pack_into("<5I", self._out, 0x24, HEADER_BYTES, 0x12345678, 0, 0, map_offset)
        for place, (count, start) in enumerate(zip(counts, starts, strict=True)):
            struct.pack_into("<2I", self._out, 0x38 + 8 * place, count, start if count else 0)
        struct.pack_into("<2I", self._out, 0x68, len(self._out) - data, data)
