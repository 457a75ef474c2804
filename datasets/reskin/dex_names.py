"""Other names and texts in a DEX, chosen so that its strings stay in order and no number changes."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Mapping, Sequence
from random import Random

from datasets.reskin.dex_edit import by_units, in_order, read_strings, replace_dex_strings
from datasets.reskin.vocabulary import WORDS

_DESCRIPTOR = re.compile(rb"L[\w$/\-]+;")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_FRAMEWORK = (b"Landroid", b"Ljava", b"Ldalvik/", b"Lkotlin", b"Lorg/json/", b"Lorg/xml")
_TRIES = 400


def rename_classes(files: Sequence[bytes], seed: int, prefix: str = "") -> tuple[list[bytes], dict[str, str]]:
    """All DEX files of an app with the classes of a package (`Lcom/example/`, "" = the largest one) renamed alike.

    Also what became of each class. Arrays of them are renamed too. Nothing is renamed where no name fits between
    its neighbours in every file.
    """
    tables = [read_strings(dex) for dex in files]
    wanted = prefix.encode() or _largest_package(zip(files, tables, strict=True))
    chance = Random(seed)
    for _ in range(_TRIES):
        new = f"L{chance.choice(_LETTERS)}{chance.choice(WORDS)}/{chance.choice(WORDS)}{chance.randrange(99)}/".encode()
        names = _new_names(tables, wanted, _near(chance, wanted, new))
        renamed = [[_renamed(text, names) for text in strings] for strings in tables]
        if names and all(map(in_order, renamed)):
            written = [replace_dex_strings(dex, strings) for dex, strings in zip(files, renamed, strict=True)]
            return written, {old.decode(): new.decode() for old, new in names.items() if _DESCRIPTOR.fullmatch(old)}
    return list(files), {}


def _near(chance: Random, old: bytes, new: bytes) -> bytes:
    """A new package: a wholly new one, or one that begins like the old."""
    keep = chance.randrange(len(old))
    return new if keep < 3 else old[:keep] + new[1:]


def _largest_package(files: Iterable[tuple[bytes, list[bytes]]]) -> bytes:
    """The package of which most classes are defined."""
    counts: dict[bytes, int] = {}
    for dex, strings in files:
        types_start = struct.unpack_from("<I", dex, 0x44)[0]
        count, start = struct.unpack_from("<2I", dex, 0x60)
        for row in range(start, start + 32 * count, 32):
            (kind,) = struct.unpack_from("<I", dex, row)
            name = strings[struct.unpack_from("<I", dex, types_start + 4 * kind)[0]]
            package = name[: name.rfind(b"/") + 1]
            if package and not package.startswith(_FRAMEWORK):
                counts[package] = counts.get(package, 0) + 1
    return max(counts, key=lambda one: (counts[one], one), default=b"Lnothing/here/")


def _new_names(tables: Sequence[list[bytes]], old: bytes, new: bytes) -> dict[bytes, bytes]:
    """New names of all strings of the package, in the order of the old ones."""
    members = sorted({text for strings in tables for text in strings if text.startswith(old)})
    return {
        text: new + _short(number) + text[-1:] if text.endswith((b";", b"<")) else new + text[len(old) :]
        for number, text in enumerate(members)
    }


def _renamed(text: bytes, names: Mapping[bytes, bytes]) -> bytes:
    """A string of the file; of an array the type of its elements is renamed."""
    bare = text.lstrip(b"[")
    return text[: len(text) - len(bare)] + names.get(bare, bare)


def _short(number: int) -> bytes:
    """Names of three letters, in order."""
    return bytes(97 + number // 26**place % 26 for place in (2, 1, 0))


def edit_strings(dex: bytes, share: float, seed: int) -> tuple[bytes, int]:
    """`dex` with this share of its longer strings, and all URLs, changed; and how many were."""
    strings, chance, changed = read_strings(dex), Random(seed), 0
    names = _names(dex)
    for number, text in enumerate(strings):
        is_url = text.startswith((b"http://", b"https://", b"ws"))
        if number in names or len(text) < 4 or not (is_url or chance.random() < share):
            continue
        low = strings[number - 1] if number else b""
        high = strings[number + 1] if number + 1 < len(strings) else b"\xff"
        new = _between(chance, text, low, high)
        if new:
            strings[number], changed = new, changed + 1
    return replace_dex_strings(dex, strings), changed


def _between(chance: Random, text: bytes, low: bytes, high: bytes) -> bytes:
    """Another text that stands in the same place; empty when none was found."""
    for _ in range(20):
        keep = chance.randrange(3, len(text))
        tail = "".join(chance.choice(_LETTERS + "/.") for _ in range(chance.randrange(3, 20))).encode()
        head = text[:keep]
        while head and head[-1] >= 0x80:
            head = head[:-1]
        if by_units(low) < by_units(head + tail) < by_units(high) and head + tail != text:
            return head + tail
    return b""


def _names(dex: bytes) -> set[int]:
    """Numbers of the strings that name types, prototypes, fields or methods, or source files."""
    numbers: set[int] = set()
    for place, size, at in ((0x40, 4, 0), (0x48, 12, 0), (0x50, 8, 4), (0x58, 8, 4), (0x60, 32, 16)):
        count, start = struct.unpack_from("<2I", dex, place)
        numbers |= {struct.unpack_from("<I", dex, start + size * row + at)[0] for row in range(count)}
    return numbers
