"""The keys of a fingerprint in the index: one 64-bit number for each thing that two apps can have in common.

All kinds of things share one table; a kind's salt keeps them apart.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec
import numpy as np

from apk_analysis.code.hash_sets import unique
from apk_analysis.code.mixing import Hashes, mix
from apk_analysis.reskin.fingerprint import Fingerprint

KINDS = ("method", "gram", "file", "layout", "image", "icon", "app_id", "signer", "host", "package", "label")
VOTES = np.array([1.0, 0.5, 0.5, 0.5, 2.0, 2.0, 30.0, 5.0, 5.0, 3.0, 3.0])
"""How much one thing in common counts when candidates are ranked."""
SEGMENTS = 4
"""A picture's 64 bits in segments of 16: two pictures that differ in three bits have one of them in common."""


class Keys(msgspec.Struct, frozen=True):
    """Keys, sorted, each once, with the number of their kind."""

    values: Hashes
    kinds: np.ndarray


def keys_of(fingerprint: Fingerprint) -> Keys:
    """All keys of a fingerprint."""
    f = fingerprint
    parts = (
        f.methods.values, f.grams.values, f.files.values, f.layouts.values, f.images[:, 0] if len(f.images) else f.images.reshape(-1),
        _segments(f.icon), hashed(f.app_ids), hashed(f.signers), hashed(f.hosts), hashed((f.package,) if f.package else ()), hashed((f.name,) if f.name else ()),
    )  # fmt: skip
    values = np.concatenate([salted(part, kind) for kind, part in enumerate(parts)])
    kinds = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    once, first = np.unique(values, return_index=True)
    return Keys(once, kinds[first])


def salted(values: Hashes, kind: int) -> Hashes:
    """The keys of values of this kind."""
    return mix(values ^ np.uint64(kind * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF))


def _segments(icon: Hashes) -> Hashes:
    """Each 16 bits of the pHash of each crop of the icon, with their place."""
    if not len(icon):
        return np.empty(0, np.uint64)
    parts = [icon[:, 0] >> np.uint64(16 * i) & np.uint64(0xFFFF) | np.uint64(i << 16) for i in range(SEGMENTS)]
    return unique(np.concatenate(parts))


def hashed(texts: Iterable[str]) -> Hashes:
    """Numbers for texts, in their order."""
    numbers = [int.from_bytes(hashlib.sha256(one.encode("utf-8", "surrogatepass")).digest()[:8], "little") for one in texts]
    return np.array(numbers, np.uint64)
