"""A model's weight of evidence in one byte of a row: 0 = no score, 1…255 = −15.875…+15.875 in eighths, 128 = says nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

NO_SCORE = 0
NEUTRAL = 128
STEPS = 8
LIMIT = 127 / STEPS
"""Weights beyond ±LIMIT are written as ±LIMIT."""


def to_codes(weights: ArrayLike) -> NDArray[np.uint8]:
    """Codes (1…255) of finite `weights` (log-odds), same shape; order is kept."""
    eighths = np.rint(np.clip(np.asarray(weights, np.float64), -LIMIT, LIMIT) * STEPS)
    return (eighths + NEUTRAL).astype(np.uint8)


def from_codes(codes: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Weights of `codes` that are not NO_SCORE, same shape, at most 1/16 away from what was written."""
    return (codes.astype(np.float32) - np.float32(NEUTRAL)) / np.float32(STEPS)
