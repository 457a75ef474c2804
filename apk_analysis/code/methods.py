"""The methods that the classes of a DEX define, read from the ULEB128 numbers of all classes at once."""

from __future__ import annotations

import msgspec
import numpy as np

from apk_analysis.code.dex import Bytes, Dex, Numbers
from apk_analysis.code.limits import CodeLimits
from apk_analysis.evidence import Ledger

LARGEST_DATA_BYTES = 1 << 20       # of the last class: 65,535 methods need less


class Methods(msgspec.Struct, frozen=True):
    """Defined methods: the class (row of `Dex.class_types`) of each, and the offset of its code; 0 = it has none."""

    classes: Numbers
    code_offsets: Numbers


def read_methods(dex: Dex, limits: CodeLimits, ledger: Ledger) -> Methods:
    """All methods of all classes, as far as they can be read."""
    data = dex.octets
    rows = np.flatnonzero((dex.class_data > 0) & (dex.class_data < len(data)))
    nothing = np.zeros(0, np.int64)
    if not len(rows):
        return Methods(nothing, nothing)
    offsets = dex.class_data[rows]
    first = int(offsets.min())
    near = offsets - first < limits.region_bytes
    if not near.all():
        ledger.note("limit_reached", f"{dex.name}: classes")
    rows, offsets = rows[near], offsets[near]
    numbers = _Numbers(data, first, min(int(offsets.max()) + LARGEST_DATA_BYTES, len(data)), offsets)
    begin = numbers.index_at(offsets)
    counts = [numbers.values(begin + place) for place in range(4)]
    base = begin + 4 + 2 * np.minimum(counts[0] + counts[1], numbers.count)
    left = np.maximum(numbers.count - base, 0) // 3
    methods = np.minimum(counts[2] + counts[3], left)
    if (methods < counts[2] + counts[3]).any():
        ledger.note("dex_damaged", dex.name)
    within = np.cumsum(methods) <= limits.methods
    if not within.all():
        ledger.note("limit_reached", f"{dex.name}: methods")
    methods = np.where(within, methods, 0)
    owner = np.repeat(np.arange(len(rows)), methods)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(methods) - methods, methods)
    return Methods(rows[owner], numbers.values(base[owner] + 3 * place + 2))


class _Numbers:
    """The ULEB128 numbers of a stretch of the file; one begins at each of `offsets` whatever stands before it."""

    def __init__(self, data: Bytes, first: int, stop: int, offsets: Numbers) -> None:
        self._data, self._first = data, first
        ends = data[first:stop] < 0x80
        borders = offsets[offsets > first] - 1 - first
        ends[borders] = True
        ends[-1:] = True
        self._ends = np.flatnonzero(ends)
        self.count = len(self._ends)

    def index_at(self, offsets: Numbers) -> Numbers:
        """The index of the number that begins at each of these offsets."""
        return np.searchsorted(self._ends, offsets - self._first)

    def values(self, indices: Numbers) -> Numbers:
        """The numbers of these indices; 0 beyond the last."""
        known = np.minimum(indices, self.count - 1)
        stop = self._ends[known]
        start = np.where(known > 0, self._ends[known - 1] + 1, 0)
        result = np.zeros(len(indices), np.int64)
        for place in range(5):
            at = start + place
            part = self._data[np.minimum(at, stop) + self._first].astype(np.int64) & 0x7F
            result |= np.where(at <= stop, part << 7 * place, 0)
        return np.where(indices < self.count, result & 0xFFFFFFFF, 0)
