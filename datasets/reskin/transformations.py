"""The honest re-skins by code: each takes an APK apart, changes it, and puts it together under another key."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from types import MappingProxyType

from datasets.reskin.class_maker import make_classes
from datasets.reskin.code_changes import (
    Change,
    add_dead_arithmetic,
    add_hops,
    add_nops,
    add_opaque_branches,
    change_code,
    reorder_blocks,
)
from datasets.reskin.dex_names import edit_strings, rename_classes
from datasets.reskin.dex_writer import write_dex
from datasets.reskin.packing import Members, pack, pack_signed, unpack
from datasets.reskin.signing import Key, make_key, sign
from datasets.reskin.surface import (
    change_assets,
    change_icon,
    change_texts,
    recolour,
    relabel,
    rename_in_manifest,
    rename_package,
)
from datasets.reskin.zip_tricks import play_trick

Step = Callable[[Members, Random], str]
_DEX = re.compile(r"classes(\d*)\.dex")


@dataclass(frozen=True)
class Reskin:
    """A re-skinned APK, the code of what was done, and what it was in words."""

    apk: bytes
    transformation: str
    done: str


def _code(change: Change, share: float) -> Step:
    """A step that changes the code of a share of all methods."""

    def step(members: Members, chance: Random) -> str:
        total = 0
        for name in _dex_names(members):
            members[name], changed = change_code(members[name], change, share, chance.randrange(1 << 30))
            total += changed
        return f"{change.__name__} in {total} methods"

    return step


def _dex_names(members: Members) -> list[str]:
    return [name for name in members if _DEX.fullmatch(name)]


def _next_dex(members: Members) -> str:
    numbers = [int(_DEX.fullmatch(name)[1] or 1) for name in _dex_names(members)]  # type: ignore[index]
    return f"classes{max(numbers, default=1) + 1}.dex"


def _rename_classes(members: Members, chance: Random) -> str:
    files = _dex_names(members)
    renamed, names = rename_classes([members[name] for name in files], chance.randrange(1 << 30))
    members.update(zip(files, renamed, strict=True))
    rename_in_manifest(members, names)
    return f"{len(names)} classes renamed"


def _edit_strings(members: Members, chance: Random) -> str:
    total = 0
    for name in _dex_names(members):
        members[name], changed = edit_strings(members[name], 0.3, chance.randrange(1 << 30))
        total += changed
    return f"{total} strings changed"


def _junk_classes(share: float) -> Step:
    """A step that adds made-up classes: this share of the size of the code."""

    def step(members: Members, chance: Random) -> str:
        size_bytes = sum(len(members[name]) for name in _dex_names(members))
        count = max(int(size_bytes * share) // 2_000, 1)
        members[_next_dex(members)] = write_dex(make_classes(chance, f"com/junk{chance.randrange(1000)}/a", count))
        return f"{count} junk classes"

    return step


def _add_library(members: Members, chance: Random) -> str:
    """A library of 2,000 methods and more."""
    number = chance.randrange(1000)
    members[_next_dex(members)] = write_dex(make_classes(Random(f"added {number}"), f"org/added{number}", 420))
    return f"library {number} added"


def _nothing(_members: Members, _chance: Random) -> str:
    return "signed anew"


# Codes as in the literature (T0 …), with a letter where there are several of a kind.
STEPS: Mapping[str, tuple[Step, ...]] = MappingProxyType({
    "T0-resign": (_nothing,),
    "T2-label": (relabel,),
    "T2-icon": (change_icon,),
    "T2-images": (relabel, change_icon, recolour),
    "T3-package": (rename_package,),
    "T4-strings": (_edit_strings, change_texts, change_assets),
    "T5-classes": (_rename_classes,),
    "T6-nops": (_code(add_nops, 1.0),),
    "T6-arithmetic": (_code(add_dead_arithmetic, 0.3),),
    "T6-opaque": (_code(add_opaque_branches, 0.3),),
    "T6-hops": (_code(add_hops, 0.6),),
    "T6-blocks": (_code(reorder_blocks, 0.6),),
    "T6-junk-classes": (_junk_classes(0.3),),
    "T7-library": (_add_library,),
    "T8-all": (
        rename_package, relabel, change_icon, recolour, _edit_strings, change_texts, change_assets, _rename_classes,
        _code(add_dead_arithmetic, 0.3), _code(add_hops, 0.3), _junk_classes(0.15),
    ),
    "T9-zip-trick": (relabel, _nothing),
})  # fmt: skip


def reskin(apk: bytes, transformation: str, seed: int, key: Key | None = None) -> Reskin:
    """`apk` re-skinned by this code of STEPS and signed by another key (v1 and v2). Raises KeyError for an unknown code."""
    chance, members = Random(f"{transformation} {seed}"), unpack(apk)
    key = key or make_key(name=f"Signer {seed}")
    done = [step(members, chance) for step in STEPS[transformation]]
    if transformation == "T9-zip-trick":
        tricked, trick = play_trick(pack(members), chance)
        return Reskin(sign(tricked, key, schemes=("v2",)), transformation, "; ".join([*done, trick]))
    return Reskin(pack_signed(members, key), transformation, "; ".join(done))
