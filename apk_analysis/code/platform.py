"""Which types belong to Android and Java: what is called there says more than the name of any class of the app."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from apk_analysis.code.dex import Bytes, Dex, Numbers
from apk_analysis.code.hash_sets import in_sorted
from apk_analysis.code.mixing import Hashes

NAMESPACES = (
    b"Landroid/", b"Ljava/", b"Ljavax/", b"Ldalvik/", b"Lorg/json/", b"Lorg/w3c/dom/", b"Lorg/xml/sax/",
    b"Lorg/xmlpull/", b"Lorg/apache/http/", b"Lcom/android/internal/", b"Llibcore/", b"Lsun/misc/",
)  # fmt: skip
BUNDLED = (b"Landroid/support/", b"Landroid/arch/", b"Ljavax/inject/", b"Ljavax/annotation/")      # libraries that come with the app


def platform_types(dex: Dex, defined: Hashes) -> NDArray[np.bool_]:
    """Of each type of `dex`, whether it is the platform's: by its name, and not defined in this APK (hashes)."""
    starts, lengths = dex.names.starts[dex.types], dex.names.lengths[dex.types]
    named = _any_prefix(dex.octets, starts, lengths, NAMESPACES) & ~_any_prefix(dex.octets, starts, lengths, BUNDLED)
    return named & ~in_sorted(defined, dex.type_hashes)


def _any_prefix(data: Bytes, starts: Numbers, lengths: Numbers, prefixes: tuple[bytes, ...]) -> NDArray[np.bool_]:
    width = max(map(len, prefixes))
    at = starts[:, None] + np.arange(width)
    inside = np.arange(width) < lengths[:, None]
    letters = np.where(inside, data[np.minimum(at, len(data) - 1)], 0)
    found = np.zeros(len(starts), np.bool_)
    for prefix in prefixes:
        found |= (letters[:, : len(prefix)] == np.frombuffer(prefix, np.uint8)).all(axis=1)
    return found


def own_namespace(descriptors: Iterable[str]) -> list[str]:
    """Classes that an app should not define: they stand in a name space of the platform."""
    names, bundled = tuple(one.decode() for one in NAMESPACES), tuple(one.decode() for one in BUNDLED)
    return [name for name in descriptors if name.startswith(names) and not name.startswith(bundled)]
