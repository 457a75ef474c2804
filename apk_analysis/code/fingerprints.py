"""Fingerprints of the methods of a DEX: hashes of their flow, and sketches of its 6-grams."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from apk_analysis.code.dex import Dex, Numbers
from apk_analysis.code.disassembly import Listing, disassemble
from apk_analysis.code.flow import Flow, follow
from apk_analysis.code.hash_sets import unique
from apk_analysis.code.limits import CodeLimits
from apk_analysis.code.methods import read_methods
from apk_analysis.code.mixing import PRIME, Hashes, mix
from apk_analysis.code.operations import IS_INVOKE, KEYS
from apk_analysis.code.platform import platform_types
from apk_analysis.evidence import Ledger

SHORTEST_METHOD = 8         # kept operations: shorter ones (getters, bridges) are the same everywhere
SMALLEST_CLASS = 16
GRAM = 6
SKETCH_EVERY = np.uint64(64)
MOST_LOWEST = 4_096
_SQUARE, _FOURTH = np.uint64(pow(int(PRIME), 2, 1 << 64)), np.uint64(pow(int(PRIME), 4, 1 << 64))
_ENTRY, _OWN, _CALL = np.uint64(0x9E3779B97F4A7C15), np.uint64(0x2A), np.uint64(0x3E)


class Fingerprints(msgspec.Struct, frozen=True):
    """Of one DEX: `methods` and `classes` of those with enough operations, `method_classes` their rows.

    `grams`, `opcode_grams`: sketches, sorted; `lowest_grams`: the lowest of all, `own_grams` the lowest of classes of the app's own. `apis`: hashes of what is called of the platform. `defined`: number of methods.
    """

    defined: int
    methods: Hashes
    method_classes: Numbers
    classes: Hashes
    grams: Hashes
    lowest_grams: Hashes
    own_grams: Hashes
    opcode_grams: Hashes
    apis: Hashes


def fingerprint(
    dex: Dex, defined: Hashes, own: NDArray[np.bool_], limits: CodeLimits, ledger: Ledger
) -> Fingerprints:
    """The fingerprints of a DEX; `defined`: hashes of all types that the APK defines, `own`: whether a class of the DEX is in no known library."""
    methods = read_methods(dex, limits, ledger)
    listing = disassemble(dex, methods, limits, ledger)
    flow = follow(listing)
    calls, apis = _calls(dex, defined)
    plain = KEYS[flow.operations]
    keys = _keys(plain, flow, listing, calls)
    ahead = _ahead(flow.following)
    grams, opcode_grams, whole = _grams(keys, ahead), _grams(plain, ahead), ahead.fifth < len(keys)
    hashes, sizes, bodies = _bodies(grams, flow)
    ours = whole & own[listing.body_classes[flow.bodies]] if len(own) else whole
    return Fingerprints(
        len(methods.classes),
        hashes[sizes >= SHORTEST_METHOD], listing.body_classes[bodies[sizes >= SHORTEST_METHOD]],
        _classes(hashes, sizes, listing.body_classes[bodies]),
        _sketch(grams[whole]), lowest(grams[whole]), lowest(grams[ours]), _sketch(opcode_grams[whole]), apis,
    )  # fmt: skip


def _calls(dex: Dex, defined: Hashes) -> tuple[Hashes, Hashes]:
    """For each method identifier the hash that stands for a call of it; and the hashes of the platform's calls alone."""
    types, names = dex.method_types, dex.hashes_of(dex.method_names)
    if not len(types):
        return names, names
    platform = platform_types(dex, defined)[types]
    apis = mix(dex.type_hashes[types] * PRIME + names)
    shorties = dex.hashes_of(dex.shorties)
    own = mix(shorties[dex.method_prototypes] ^ _OWN) if len(shorties) else np.zeros(len(types), np.uint64)
    return np.where(platform, apis, own), unique(apis[platform])


def api_hash(class_hash: int, name_hash: int) -> int:
    """The hash of a call of the platform, as in `Fingerprints.apis`."""
    return int(mix(np.array([class_hash], np.uint64) * PRIME + np.array([name_hash], np.uint64))[0])


def _keys(plain: Hashes, flow: Flow, listing: Listing, calls: Hashes) -> Hashes:
    """What stands for each operation: for a call what is called, else the opcode."""
    keys = plain.copy()
    invokes = np.flatnonzero(IS_INVOKE[flow.operations] & (flow.places + 1 < len(listing.units)))
    called = listing.units[flow.places[invokes] + 1].astype(np.int64)
    known = called < len(calls)
    keys[invokes[known]] = calls[called[known]] ^ _CALL
    return keys


class _Ahead(NamedTuple):
    """Of each operation, and of none behind the last, the index of the one that runs next, after two, and after five; the number of all = none."""

    first: Numbers
    second: Numbers
    fifth: Numbers


def _ahead(following: Numbers) -> _Ahead:
    first = np.append(following, len(following))
    second = first[first]
    return _Ahead(first, second, first[second[second]][:-1])


def _grams(keys: Hashes, ahead: _Ahead) -> Hashes:
    """The hash of each operation with the five that run after it."""
    one = np.append(keys, np.uint64(0))
    two = one[ahead.first]
    two += one * PRIME
    four = two[ahead.second]
    four += two * _SQUARE
    six = four[ahead.second]
    six += two * _FOURTH
    return mix(six[:-1])


def _bodies(grams: Hashes, flow: Flow) -> tuple[Hashes, Numbers, Numbers]:
    """Hash, number of operations and index of each body: the sum of its grams, which no order of blocks changes."""
    if not len(grams):
        nothing = np.zeros(0, np.int64)
        return grams, nothing, nothing
    starts = np.concatenate(([0], np.flatnonzero(np.diff(flow.bodies)) + 1))
    sizes = np.diff(np.append(starts, len(grams)))
    sums = np.add.reduceat(grams, starts)
    bodies = flow.bodies[starts]
    entries = flow.entries[flow.entry_bodies.searchsorted(bodies)]
    known = entries < len(grams)
    first = np.where(known, grams[np.minimum(entries, len(grams) - 1)], 0)
    return mix(sums + mix(first ^ _ENTRY) + sizes.astype(np.uint64)), sizes, bodies


def _classes(hashes: Hashes, sizes: Numbers, classes: Numbers) -> Hashes:
    """A hash of each class over all its methods, in no order; classes with next to no code are left out."""
    if not len(hashes):
        return hashes
    order = np.argsort(classes, kind="stable")
    starts = np.concatenate(([0], np.flatnonzero(np.diff(classes[order])) + 1))
    sums = mix(np.add.reduceat(mix(hashes[order]), starts))
    return unique(sums[np.add.reduceat(sizes[order], starts) >= SMALLEST_CLASS])


def _sketch(grams: Hashes) -> Hashes:
    return unique(grams[grams % SKETCH_EVERY == 0])


def lowest(grams: Hashes) -> Hashes:
    """The 4,096 lowest of these, sorted, each once."""
    if len(grams) > 1 << 16:        # enough are below this for sure, unless they repeat a lot
        bound = np.uint64((1 << 63) // (len(grams) >> 15))
        few = unique(grams[grams < bound])
        if len(few) >= MOST_LOWEST:
            return few[:MOST_LOWEST]
    return unique(grams)[:MOST_LOWEST]
