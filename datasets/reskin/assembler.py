"""Turns lines of code into the units of a DEX: enough instructions for base apps and junk."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from datasets.reskin.dex_model import Body, FieldRef, Line, MethodRef, Operand

# name: opcode and format (of the Dalvik documentation)
FORMATS = {
    "nop": (0x00, "10x"), "move": (0x01, "12x"), "move-object": (0x07, "12x"), "move-result": (0x0A, "11x"),
    "move-result-object": (0x0C, "11x"), "return-void": (0x0E, "10x"), "return": (0x0F, "11x"),
    "return-object": (0x11, "11x"), "const/4": (0x12, "11n"), "const/16": (0x13, "21s"),
    "const-string": (0x1A, "string"), "const-class": (0x1C, "type"), "check-cast": (0x1F, "type"), "throw": (0x27, "11x"),
    "array-length": (0x21, "12x"), "new-instance": (0x22, "type"), "goto": (0x28, "goto"),
    "if-eq": (0x32, "if2"), "if-ne": (0x33, "if2"), "if-lt": (0x34, "if2"), "if-ge": (0x35, "if2"),
    "if-eqz": (0x38, "if1"), "if-nez": (0x39, "if1"), "if-ltz": (0x3A, "if1"), "if-gez": (0x3B, "if1"),
    "aget": (0x44, "23x"), "aget-object": (0x46, "23x"), "aput": (0x4B, "23x"), "aput-object": (0x4D, "23x"),
    "iget": (0x52, "field2"), "iget-object": (0x54, "field2"), "iget-boolean": (0x55, "field2"),
    "iput": (0x59, "field2"), "iput-object": (0x5B, "field2"), "iput-boolean": (0x5C, "field2"),
    "sget": (0x60, "field1"), "sget-object": (0x62, "field1"), "sput-object": (0x69, "field1"),
    "invoke-virtual": (0x6E, "call"), "invoke-super": (0x6F, "call"), "invoke-direct": (0x70, "call"),
    "invoke-static": (0x71, "call"), "invoke-interface": (0x72, "call"), "add-int": (0x90, "23x"),
    "add-int/2addr": (0xB0, "12x"), "mul-int/lit8": (0xDA, "22b"), "add-int/lit8": (0xD8, "22b"), "xor-int/lit8": (0xDF, "22b"),
}  # fmt: skip
_WIDTHS = {"10x": 1, "11x": 1, "12x": 1, "11n": 1, "call": 3, "goto": 2}     # units; all others have 2


@dataclass(frozen=True)
class Numbers:
    """The numbers of all names in a file."""

    strings: Mapping[str, int]
    types: Mapping[str, int]
    fields: Mapping[FieldRef, int]
    methods: Mapping[MethodRef, int]


def assemble(body: Body, numbers: Numbers) -> bytes:
    """A code item without tries and debug information. Raises KeyError for a name or label that is not there."""
    labels, at = {}, 0
    for line in body.lines:
        if line[0] == "label":
            labels[str(line[1])] = at
        else:
            at += _width(line)
    units, at = [], 0
    for line in body.lines:
        if line[0] != "label":
            units += _units(line, at, labels, numbers)
            at += _width(line)
    head = struct.pack("<4H2I", body.registers, body.ins, body.outs, 0, 0, len(units))
    return head + struct.pack(f"<{len(units)}H", *(unit & 0xFFFF for unit in units))


def _width(line: Line) -> int:
    return _WIDTHS.get(FORMATS[str(line[0])][1], 2)


def _units(line: Line, at: int, labels: Mapping[str, int], numbers: Numbers) -> list[int]:
    """The units of one instruction."""
    code, form = FORMATS[str(line[0])]
    given = [_number(one, at, labels, numbers, as_string=form == "string") for one in line[1:]]
    if form == "call":
        return _call(code, given[0], given[1:])
    if form not in _LAYOUTS:
        raise ValueError(f"{line[0]}: no layout for its format {form}")
    return _LAYOUTS[form](code, *given)


def _number(
    operand: Operand, at: int, labels: Mapping[str, int], numbers: Numbers, *, as_string: bool
) -> int:
    """What stands for an operand in the code."""
    if isinstance(operand, int):
        return operand
    if isinstance(operand, MethodRef):
        return numbers.methods[operand]
    if isinstance(operand, FieldRef):
        return numbers.fields[operand]
    if as_string:
        return numbers.strings[operand]
    return labels[operand] - at if operand in labels else numbers.types[operand]


# By format: opcode and operands to units. a and b are registers; names of formats as in Dalvik's documentation.
_LAYOUTS: Mapping[str, Callable[..., list[int]]] = {
    "10x": lambda code: [code],
    "11x": lambda code, a: [a << 8 | code],
    "12x": lambda code, a, b: [b << 12 | a << 8 | code],
    "11n": lambda code, a, value: [(value & 0xF) << 12 | a << 8 | code],
    "21s": lambda code, a, value: [a << 8 | code, value],
    "string": lambda code, a, number: [a << 8 | code, number],
    "type": lambda code, a, number: [a << 8 | code, number],
    "goto": lambda code, distance: [code + 1, distance],
    "if1": lambda code, a, distance: [a << 8 | code, distance],
    "if2": lambda code, a, b, distance: [b << 12 | a << 8 | code, distance],
    "23x": lambda code, a, b, c: [a << 8 | code, c << 8 | b],
    "22b": lambda code, a, b, value: [a << 8 | code, (value & 0xFF) << 8 | b],
    "field1": lambda code, a, number: [a << 8 | code, number],
    "field2": lambda code, a, b, number: [b << 12 | a << 8 | code, number],
}


def _call(code: int, method: int, registers: list[int]) -> list[int]:
    five = [*registers, 0, 0, 0, 0, 0][:5]
    packed = five[3] << 12 | five[2] << 8 | five[1] << 4 | five[0]
    return [len(registers) << 12 | five[4] << 8 | code, method, packed]
