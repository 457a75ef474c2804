"""Changes a DEX in place: new code and new strings are written behind the old, which is blanked."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from datasets.reskin.code_item import item_bytes
from datasets.reskin.dex_octets import seal, uleb

_CODE, _CLASS_DATA, _STRING_DATA = 0x2001, 0x2000, 0x2002
EditCode = Callable[[bytes | bytearray, int], bytes | None]


@dataclass
class _Method:
    number: int
    flags: int
    code: int


@dataclass
class _ClassData:
    """Fields as they stand, and the methods, whose numbers are absolute."""

    fields: bytes
    counts: tuple[int, int]
    direct: list[_Method]
    virtual: list[_Method]


class _Numbers:
    """Reads ULEB128 numbers one after the other."""

    def __init__(self, data: bytes | bytearray, offset: int) -> None:
        self._data, self.offset = data, offset

    def __next__(self) -> int:
        value = shift = 0
        while True:
            byte = self._data[self.offset]
            self.offset += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value


def replace_code(dex: bytes, edit: EditCode) -> bytes:
    """`dex` with all code that `edit(data, offset)` gives anew; what it gives None for stays as it is."""
    data = bytearray(dex)
    rows = list(_class_rows(data))
    classes = {offset: _read_class(data, offset) for _, offset in rows if offset}
    old = sorted({one.code for each in classes.values() for one in (*each.direct, *each.virtual) if one.code})
    new = {offset: edit(data, offset) or bytes(data[offset : offset + item_bytes(data, offset)]) for offset in old}
    for offset in old:
        size = item_bytes(dex, offset)
        data[offset : offset + size] = bytes(size)
    moved: dict[int, int] = {}
    for offset in old:
        data += bytes(-len(data) % 4)
        moved[offset] = len(data)
        data += new[offset]
    places = _rewrite_classes(data, classes, moved)
    for row, offset in rows:
        struct.pack_into("<I", data, row + 24, places.get(offset, 0))
    starts = {_CODE: min(moved.values(), default=0), _CLASS_DATA: min(places.values(), default=0)}
    return _finish(data, {kind: start for kind, start in starts.items() if start})


def _class_rows(data: bytearray) -> Iterator[tuple[int, int]]:
    """Row and offset of the data of each class."""
    count, start = struct.unpack_from("<2I", data, 0x60)
    for row in range(start, start + 32 * count, 32):
        yield row, struct.unpack_from("<I", data, row + 24)[0]


def _read_class(data: bytearray, offset: int) -> _ClassData:
    numbers = _Numbers(data, offset)
    static, instance, direct, virtual = (next(numbers) for _ in range(4))
    start = numbers.offset
    for _ in range(2 * (static + instance)):
        next(numbers)
    fields = bytes(data[start : numbers.offset])
    groups = []
    for count in (direct, virtual):
        group, number = [], 0
        for _ in range(count):
            number += next(numbers)
            group.append(_Method(number, next(numbers), next(numbers)))
        groups.append(group)
    found = _ClassData(fields, (static, instance), *groups)
    found_bytes = numbers.offset - offset
    data[offset : numbers.offset] = bytes(found_bytes)
    return found


def _rewrite_classes(data: bytearray, classes: dict[int, _ClassData], moved: dict[int, int]) -> dict[int, int]:
    places = {}
    for offset, one in sorted(classes.items()):
        places[offset] = len(data)
        data += b"".join(map(uleb, (*one.counts, len(one.direct), len(one.virtual)))) + one.fields
        for group in (one.direct, one.virtual):
            before = 0
            for method in group:
                data += uleb(method.number - before) + uleb(method.flags) + uleb(moved.get(method.code, 0))
                before = method.number
    return places


def read_strings(dex: bytes | bytearray) -> list[bytes]:
    """All strings in modified UTF-8, in the order of their numbers, which is that of their bytes."""
    count, start = struct.unpack_from("<2I", dex, 0x38)
    strings = []
    for offset in struct.unpack_from(f"<{count}I", dex, start):
        numbers = _Numbers(dex, offset)
        next(numbers)
        strings.append(bytes(dex[numbers.offset : dex.index(b"\0", numbers.offset)]))
    return strings


def by_units(text: bytes) -> bytes:
    """By what strings are sorted: modified UTF-8 is in the order of UTF-16, but for its NUL."""
    return text.replace(b"\xc0\x80", b"\0")


def in_order(strings: Sequence[bytes]) -> bool:
    """Whether each is behind the one before."""
    keys = [by_units(text) for text in strings]
    return all(a < b for a, b in itertools.pairwise(keys))


def replace_dex_strings(dex: bytes, strings: list[bytes]) -> bytes:
    """`dex` with these strings, which must be in order. Raises ValueError when they are not, or not as many."""
    count, start = struct.unpack_from("<2I", dex, 0x38)
    if len(strings) != count or not in_order(strings):
        raise ValueError("strings must be as many as before, each once, and in order")
    data = bytearray(dex)
    for offset in struct.unpack_from(f"<{count}I", dex, start):
        end = data.index(b"\0", _after_length(dex, offset)) + 1
        data[offset:end] = bytes(end - offset)
    first = len(data)
    for number, text in enumerate(strings):
        struct.pack_into("<I", data, start + 4 * number, len(data))
        units = sum(byte & 0xC0 != 0x80 for byte in text)      # every UTF-16 unit is one sequence of bytes
        data += uleb(units) + text + b"\0"
    return _finish(data, {_STRING_DATA: first})


def _after_length(dex: bytes, offset: int) -> int:
    numbers = _Numbers(dex, offset)
    next(numbers)
    return numbers.offset


def _finish(data: bytearray, starts: dict[int, int]) -> bytes:
    """Write the map anew behind all, with sections at their new places, and put the header right."""
    (old_map,) = struct.unpack_from("<I", data, 0x34)
    (count,) = struct.unpack_from("<I", data, old_map)
    rows = [struct.unpack_from("<2H2I", data, old_map + 4 + 12 * number) for number in range(count)]
    data[old_map : old_map + 4 + 12 * count] = bytes(4 + 12 * count)
    data += bytes(-len(data) % 4)
    starts = {**starts, 0x1000: len(data)}
    fixed = sorted(((kind, unused, size, starts.get(kind, start)) for kind, unused, size, start in rows), key=lambda row: row[3])
    struct.pack_into("<I", data, 0x34, len(data))
    data += struct.pack("<I", count) + b"".join(struct.pack("<2H2I", *row) for row in fixed)
    (data_start,) = struct.unpack_from("<I", data, 0x6C)
    struct.pack_into("<I", data, 0x68, len(data) - data_start)
    return seal(data)
