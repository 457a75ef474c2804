"""Junk and detours in the code of methods, put in where no value that is needed can be lost."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from random import Random

from datasets.reskin.bytecode import GOTO, CannotEdit, Step
from datasets.reskin.code_item import CodeItem, read_item, write_item
from datasets.reskin.dex_edit import replace_code

Change = Callable[[Random, CodeItem], bool]
_CONSTS = range(0x12, 0x1A)
_ARITHMETIC = (0xD8, 0xDA, 0xDD, 0xDE, 0xDF)      # add, mul, and, or, xor by a literal
SMALLEST_STEPS = 4


def change_code(dex: bytes, change: Change, share: float, seed: int) -> tuple[bytes, int]:
    """`dex` with `change` made in this share of the methods, and in how many it was."""
    chance, changed = Random(seed), 0

    def edit(data: bytes | bytearray, offset: int) -> bytes | None:
        nonlocal changed
        if chance.random() >= share:
            return None
        try:
            item = read_item(data, offset)
            if len(item.instructions) < SMALLEST_STEPS or not change(chance, item):
                return None
            written = write_item(item)
        except CannotEdit:
            return None
        changed += 1
        return written

    return replace_code(dex, edit), changed


def add_nops(chance: Random, item: CodeItem) -> bool:
    """NOPs before a third of all instructions."""
    return _insert(item, {id(step): [Step([0])] for step in _open(item) if chance.random() < 0.33})


def add_dead_arithmetic(chance: Random, item: CodeItem) -> bool:
    """Arithmetic in registers that are about to be overwritten by a constant."""
    return _insert(item, {
        id(step): _arithmetic(chance, _target(step)) for step in item.instructions
        if not step.is_table and step.opcode in _CONSTS and chance.random() < 0.8
    } | _at_entry(chance, item))  # fmt: skip


def add_opaque_branches(chance: Random, item: CodeItem) -> bool:
    """Branches that are never taken, on registers that are about to be overwritten by a constant."""
    added: dict[int, list[Step]] = {}
    for step in item.instructions:
        if step.opcode in _CONSTS and chance.random() < 0.5:
            register = _target(step)
            added[id(step)] = [*_arithmetic(chance, register), Step([register << 8 | 0x39, 0], [step])]
    return _insert(item, added)


def add_hops(chance: Random, item: CodeItem) -> bool:
    """Jumps to the next instruction."""
    return _insert(item, {id(step): [Step([GOTO], [step])] for step in _open(item) if chance.random() < 0.25})


def reorder_blocks(chance: Random, item: CodeItem) -> bool:
    """Pieces of the code in another order, held together by jumps; not where handlers guard anything."""
    if item.guards or len(item.instructions) < 2 * SMALLEST_STEPS:
        return False
    places = {id(step): number for number, step in enumerate(item.steps)}
    cuts = sorted(chance.sample(_open(item)[1:], min(3, len(_open(item)) - 1)), key=lambda step: places[id(step)])
    last = places[id(item.instructions[-1])] + 1
    borders = [0, *(places[id(step)] for step in cuts), last]
    blocks = [item.steps[a:b] for a, b in itertools.pairwise(borders)]
    for block, following in itertools.pairwise(blocks):
        if not block[-1].is_end:
            block.append(Step([GOTO], [following[0]]))
    rest = blocks[1:]
    chance.shuffle(rest)
    item.steps[:last] = [step for block in [blocks[0], *rest] for step in block]
    return True


def _open(item: CodeItem) -> list[Step]:
    """The instructions before which something may be put; the first is left in its place."""
    return [step for step in item.instructions[1:] if not step.is_tied]


def _insert(item: CodeItem, added: dict[int, list[Step]]) -> bool:
    """Put steps before others, by id."""
    item.steps = [one for step in item.steps for one in [*added.get(id(step), []), step]]
    return bool(added)


def _target(step: Step) -> int:
    """The register that a constant is written to."""
    register = step.units[0] >> 8
    return register & 0xF if step.opcode == 0x12 else register


def _arithmetic(chance: Random, register: int) -> list[Step]:
    steps = [Step([register << 8 | 0x13, chance.randrange(1 << 15)])]
    for _ in range(chance.randrange(1, 4)):
        code = chance.choice(_ARITHMETIC)
        steps.append(Step([register << 8 | code, chance.randrange(1, 100) << 8 | register]))
    return steps


def _at_entry(chance: Random, item: CodeItem) -> dict[int, list[Step]]:
    """Arithmetic before the first instruction, where the method has a register of its own."""
    if item.registers <= item.ins:
        return {}
    return {id(item.steps[0]): _arithmetic(chance, 0)}
