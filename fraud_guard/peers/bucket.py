"""Buckets: five minutes of the watermark. What a bucket tells is used from the second bucket after it on.

The watermark of a row is given by the door in the order of the log, so every worker and every
replay puts a row into the same bucket, and asks the same bucket for the reputation of a caller.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

BUCKET_MS = 300_000
USED_AFTER = 2
"""A bucket is used when it has been closed for at least one bucket's time."""

Ints = npt.NDArray[np.int64]


def bucket_of(watermark_ms: Ints) -> Ints:
    """The bucket that rows with this watermark belong to."""
    return watermark_ms // BUCKET_MS


def usable(watermark_ms: Ints) -> Ints:
    """The newest bucket whose reputations a row with this watermark may use."""
    return watermark_ms // BUCKET_MS - USED_AFTER
