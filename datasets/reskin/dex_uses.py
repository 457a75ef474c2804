"""Which names a set of classes uses, and in what order they have to stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from datasets.reskin.dex_model import Class, FieldRef, MethodRef

Item = TypeVar("Item")


class Used:
    """What the classes name."""

    def __init__(self, classes: Iterable[Class]) -> None:
        self.strings: set[str] = set()
        self.types: set[str] = set()
        self.fields: set[FieldRef] = set()
        self.methods: set[MethodRef] = set()
        for one in classes:
            self.types |= {one.name, one.superclass}
            self.fields |= set(one.fields)
            for method in one.methods:
                self.methods.add(MethodRef(one.name, method.name, method.prototype))
                for line in method.body.lines if method.body else ():
                    self._line(line)

    def _line(self, line: Sequence[object]) -> None:
        name = line[0]
        if name in {"label", "goto"} or str(name).startswith("if-"):
            return
        for operand in line[1:]:
            if isinstance(operand, MethodRef):
                self.methods.add(operand)
            elif isinstance(operand, FieldRef):
                self.fields.add(operand)
            elif isinstance(operand, str):
                (self.strings if name == "const-string" else self.types).add(operand)


def numbered(items: Iterable[Item], key: Callable[[Item], Any]) -> dict[Item, int]:
    """The items in the order of `key`, with their numbers."""
    return {one: number for number, one in enumerate(sorted(items, key=key))}


def parents_first(classes: Sequence[Class]) -> list[Class]:
    """A superclass stands before its subclasses."""
    by_name = {one.name: one for one in classes}
    ordered: dict[str, Class] = {}

    def place(one: Class) -> None:
        if one.name not in ordered:
            if one.superclass in by_name:
                place(by_name[one.superclass])
            ordered[one.name] = one

    for one in classes:
        place(one)
    return list(ordered.values())
