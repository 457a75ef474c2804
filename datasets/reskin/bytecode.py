"""Code as a list of steps that know their targets, so that steps can be put in, taken out and moved."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from apk_analysis.code.operations import WIDTHS

GOTO, GOTO_16, GOTO_32 = 0x28, 0x29, 0x2A
_TABLE_USERS = {0x26, 0x2B, 0x2C}       # fill-array-data and the switches
_SWITCH_TABLES = {0x100, 0x200}
_ENDS = {0x0E, 0x0F, 0x10, 0x11, 0x27, GOTO, GOTO_16, GOTO_32}
_NEEDS_THE_ONE_BEFORE = {0x0A, 0x0B, 0x0C, 0x0D}


class CannotEdit(ValueError):
    """The code cannot be taken apart, or a jump would become too long."""


@dataclass(eq=False)
class Step:
    """An instruction or a table behind the code. `targets`: where it jumps; of a table's user, the table.

    A switch's table has the targets of the switch, and `user` is the switch that they are counted from.
    """

    units: list[int]
    targets: list[Step] = field(default_factory=list)
    user: Step | None = None
    at: int = 0

    @property
    def opcode(self) -> int:
        """The operation."""
        return self.units[0] & 0xFF

    @property
    def is_table(self) -> bool:
        """Whether it is data, not an instruction."""
        return self.units[0] in {0x100, 0x200, 0x300}

    @property
    def is_end(self) -> bool:
        """Whether what stands behind it does not run after it."""
        return self.opcode in _ENDS

    @property
    def is_tied(self) -> bool:
        """Whether nothing may be put before it: it takes the result of the step before, or the exception."""
        return self.opcode in _NEEDS_THE_ONE_BEFORE


def take_apart(units: list[int]) -> list[Step]:
    """The steps of a method. Raises CannotEdit where a jump leads between instructions."""
    steps, at = [], 0
    while at < len(units):
        width = _width(units, at)
        steps.append(Step(units[at : at + width], at=at))
        at += width
    by_place = {step.at: step for step in steps}
    try:
        for step in steps:
            _aim(step, by_place)
    except KeyError as missing:
        raise CannotEdit(f"a jump to {missing}, where no instruction begins") from None
    return steps


def _width(units: list[int], at: int) -> int:
    head = units[at]
    if head == 0x100:
        return 4 + 2 * units[at + 1]
    if head == 0x200:
        return 2 + 4 * units[at + 1]
    if head == 0x300:
        return 4 + (units[at + 1] * (units[at + 2] | units[at + 3] << 16) + 1) // 2
    return int(WIDTHS[head & 0xFF])


def _aim(step: Step, by_place: dict[int, Step]) -> None:
    """Find the targets of a step, and of the table that it uses."""
    if step.is_table:
        return
    code = step.opcode
    if code == GOTO:
        distance = (step.units[0] >> 8 ^ 0x80) - 0x80
    elif code == GOTO_16 or 0x32 <= code <= 0x3D:
        distance = (step.units[1] ^ 0x8000) - 0x8000
    elif code == GOTO_32 or code in _TABLE_USERS:
        distance = ((step.units[1] | step.units[2] << 16) ^ 0x80000000) - 0x80000000
    else:
        return
    target = by_place[step.at + distance]
    step.targets = [target]
    if code in _TABLE_USERS and target.units[0] in _SWITCH_TABLES:
        target.user = step
        target.targets = [by_place[step.at + one] for one in _distances(target)]


def _offset_start(table: Step) -> int:
    """The unit where the distances of a switch's table begin."""
    return 4 if table.units[0] == 0x100 else 2 + 2 * table.units[1]


def _distances(table: Step) -> list[int]:
    raw = struct.pack(f"<{len(table.units)}H", *table.units)
    return list(struct.unpack_from(f"<{table.units[1]}i", raw, 2 * _offset_start(table)))


def put_together(steps: list[Step]) -> list[int]:
    """The units of these steps, all jumps counted anew. Raises CannotEdit when one is too long."""
    _place(steps)
    units: list[int] = []
    for step in steps:
        units += [0] * (step.at - len(units))
        units += _encoded(step)
    return units


def _place(steps: list[Step]) -> None:
    """Give every step its place; jumps that have become too long are widened, which moves what follows."""
    for _ in range(len(steps) + 2):
        at, grown = 0, False
        for step in steps:
            at += at & 1 if step.is_table else 0
            step.at = at
            at += len(step.units)
        for step in steps:
            grown |= _widen(step)
        if not grown:
            return
    raise CannotEdit("no layout found")


def _widen(step: Step) -> bool:
    if step.opcode not in {GOTO, GOTO_16} or step.is_table or not step.targets:
        return False
    distance = step.targets[0].at - step.at
    if step.opcode == GOTO and (distance == 0 or not -128 <= distance < 128):
        step.units = [GOTO_16, 0]
        return True
    if step.opcode == GOTO_16 and not -32_768 <= distance < 32_768:
        step.units = [GOTO_32, 0, 0]
        return True
    return False


def _encoded(step: Step) -> list[int]:
    """The units of a step at its place."""
    code, units = step.opcode, list(step.units)
    if step.is_table:
        return _encoded_table(step)
    if not step.targets:
        return units
    distance = step.targets[0].at - step.at
    if code == GOTO:
        return [(distance & 0xFF) << 8 | GOTO]
    if code == GOTO_16 or 0x32 <= code <= 0x3D:
        if not -32_768 <= distance < 32_768:
            raise CannotEdit("a branch has become too long")
        return [units[0], distance & 0xFFFF]
    return [units[0], distance & 0xFFFF, distance >> 16 & 0xFFFF]


def _encoded_table(table: Step) -> list[int]:
    if table.user is None:
        return list(table.units)
    raw = bytearray(struct.pack(f"<{len(table.units)}H", *table.units))
    distances = [target.at - table.user.at for target in table.targets]
    struct.pack_into(f"<{len(distances)}i", raw, 2 * _offset_start(table), *distances)
    return list(struct.unpack(f"<{len(table.units)}H", raw))
