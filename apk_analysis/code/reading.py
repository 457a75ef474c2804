"""From an archive to its code: all DEX files read, fingerprinted and looked through for what they are made with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import repeat

import msgspec
import numpy as np
from numpy.typing import NDArray

from apk_analysis.code.abilities import find_abilities
from apk_analysis.code.dex import Dex, read_dex
from apk_analysis.code.facts import Code, Module
from apk_analysis.code.fingerprints import MOST_LOWEST, Fingerprints, fingerprint
from apk_analysis.code.hash_sets import unique
from apk_analysis.code.libraries import is_library
from apk_analysis.code.limits import CodeLimits
from apk_analysis.code.markers import find_frameworks, find_markers, folded
from apk_analysis.code.members import Heads, code_members, nested_packages, read_heads
from apk_analysis.code.mixing import Hashes
from apk_analysis.code.platform import own_namespace
from apk_analysis.code.shell import is_shell_only, missing_components
from apk_analysis.code.wording import NOTES
from apk_analysis.errors import UnreadableMember
from apk_analysis.evidence import Ledger
from apk_analysis.intake.archive import Archive
from apk_analysis.manifest.facts import Manifest


def read_code(archive: Archive, manifest: Manifest, limits: CodeLimits | None = None) -> Code:
    """The code; what cannot be read is evidence. Raises nothing."""
    limits, ledger = limits or CodeLimits(), Ledger(NOTES)
    heads = read_heads(archive, limits)
    files = _files(archive, heads, limits, ledger)
    if not files and manifest.flags.has_code:
        ledger.note("code_missing")
    defined = _union(one.type_hashes[one.class_types] for one in files)
    classes = [one.class_names() for one in files]
    own = [_of_the_app(names) for names in classes]
    prints = [fingerprint(*each, limits, ledger) for each in zip(files, repeat(defined), own, strict=False)]
    code = _with_markers(_joined(files, prints, classes, limits), archive, classes)
    for name in own_namespace(name for names in classes for name in names):
        ledger.note("framework_defined", name)
    missing = missing_components(manifest, classes)
    if missing:
        ledger.note("components_missing", ", ".join(missing[:3]))
    code = msgspec.structs.replace(
        code,
        shell_only=is_shell_only(code, manifest, len(missing)),
        nested=nested_packages(archive, heads, limits, ledger),
    )
    return msgspec.structs.replace(
        code, evidence=ledger.evidence(), limits_hit=("code",) if "limit_reached" in ledger else (),
    )  # fmt: skip


def _files(archive: Archive, heads: Heads, limits: CodeLimits, ledger: Ledger) -> list[Dex]:
    files = []
    for member in code_members(archive, heads, limits, ledger):
        try:
            files.append(read_dex(member.name, member.data, limits, ledger))
        except UnreadableMember:
            ledger.note("dex_unreadable", member.name)
    return files


def _joined(
    files: Sequence[Dex], prints: Sequence[Fingerprints], classes: Sequence[list[str]], limits: CodeLimits
) -> Code:
    """The fingerprints of all DEX files together."""
    code = Code(
        methods=sum(one.defined for one in prints),
        method_hashes=_union(one.methods for one in prints),
        gram_sketch=_union(one.grams for one in prints),
        opcode_sketch=_union(one.opcode_grams for one in prints),
        class_hashes=_union(one.classes for one in prints),
        apis=_union(one.apis for one in prints),
        lowest_grams=_union(one.lowest_grams for one in prints)[:MOST_LOWEST],
        own_grams=_union(one.own_grams for one in prints)[:MOST_LOWEST],
        modules=_modules(prints, classes, limits),
    )
    return msgspec.structs.replace(code, strings=tuple(one.string_data() for one in files))


def _modules(
    prints: Sequence[Fingerprints], classes: Sequence[list[str]], limits: CodeLimits
) -> tuple[Module, ...]:
    """Packages by name; of too many the largest."""
    parts: dict[str, list[Hashes]] = {}
    for one, names in zip(prints, classes, strict=True):
        packages = [package_of(name) for name in names]
        order = np.argsort(one.method_classes, kind="stable")
        rows, starts = np.unique(one.method_classes[order], return_index=True)
        for row, hashes in zip(rows.tolist(), np.split(one.methods[order], starts[1:]), strict=False):
            parts.setdefault(packages[row], []).append(hashes)
    modules = [Module(name, unique(np.concatenate(hashes))) for name, hashes in parts.items()]
    largest = sorted(modules, key=lambda module: (-len(module.method_hashes), module.name))[: limits.modules]
    return tuple(sorted(largest, key=lambda module: module.name))


def _of_the_app(descriptors: Sequence[str]) -> NDArray[np.bool_]:
    """Of each class whether it belongs to no library known by name."""
    packages = [package_of(one) for one in descriptors]
    of_library = {one: is_library(one) for one in set(packages)}
    return np.array([not of_library[one] for one in packages], np.bool_)


def package_of(descriptor: str) -> str:
    """The package of a class (`Lcom/example/Main;` → `com.example`)."""
    return descriptor[1:].rpartition("/")[0].replace("/", ".")


def _with_markers(code: Code, archive: Archive, classes: Sequence[list[str]]) -> Code:
    """And what the app is made with."""
    members = folded(entry.name for entry in archive.entries)
    names = {name[1:-1].replace("/", ".").lower() for each in classes for name in each}
    packages = {name.rpartition(".")[0] + "." for name in names}
    kits = find_markers("kits.yaml", members, packages)
    return msgspec.structs.replace(
        code,
        packers=tuple(row.name for row in find_markers("packers.yaml", members, names)),
        frameworks=find_frameworks(archive, members, packages),
        kits=tuple(row.name for row in kits),
        abilities=find_abilities(code.apis, code.strings),
    )


def _union(parts: Iterable[Hashes]) -> Hashes:
    found = list(parts)
    return unique(np.concatenate(found)) if found else np.empty(0, np.uint64)
