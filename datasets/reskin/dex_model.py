"""What a DEX is to hold, as plain types: classes, methods and their instructions, before any number is given out."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, order=True)
class Prototype:
    """Return type and parameter types, as descriptors."""

    returns: str = "V"
    parameters: tuple[str, ...] = ()

    @property
    def shorty(self) -> str:
        """One letter a type."""
        return "".join("L" if one[0] in "[L" else one[0] for one in (self.returns, *self.parameters))


@dataclass(frozen=True)
class MethodRef:
    """A method of a class (`Ljava/lang/String;`)."""

    owner: str
    name: str
    prototype: Prototype = Prototype()


@dataclass(frozen=True)
class FieldRef:
    """A field of a class."""

    owner: str
    kind: str
    name: str


Operand = int | str | MethodRef | FieldRef
# An instruction: its name (`dex_writer.FORMATS`) and operands. "label" NAME marks a place for "goto" and "if-…".
Line = tuple[Operand, ...]


@dataclass
class Body:
    """Code: all registers, those of arguments, room for arguments of calls, and the lines."""

    registers: int
    ins: int
    outs: int
    lines: list[Line]


@dataclass
class Method:
    """A method with its access flags; `body` None = abstract or native."""

    name: str
    prototype: Prototype = Prototype()
    flags: int = 1
    body: Body | None = None

    @property
    def is_direct(self) -> bool:
        """Whether it is static, private or a constructor."""
        return bool(self.flags & 0x1000A) or self.name.startswith("<")


@dataclass
class Class:
    """A class that is defined."""

    name: str
    methods: list[Method] = field(default_factory=list)
    superclass: str = "Ljava/lang/Object;"
    fields: list[FieldRef] = field(default_factory=list)
    flags: int = 1
