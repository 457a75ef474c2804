"""The text of a rule file taken apart, as far as the lint must see it: rules, their patterns, and what counts as a change."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

_PIECE = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
    |(?P<text>"(?:[^"\\\n]|\\.)*")
    |(?P<regex>(?<=[=\s(])/(?:[^/\\\n]|\\.)+/[is]*)
    |(?P<hex>(?<==)\s*\{[^{}]*\})""",
    re.VERBOSE | re.DOTALL,
)
_RULE = re.compile(r"^[ \t]*(?:(?:private|global)\s+)*rule\s+(\w+)", re.MULTILINE)
_PATTERN_NAME = re.compile(r"(\$\w*)\s*=\s*$")
_ESCAPE = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|.)")
_VERSION = re.compile(r"\bversion = \d+")


class Pattern(NamedTuple):
    """A pattern of a rule, as written; `line` is 1-based."""

    name: str
    kind: Literal["text", "regex", "hex"]
    body: str
    line: int

    @property
    def fixed_bytes(self) -> int:
        """The length of what it surely holds: of a text all of it, of hex its longest run without wildcards."""
        if self.kind == "text":
            return len(_ESCAPE.sub("x", self.body[1:-1]).encode())
        runs = re.findall(r"(?:\b[0-9A-Fa-f]{2}\s*)+", re.sub(r"\([^)]*\)", "?", self.body))
        return max((len(run.split()) for run in runs), default=0)


class RuleText(NamedTuple):
    """One rule of a file: the name, its first line (1-based), all pieces but comments, and its patterns."""

    identifier: str
    line: int
    code: str
    patterns: tuple[Pattern, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of what it says; layout, comments and the version itself do not count."""
        return hashlib.sha256(_VERSION.sub("", self.code).encode()).hexdigest()


def rules_in(text: str) -> Iterator[RuleText]:
    """The rules of a file that compiles, in order; comments may hold anything."""
    bare = _PIECE.sub(lambda piece: _blank(piece[0]), text)
    starts = [(found.start(), found[1]) for found in _RULE.finditer(bare)]
    ends = [start for start, _ in starts[1:]] + [len(text)]
    for (start, identifier), end in zip(starts, ends, strict=True):
        line = text.count("\n", 0, bare.index("rule", start)) + 1
        yield RuleText(identifier, line, _code(text, start, end), tuple(_patterns(text, start, end)))


def bare_code(text: str) -> str:
    """The file with strings, patterns and comments blanked, lines kept: what is left is names and operators."""
    return _PIECE.sub(lambda piece: _blank(piece[0]), text)


def _patterns(text: str, start: int, end: int) -> Iterator[Pattern]:
    for piece in _PIECE.finditer(text, start, end):
        named = _PATTERN_NAME.search(text, start, piece.start())
        if named and piece.lastgroup in {"text", "regex", "hex"}:
            yield Pattern(named[1], piece.lastgroup, piece[0].strip(), text.count("\n", 0, piece.start()) + 1)  # type: ignore[arg-type]


def _code(text: str, start: int, end: int) -> str:
    parts: list[str] = []
    at = start
    for piece in _PIECE.finditer(text, start, end):
        parts += text[at : piece.start()].split()
        parts += [] if piece["comment"] else [piece[0].strip()]
        at = piece.end()
    return " ".join([*parts, *text[at:end].split()])


def _blank(piece: str) -> str:
    return "".join("\n" if character == "\n" else " " for character in piece)
