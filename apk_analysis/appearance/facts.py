"""What an app looks like, as frozen types: icon, images, layouts and names."""

from __future__ import annotations

import msgspec
import numpy as np

from apk_analysis.code.facts import no_hashes
from apk_analysis.code.mixing import Hashes
from apk_analysis.evidence import Evidence


def no_looks() -> Hashes:
    """An empty table of perceptual hashes, shape (0, 2)."""
    return np.empty((0, 2), np.uint64)


class Appearance(msgspec.Struct, frozen=True):
    """The appearance of an APK.

    `icon`: shape (crops, 2), pHash and dHash of 64 bit of each normalised crop of the icon, fixed order; empty without one.
    `images`: shape (n, 2), the same of every distinct image that shows something. `files`: of each file that is
    neither code nor signature, from check sum and size in the directory, sorted. `layouts`: hashes of layouts with identifiers left out, sorted.
    `labels`: the names that people see, as written; the default first. `icon_png`: a small PNG for reports.
    """

    icon: Hashes = msgspec.field(default_factory=no_looks)
    images: Hashes = msgspec.field(default_factory=no_looks)
    files: Hashes = msgspec.field(default_factory=no_hashes)
    layouts: Hashes = msgspec.field(default_factory=no_hashes)
    labels: tuple[str, ...] = ()
    icon_png: bytes = b""
    evidence: tuple[Evidence, ...] = ()
    limits_hit: tuple[str, ...] = ()
