"""Log-odds in one byte, as a column of the log carries them: 0 = no text, 1…255 = −8…+8, linear."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

NO_TEXT = 0
"""Code of a record that has no text, or of none that was scored."""
LIMIT = 8.0
"""Log-odds beyond ±LIMIT are written as ±LIMIT."""
STEP = 2 * LIMIT / 254
"""Log-odds between two neighbouring codes; a value read back is at most half of it away."""


def to_codes(log_odds: ArrayLike) -> NDArray[np.uint8]:
    """Codes (1…255) of finite `log_odds`, same shape; order is kept."""
    clipped = np.clip(np.asarray(log_odds, np.float64), -LIMIT, LIMIT)
    return np.rint((clipped + LIMIT) / STEP + 1).astype(np.uint8)


def from_codes(codes: ArrayLike, *, absent: float = np.nan) -> NDArray[np.float32]:
    """Log-odds of `codes`, same shape; `absent` where there is no text."""
    found = np.asarray(codes, np.uint8)
    return np.where(found == NO_TEXT, absent, (found - 1.0) * STEP - LIMIT).astype(np.float32)
