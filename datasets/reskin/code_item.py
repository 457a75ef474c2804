"""A code item taken apart: registers, steps, and the stretches that are guarded by handlers."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from datasets.reskin.bytecode import CannotEdit, Step, put_together, take_apart
from datasets.reskin.dex_octets import uleb

_HEAD = struct.Struct("<4H2I")


@dataclass
class Handler:
    """What catches: type numbers with the steps where they are handled; `rest` for all others."""

    caught: list[tuple[int, Step]]
    rest: Step | None


@dataclass
class Guard:
    """A guarded stretch, from `first` up to but not including `stop` (None = the end of the code)."""

    first: Step
    stop: Step | None
    handler: int


@dataclass
class CodeItem:
    """The code of a method."""

    registers: int
    ins: int
    outs: int
    steps: list[Step]
    guards: list[Guard]
    handlers: list[Handler]

    @property
    def instructions(self) -> list[Step]:
        """The steps without tables."""
        return [step for step in self.steps if not step.is_table]


def item_bytes(data: bytes | bytearray, offset: int) -> int:
    """How many bytes the code item at `offset` has."""
    *_, tries, _, size = _HEAD.unpack_from(data, offset)
    end = offset + 16 + 2 * int(size)
    if tries:
        end += 2 * (size & 1) + 8 * tries
        _, end = _read_handlers(data, end)
    return int(end) - offset


def read_item(data: bytes | bytearray, offset: int) -> CodeItem:
    """The code item at `offset`. Raises CannotEdit."""
    registers, ins, outs, tries, _, size = _HEAD.unpack_from(data, offset)
    steps = take_apart(list(struct.unpack_from(f"<{size}H", data, offset + 16)))
    by_place: dict[int, Step] = {step.at: step for step in steps}
    guards: list[Guard] = []
    handlers: list[Handler] = []
    if tries:
        start = offset + 16 + 2 * (size + (size & 1))
        raw, _ = _read_handlers(data, start + 8 * tries)
        order = {place: number for number, (place, _, _) in enumerate(raw)}
        try:
            handlers = [Handler([(kind, by_place[at]) for kind, at in caught], None if rest < 0 else by_place[rest]) for _, caught, rest in raw]
            for number in range(tries):
                first, count, handler = struct.unpack_from("<I2H", data, start + 8 * number)
                guards.append(Guard(by_place[first], by_place.get(first + count), order[handler]))
        except KeyError as missing:
            raise CannotEdit(f"a guard or handler at {missing}, where no instruction begins") from None
    return CodeItem(registers, ins, outs, steps, guards, handlers)


def _read_handlers(data: bytes | bytearray, offset: int) -> tuple[list[tuple[int, list[tuple[int, int]], int]], int]:
    """Place in the list, caught types with addresses, address for the rest (-1 = none); and where the list ends."""
    start = offset
    count, offset = _uleb(data, offset)
    found = []
    for _ in range(count):
        place = offset - start
        size, offset = _sleb(data, offset)
        caught = []
        for _ in range(abs(size)):
            kind, offset = _uleb(data, offset)
            at, offset = _uleb(data, offset)
            caught.append((kind, at))
        rest = -1
        if size <= 0:
            rest, offset = _uleb(data, offset)
        found.append((place, caught, rest))
    return found, offset


def _uleb(data: bytes | bytearray, offset: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[offset]
        offset += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, offset


def _sleb(data: bytes | bytearray, offset: int) -> tuple[int, int]:
    start = offset
    value, offset = _uleb(data, offset)
    bits = 7 * (offset - start)
    return (value - (1 << bits) if value >> (bits - 1) & 1 else value), offset


def _signed(value: int) -> bytes:
    out = bytearray()
    while True:
        byte = value & 0x7F
        value >>= 7
        if (value == 0 and not byte & 0x40) or (value == -1 and byte & 0x40):
            return bytes([*out, byte])
        out.append(byte | 0x80)


def write_item(item: CodeItem) -> bytes:
    """The code item in bytes; it has no debug information. Raises CannotEdit when a jump is too long."""
    units = put_together(item.steps)
    head = _HEAD.pack(item.registers, item.ins, item.outs, len(item.guards), 0, len(units))
    body = head + struct.pack(f"<{len(units)}H", *units)
    if not item.guards:
        return body
    body += bytes(2 * (len(units) & 1))
    listed, places = bytearray(uleb(len(item.handlers))), []
    for one in item.handlers:
        places.append(len(listed))
        listed += _signed(-len(one.caught) if one.rest else len(one.caught))
        for kind, step in one.caught:
            listed += uleb(kind) + uleb(step.at)
        listed += uleb(one.rest.at) if one.rest else b""
    for guard in sorted(item.guards, key=lambda one: one.first.at):
        stop = guard.stop.at if guard.stop else len(units)
        body += struct.pack("<I2H", guard.first.at, stop - guard.first.at, places[guard.handler])
    return body + bytes(listed)
