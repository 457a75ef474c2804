"""Makes up classes that call each other and the platform, for base apps, libraries and junk."""

from __future__ import annotations

from random import Random

from datasets.reskin.dex_model import Body, Class, FieldRef, Line, Method, MethodRef, Prototype
from datasets.reskin.vocabulary import CALLS, TEXTS, WORDS

_LOCALS = 6


def make_classes(chance: Random, folder: str, count: int) -> list[Class]:
    """Classes that call each other and the platform."""
    names = [f"L{folder}/{chance.choice(WORDS).title()}{number};" for number in range(count)]
    shapes = {name: [_shape(chance, number) for number in range(chance.randrange(3, 8))] for name in names}
    return [_class(chance, name, shapes) for name in names]


def _shape(chance: Random, number: int) -> tuple[str, Prototype]:
    parameters = tuple(chance.choice(("I", "Ljava/lang/String;", "Z", "Ljava/lang/Object;")) for _ in range(chance.randrange(3)))
    return f"{chance.choice(WORDS)}{number}", Prototype(chance.choice(("V", "I", "Ljava/lang/String;")), parameters)


def _class(chance: Random, name: str, shapes: dict[str, list[tuple[str, Prototype]]]) -> Class:
    fields = [FieldRef(name, kind, f"{chance.choice(WORDS)}{number}") for number, kind in enumerate(("I", "Ljava/lang/String;", "Z"))]
    methods = [
        Method(title, prototype, 1, _body(chance, prototype, fields, shapes)) for title, prototype in shapes[name]
    ]
    return Class(name, methods, fields=fields)


def _body(
    chance: Random, prototype: Prototype, fields: list[FieldRef], shapes: dict[str, list[tuple[str, Prototype]]]
) -> Body:
    """Straight pieces with branches over some of them."""
    this = _LOCALS
    lines: list[Line] = [("const/4", 0, 0), ("const/4", 1, 1), ("const-string", 2, chance.choice(TEXTS))]
    for number in range(chance.randrange(4, 14)):
        if chance.random() < 0.35:
            lines.append((chance.choice(("if-eqz", "if-nez", "if-gez")), chance.randrange(2), f"skip{number}"))
        lines += _piece(chance, this, fields, shapes)
        lines.append(("label", f"skip{number}"))
    endings: dict[str, Line] = {"V": ("return-void",), "I": ("return", 0)}
    lines.append(endings.get(prototype.returns, ("return-object", 2)))
    return Body(_LOCALS + 1 + len(prototype.parameters), 1 + len(prototype.parameters), 5, lines)


def _piece(
    chance: Random, this: int, fields: list[FieldRef], shapes: dict[str, list[tuple[str, Prototype]]]
) -> list[Line]:
    """One thing that a method does."""
    kind = chance.randrange(6)
    if kind == 0:
        return [("const-string", 2, chance.choice(TEXTS)), ("iput-object", 2, this, fields[1])]
    if kind == 1:
        return [("iget", 0, this, fields[0]), ("add-int/lit8", 0, 0, chance.randrange(1, 100)), ("iput", 0, this, fields[0])]
    if kind == 2:
        other = chance.choice(list(shapes))
        name, prototype = chance.choice(shapes[other])
        registers = [{"I": 0, "Z": 1}.get(one, 2) for one in prototype.parameters]
        call: Line = ("invoke-virtual", MethodRef(other, name, prototype), 3, *registers)
        return [("new-instance", 3, other), call]
    if kind == 3:
        return [("sget-object", 4, FieldRef("Ljava/lang/System;", "Ljava/io/PrintStream;", "out")), ("const/16", 0, chance.randrange(9_999))]
    return _platform_call(chance)


def _platform_call(chance: Random) -> list[Line]:
    style, method = chance.choice(CALLS)
    registers = [{"I": 0, "Z": 1}.get(one, 2) for one in method.prototype.parameters][:4]
    call: Line = (style, method, *([] if style == "invoke-static" else [2]), *registers)
    lines: list[Line] = [call]
    if method.prototype.returns in {"I", "Z"}:
        lines.append(("move-result", 0))
    elif method.prototype.returns == "Ljava/lang/String;":
        lines.append(("move-result-object", 2))
    return lines
