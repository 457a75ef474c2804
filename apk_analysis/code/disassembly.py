"""Finds the instructions of all methods of a DEX in lock-step: one step moves every method by one instruction."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from apk_analysis.code.dex import Dex, Numbers
from apk_analysis.code.limits import CodeLimits
from apk_analysis.code.methods import Methods
from apk_analysis.code.operations import WIDTHS
from apk_analysis.evidence import Ledger

Units = NDArray[np.uint16]
CODE_HEADER_UNITS = 8       # registers, ins, outs, tries; debug offset and size of two units each


class Listing(msgspec.Struct, frozen=True):
    """Instructions in order of place: the code unit of each and the body that it belongs to.

    A body is the code of one or more methods; `body_classes` tells the class of the first of them.
    """

    units: Units
    places: Numbers
    bodies: Numbers
    body_classes: Numbers


def disassemble(dex: Dex, methods: Methods, limits: CodeLimits, ledger: Ledger) -> Listing:
    """The instructions of all methods that have code within the file; each place is read once, whoever claims it."""
    units = np.frombuffer(dex.data, "<u2", len(dex.data) // 2)
    offsets, first = np.unique(methods.code_offsets, return_index=True)
    inside = (offsets > 0) & (offsets % 2 == 0) & (offsets // 2 + CODE_HEADER_UNITS < len(units))
    if (~inside & (offsets != 0)).any():
        ledger.note("code_outside", dex.name)
    head = offsets[inside] // 2
    classes = methods.classes[first][inside]
    starts = head + CODE_HEADER_UNITS
    stops = starts + units[head + 6].astype(np.int64) + (units[head + 7].astype(np.int64) << 16)
    room = np.append(head[1:], len(units))
    if (stops > room).any():
        ledger.note("code_overlap", dex.name)
        stops = np.minimum(stops, room)
    places = _walk(units, starts, stops, limits, ledger, dex.name)
    bodies = np.searchsorted(starts, places, "right") - 1
    return Listing(units, places, bodies, classes)


def _walk(units: Units, starts: Numbers, stops: Numbers, limits: CodeLimits, ledger: Ledger, name: str) -> Numbers:
    """The places of all instructions between `starts` and `stops`, in order."""
    if not len(starts):
        return np.zeros(0, np.int64)
    base, end = int(starts[0]), int(stops.max())
    steps = _steps(units[base:end])
    seen = np.zeros(max(end - base, 0), np.bool_)
    at, stop = starts - base, stops - base
    for _ in range(limits.steps):
        going = at < stop
        if not going.all():
            at, stop = at[going], stop[going]
        if not len(at):
            break
        seen[at] = True
        at = at + steps[at]
    else:
        ledger.note("limit_reached", f"{name}: instructions of a method")
    return np.flatnonzero(seen) + base


def _steps(units: Units) -> NDArray[np.int32]:
    """How far the next instruction is from every code unit, were there one; tables behind the code are passed over."""
    steps: NDArray[np.int32] = WIDTHS[units & 0xFF]
    tables = np.flatnonzero((units == 0x100) | (units == 0x200) | (units == 0x300))
    tables = tables[tables < len(units) - 3]
    if len(tables):
        kind, count = units[tables], units[tables + 1].astype(np.int64)
        elements = units[tables + 2].astype(np.int64) + (units[tables + 3].astype(np.int64) << 16)
        wide = np.where(kind == 0x100, 2 * count + 4, np.where(kind == 0x200, 4 * count + 2, (elements * count + 1) // 2 + 4))
        steps[tables] = np.minimum(wide, len(units))
    return steps
