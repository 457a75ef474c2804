"""A DEX file as arrays: identifiers, classes and methods. What lies outside of the file is left out, and noted."""

from __future__ import annotations

import struct
from typing import Any

import msgspec
import numpy as np
from numpy.typing import DTypeLike, NDArray

from apk_analysis.code.limits import CodeLimits
from apk_analysis.code.mixing import Hashes, hash_names
from apk_analysis.errors import UnreadableMember
from apk_analysis.evidence import Ledger

MAGIC = b"dex\n"
HEADER_BYTES = 0x70
_TABLES = struct.Struct("<10I")     # from 0x38: size and offset of strings, types, prototypes, fields, methods
Bytes = NDArray[np.uint8]
Numbers = NDArray[np.int64]


class Names(msgspec.Struct, frozen=True):
    """The strings of a DEX: where each starts and how long it is in bytes; 0 where it cannot be read."""

    starts: Numbers
    lengths: Numbers


class Dex(msgspec.Struct, frozen=True):
    """A DEX file: tables as arrays of the indices that the file gives; all indices are within their tables.

    `types`: string of each type. `shorties`: string of each prototype. `method_*`: of each method identifier.
    `class_types`, `class_data`: type and offset of the data of each class that is defined here.
    """

    name: str
    data: bytes
    names: Names
    types: Numbers
    type_hashes: Hashes
    shorties: Numbers
    method_types: Numbers
    method_prototypes: Numbers
    method_names: Numbers
    class_types: Numbers
    class_data: Numbers

    @property
    def octets(self) -> Bytes:
        """The file as an array."""
        return np.frombuffer(self.data, np.uint8)

    def hashes_of(self, strings: Numbers) -> Hashes:
        """Hashes of the strings of these numbers."""
        return hash_names(self.octets, self.names.starts[strings], self.names.lengths[strings])

    def text(self, string: int) -> str:
        """The string of this number."""
        start = int(self.names.starts[string])
        return self.data[start : start + int(self.names.lengths[string])].decode("utf-8", "replace")

    def class_names(self) -> list[str]:
        """Descriptors of the classes that are defined here (`Lcom/example/Main;`)."""
        return [self.text(string) for string in self.types[self.class_types].tolist()]

    def string_data(self) -> bytes:
        """The part of the file that holds the strings: MUTF-8, each with its length before and NUL behind it."""
        known = self.names.lengths > 0
        if not known.any():
            return b""
        stops = self.names.starts[known] + self.names.lengths[known]
        return self.data[int(self.names.starts[known].min()) : int(stops.max()) + 1]


def read_dex(name: str, data: bytes, limits: CodeLimits, ledger: Ledger) -> Dex:
    """The tables of a DEX. Raises UnreadableMember when there is no header to start from."""
    if not data.startswith(MAGIC) or len(data) < HEADER_BYTES:
        raise UnreadableMember(f"{name}: no DEX header")
    if int.from_bytes(data[0x20:0x24], "little") != len(data):
        ledger.note("dex_size", name)
    sizes = _TABLES.unpack_from(data, 0x38)
    reader = _Reader(name, data, ledger)
    strings = reader.table(sizes[0], sizes[1], "<u4")
    types = reader.table(sizes[2], sizes[3], "<u4")
    prototypes = reader.table(sizes[4], sizes[5], "<u4", 3)
    methods = reader.table(sizes[8], sizes[9], [("type", "<u2"), ("prototype", "<u2"), ("name", "<u4")])
    count, offset = struct.unpack_from("<2I", data, 0x60)
    classes = reader.table(min(count, limits.classes), offset, "<u4", 8)
    names = locate(reader.bytes, strings.astype(np.int64), limits, ledger, name)
    types = reader.within(types, len(strings))
    class_types = reader.within(classes[:, 0], len(types))
    return Dex(
        name, data, names, types,
        hash_names(reader.bytes, names.starts[types], names.lengths[types]),
        reader.within(prototypes[:, 0], len(strings)),
        reader.within(methods["type"], len(types)), reader.within(methods["prototype"], len(prototypes)),
        reader.within(methods["name"], len(strings)),
        class_types, classes[: len(class_types), 6].astype(np.int64),
    )  # fmt: skip


class _Reader:
    """Takes tables out of the file as far as they lie in it."""

    def __init__(self, name: str, data: bytes, ledger: Ledger) -> None:
        self._name, self._data, self._ledger = name, data, ledger
        self.bytes = np.frombuffer(data, np.uint8)

    def table(self, count: int, offset: int, kind: DTypeLike, columns: int = 1) -> NDArray[Any]:
        """`count` rows at `offset`, or as many as there are."""
        width = np.dtype(kind).itemsize * columns
        room = max(len(self._data) - offset, 0) // width
        if count > room:
            self._ledger.note("dex_table", self._name)
        rows = np.frombuffer(self._data, kind, min(count, room) * columns, min(offset, len(self._data)))
        return rows.reshape(-1, columns) if columns > 1 else rows

    def within(self, indices: NDArray[Any], size: int) -> Numbers:
        """The indices, those beyond `size` as 0; none at all where there is nothing to point to."""
        numbers = indices.astype(np.int64)
        wrong = numbers >= size
        if wrong.any():
            self._ledger.note("dex_damaged", self._name)
        return np.where(wrong, 0, numbers) if size else numbers[:0]


def locate(data: Bytes, offsets: Numbers, limits: CodeLimits, ledger: Ledger, name: str) -> Names:
    """Where the strings at these offsets start (behind their length, a ULEB128) and how long they are."""
    starts, lengths = np.zeros(len(offsets), np.int64), np.zeros(len(offsets), np.int64)
    inside = offsets < len(data) - 6
    if not inside.all():
        ledger.note("dex_damaged", name)
    first = int(offsets[inside].min()) if inside.any() else 0
    if (offsets[inside] - first >= limits.region_bytes).any():
        ledger.note("limit_reached", f"{name}: strings")
        inside &= offsets - first < limits.region_bytes
    if not inside.any():
        return Names(starts, lengths)
    at = offsets[inside]
    more = data[at[:, None] + np.arange(5)] >= 0x80
    begin = at + 1 + np.cumprod(more, axis=1).sum(axis=1)
    stop = min(int(at.max()) + (1 << 17), len(data))
    zeros = np.append(np.flatnonzero(data[first:stop] == 0) + first, stop)
    begin = np.minimum(begin, stop)
    starts[inside], lengths[inside] = begin, zeros[np.searchsorted(zeros, begin)] - begin
    return Names(starts, lengths)
