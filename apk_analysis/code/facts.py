"""What the code of an APK is, as frozen types: fingerprints of all its methods, and what it is built with."""

from __future__ import annotations

import msgspec
import numpy as np

from apk_analysis.code.mixing import Hashes
from apk_analysis.evidence import Evidence


def no_hashes() -> Hashes:
    """An empty set of hashes."""
    return np.empty(0, np.uint64)


class Module(msgspec.Struct, frozen=True):
    """A package of classes (`com.example.ui`), with the method hashes in it: tells which part of two apps is the same."""

    name: str
    method_hashes: Hashes


class Framework(msgspec.Struct, frozen=True):
    """What an app was made with (uni-app, APICloud, Cordova, Flutter …); `app_id` is "" where it has none."""

    name: str
    app_id: str = ""


class Nested(msgspec.Struct, frozen=True):
    """Another installable package or DEX inside of the APK."""

    name: str
    kind: str       # "apk" or "dex"
    sha256: str
    size_bytes: int


class Code(msgspec.Struct, frozen=True):
    """The code of an APK. Sets of hashes are sorted, without repeats, little-endian 64 bit.

    `method_hashes`: of each method with at least 8 operations that say something (calls, fields, branches,
    strings; not constants, arithmetic, moves, jumps), in the order of its flow (F1). `gram_sketch`: of its
    6-grams those with h % 64 == 0 (F2); `opcode_sketch` the same over operations alone, which survives
    every renaming. `class_hashes`: a class as the hash of its method hashes (F3). `apis`: framework
    calls (F4). `lowest_grams`: the 4,096 lowest of all 6-grams, so of a small app all of them; two of
    these sets can be compared up to the lower of their highest values, where both have 4,096.
    `own_grams`: as `lowest_grams`, of classes that are in no library known by name.
    `shell_only`: the DEX is a packer's; its fingerprints say nothing about the app. `strings`: the
    string data of each DEX (MUTF-8, NUL behind each).
    """

    methods: int = 0
    method_hashes: Hashes = msgspec.field(default_factory=no_hashes)
    gram_sketch: Hashes = msgspec.field(default_factory=no_hashes)
    opcode_sketch: Hashes = msgspec.field(default_factory=no_hashes)
    class_hashes: Hashes = msgspec.field(default_factory=no_hashes)
    apis: Hashes = msgspec.field(default_factory=no_hashes)
    lowest_grams: Hashes = msgspec.field(default_factory=no_hashes)
    own_grams: Hashes = msgspec.field(default_factory=no_hashes)
    modules: tuple[Module, ...] = ()
    frameworks: tuple[Framework, ...] = ()
    packers: tuple[str, ...] = ()
    kits: tuple[str, ...] = ()
    abilities: tuple[str, ...] = ()
    shell_only: bool = False
    nested: tuple[Nested, ...] = ()
    strings: tuple[bytes, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    limits_hit: tuple[str, ...] = ()
