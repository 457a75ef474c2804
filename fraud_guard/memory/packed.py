"""Copying whole records: NumPy moves a structured element field by field, but opaque bytes at once, ten times as fast."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.intp]


def gather(records: np.ndarray, at: Ints) -> np.ndarray:
    """`records[at]` of a one-dimensional structured array."""
    copied: np.ndarray = _opaque(records)[at].view(records.dtype)
    return copied


def scatter(records: np.ndarray, at: Ints, values: np.ndarray) -> None:
    """`records[at] = values` of one-dimensional structured arrays of one dtype."""
    _opaque(records)[at] = _opaque(values)


def _opaque(records: np.ndarray) -> np.ndarray:
    return records.view(f"V{records.itemsize}")
