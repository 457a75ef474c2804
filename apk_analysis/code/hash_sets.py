"""Sorted arrays of hashes as sets. `np.unique` of NumPy 2.3 and later goes by a hash table and takes twenty times as long on them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from apk_analysis.code.mixing import Hashes


def unique(values: Hashes) -> Hashes:
    """The values, sorted, each once."""
    found = np.sort(values)
    return found[np.append(True, found[1:] != found[:-1])] if len(found) else found


def in_sorted(among: Hashes, wanted: Hashes) -> NDArray[np.bool_]:
    """Which of `wanted` are in the sorted array `among`."""
    if not len(among):
        return np.zeros(len(wanted), np.bool_)
    found: NDArray[np.bool_] = among[np.minimum(np.searchsorted(among, wanted), len(among) - 1)] == wanted
    return found
