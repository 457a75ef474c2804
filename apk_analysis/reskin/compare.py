"""Compares two fingerprints: what they have in common, and how surely one is made from the other."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np

from apk_analysis.appearance.pictures import near, same_icon
from apk_analysis.brands.names import alike
from apk_analysis.code.hash_sets import in_sorted
from apk_analysis.code.mixing import Hashes
from apk_analysis.reskin.channels import KINDS, hashed, salted
from apk_analysis.reskin.fingerprint import Fingerprint, Sketch

SURE, DOUBTFUL = 0.8, 0.35
LEAST_ALIKE = 0.6
SKETCHES = {"methods": "method", "core": "method", "grams": "gram", "files": "file", "layouts": "layout"}
"""Fields of a fingerprint and of a likeness, and the kind of their keys."""
FEW_METHODS, FEW_GRAMS, FEW_FILES, FEW_IMAGES, FEW_COMPONENTS = 6, 24, 8, 5, 4


class Overlap(msgspec.Struct, frozen=True):
    """How many things `a` and `b` have, as far as they can be compared, and how many they share."""

    shared: int = 0
    a: int = 0
    b: int = 0

    @property
    def of_a(self) -> float:
        """Share of a's things that b has."""
        return self.shared / self.a if self.a else 0.0

    @property
    def of_b(self) -> float:
        """Share of b's things that a has."""
        return self.shared / self.b if self.b else 0.0

    @property
    def contained(self) -> float:
        """The larger share: all of one in the other, whatever was added to that."""
        return max(self.of_a, self.of_b)


class Likeness(msgspec.Struct, frozen=True):
    """What two apps share. `app_id`: 1 the same, -1 of one framework and different, 0 not known; `icon` likewise.

    `cores_known`: of both apps there is code in the packages that hold what their manifests start. `same_public_key`: signed with one key that everybody has, which neither joins nor parts them.
    """

    methods: Overlap = Overlap()
    core: Overlap = Overlap()
    grams: Overlap = Overlap()
    files: Overlap = Overlap()
    layouts: Overlap = Overlap()
    images: Overlap = Overlap()
    components: Overlap = Overlap()
    hosts: int = 0
    app_id: int = 0
    icon: int = 0
    same_signer: bool = False
    same_public_key: bool = False
    same_package: bool = False
    same_label: bool = False
    shell: bool = False
    cores_known: bool = False
    probability: float = 0.0

    @property
    def worn(self) -> bool:
        """Whether one wears name and icon of the other, which is of other code and another signer."""
        return self.same_label and self.icon == 1 and not self.same_signer and self.probability < SURE


def compare(a: Fingerprint, b: Fingerprint, library: Hashes) -> Likeness:
    """How alike `a` and `b` are; keys in `library` (sorted) are of many makers and count for nothing."""
    return compare_own(own(a, library), own(b, library))


def own(f: Fingerprint, library: Hashes) -> Fingerprint:
    """The fingerprint without what is in `library`, its sizes as they were."""
    if not len(library):
        return f
    parts = {name: _without(getattr(f, name), kind, library) for name, kind in SKETCHES.items()}
    hosts = f.hosts and tuple(host for host, known in zip(f.hosts, in_sorted(library, salted(hashed(f.hosts), KINDS.index("host"))), strict=True) if not known)
    return msgspec.structs.replace(f, hosts=hosts, **parts)


def _without(part: Sketch, kind: str, library: Hashes) -> Sketch:
    if not len(part.values):
        return part
    return Sketch(part.values[~in_sorted(library, salted(part.values, KINDS.index(kind)))], part.bound, part.size)


def compare_own(a: Fingerprint, b: Fingerprint) -> Likeness:
    """How alike they are, both as `own` gives them."""
    same_name = max(alike(a.name, b.name), alike(b.name, a.name)) >= LEAST_ALIKE
    parts: dict[str, Any] = {name: overlap(getattr(a, name), getattr(b, name)) for name in SKETCHES}
    found = Likeness(
        **parts, images=shared_pictures(a.images, b.images),
        components=_sets(set(a.components), set(b.components)), hosts=len(set(a.hosts) & set(b.hosts)),
        app_id=_app_ids(a, b), icon=_icons(a.icon, b.icon), same_signer=bool(set(a.signers) & set(b.signers)),
        same_public_key=bool(set(a.public_keys) & set(b.public_keys)),
        same_package=bool(a.package) and a.package == b.package, same_label=same_name,
        shell=a.shell_only or b.shell_only, cores_known=min(a.core.size, b.core.size) >= FEW_METHODS,
    )  # fmt: skip
    return msgspec.structs.replace(found, probability=_probability(found))


def overlap(a: Sketch, b: Sketch) -> Overlap:
    """What two sketches share up to the lower of their bounds."""
    bound = np.uint64(min(a.bound, b.bound))
    ours, theirs = (one.values if one.bound == bound else one.values[: np.searchsorted(one.values, bound, "right")] for one in (a, b))
    shared = int(in_sorted(theirs, ours).sum()) if len(ours) and len(theirs) else 0
    return Overlap(shared, len(ours), len(theirs))


def shared_pictures(a: Hashes, b: Hashes) -> Overlap:
    """Pictures of either, shape (n, 2), and how many of the fewer have one like them in the other."""
    if not len(a) or not len(b):
        return Overlap(0, len(a), len(b))
    alike_ones = near(a, b)
    return Overlap(int(min(alike_ones.any(axis=1).sum(), alike_ones.any(axis=0).sum())), len(a), len(b))


def _icons(a: Hashes, b: Hashes) -> int:
    """1 when they show the same, -1 when they do not, 0 without icons."""
    if not len(a) or not len(b):
        return 0
    return 1 if same_icon(a, b) else -1


def _sets(a: set[str], b: set[str]) -> Overlap:
    return Overlap(len(a & b), len(a), len(b))


def _app_ids(a: Fingerprint, b: Fingerprint) -> int:
    if set(a.app_ids) & set(b.app_ids):
        return 1
    of = [{one.partition(":")[0] for one in ids} for ids in (a.app_ids, b.app_ids)]
    return -1 if of[0] & of[1] else 0


# --- how sure --------------------------------------------------------------------------------


def _probability(found: Likeness) -> float:
    """P(one is made from the other), from what was seen on re-skins made here and unrelated apps; a judgement, docs/reskin.md."""
    score = -4.0 + max(_code(found), 0.0 if found.shell else -1.0) + min(_looks(found), 6.0)
    score += {1: 7.0, 0: 0.0, -1: -4.0}[found.app_id]
    return 1 / (1 + math.exp(-score))


def _code(found: Likeness) -> float:
    """Log-odds of the code: the surer of whole methods and 6-grams; junk breaks methods and leaves grams."""
    if found.shell:
        return 0.0
    methods = _contained(found.methods, FEW_METHODS) if found.methods.shared >= FEW_METHODS else -1.0
    grams = _contained(found.grams, FEW_GRAMS) if found.grams.shared >= FEW_GRAMS else -1.0
    best = max(methods, grams)
    if best > 0 and (_one_sided(found) or _beside_the_core(found)) and not _corroborated(found):
        best -= 4.0     # a small app in a large one, or nothing of what either is started by, and nothing else in common: more likely a library nobody has named
    return best


def _contained(part: Overlap, few: int) -> float:
    """From how much of one is in the other, less where there is little of it."""
    enough = min(1.0, 0.5 + 0.5 * part.shared / (4 * few))
    return enough * 20.0 * (part.contained - 0.6)


def _one_sided(found: Likeness) -> bool:
    part = found.grams if found.grams.shared >= FEW_GRAMS else found.methods
    return min(part.of_a, part.of_b) < 0.25


def _beside_the_core(found: Likeness) -> bool:
    """Whether whole methods are shared, but next to none of the packages that hold what the manifests start."""
    return found.cores_known and found.methods.contained >= 0.4 and found.core.contained < 0.1


def _corroborated(found: Likeness) -> bool:
    return any(
        part.shared >= few and part.contained >= 0.4
        for part, few in ((found.files, FEW_FILES), (found.layouts, FEW_COMPONENTS), (found.images, FEW_IMAGES), (found.components, FEW_COMPONENTS))
    )


def _looks(found: Likeness) -> float:
    """Log-odds of everything beside the code."""
    score = 0.0
    for part, few, weight in (
        (found.files, FEW_FILES, 3.0), (found.images, FEW_IMAGES, 3.0), (found.layouts, FEW_COMPONENTS, 2.0), (found.components, FEW_COMPONENTS, 2.0),
    ):  # fmt: skip
        if part.shared >= few:
            score += weight * max(0.0, part.contained - 0.3) / 0.7 * (1.0 if min(part.of_a, part.of_b) >= 0.25 else 0.5)
    return score + (1.0 if found.icon == 1 else 0.0) + min(found.hosts, 2) * 1.0
