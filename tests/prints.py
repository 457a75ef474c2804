"""Fingerprints made up from numbers: equal seeds give equal apps, and two apps share what they are told to share."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import numpy as np

from apk_analysis.code.facts import Module
from apk_analysis.code.mixing import Hashes
from apk_analysis.reskin.fingerprint import Fingerprint, sketch

METHODS, GRAMS, FILES, IMAGES = 80, 200, 20, 8


def hashes(seed: object, count: int) -> Hashes:
    """Sorted made-up hashes."""
    seeds = np.frombuffer(hashlib.sha256(str(seed).encode()).digest(), np.uint32)
    return np.unique(np.random.default_rng(seeds).integers(0, 1 << 64, count, np.uint64))


def looks(seed: object, count: int) -> Hashes:
    """Made-up perceptual hashes, shape (count, 2)."""
    return hashes(f"look {seed}", 2 * count).reshape(-1, 2)


def sha256(name: object) -> str:
    """A digest to be known by."""
    return hashlib.sha256(str(name).encode()).hexdigest()


def app(who: object, code: object | None = None, **fields: Any) -> Fingerprint:
    """The app of this maker. `code`: whose code, files and pictures it has, its own by default."""
    code = who if code is None else code
    own = hashes(f"methods {code}", METHODS)
    made = Fingerprint(
        sha256(who), package=f"com.{who}.app", version_code=1, label=f"App {who}", name=sha256(f"name {who}")[:9], signers=(sha256(f"key of {who}"),),
        methods=sketch(own), grams=sketch(hashes(f"grams {code}", GRAMS)), files=sketch(hashes(f"files {code}", FILES)),
        images=looks(code, IMAGES), icon=looks(f"icon {who}", 5), modules=(Module(f"com.{code}.core", own[:40]), Module(f"com.{code}.ui", own[40:])),
    )  # fmt: skip
    return msgspec.structs.replace(made, **fields)
