"""Reputation: what a caller's record is worth as evidence, and what was published when.

A log-odds, 0 for nearly everybody and never below 0. It takes several independent subjects,
calls that are not returned and few calls each: fan-out without return calls tells scam callers
from other people who call many (Sichuan set: 1.05 calls a contact against 6.8). Telemarketing
looks alike, so the most it can be worth is little, and alone it raises nothing.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fraud_guard.peers.layout import GENERATION_BUCKETS, SKETCH_BITS, TOLD, Tally

INDEPENDENT = 5
"""Fewer distinct subjects tell nothing."""
MOST = 2.5
"""Log-odds at most: twelve times likelier."""
_PER_DOUBLING = 0.5
_RETURNED_ENOUGH = 0.15
_CALLS_EACH = (1.5, 4.0)
STEP = 0.1
"""Smaller changes are not published until a day has passed."""
LASTS_BUCKETS = 2 * GENERATION_BUCKETS
"""What was published longer ago than two days counts no more."""

Floats = npt.NDArray[np.float64]


def distinct(sketches: npt.NDArray[np.uint64]) -> Floats:
    """Distinct subjects behind sketches of shape (n, words), by linear counting."""
    empty = SKETCH_BITS - np.bitwise_count(sketches).sum(axis=1)
    return np.asarray(-SKETCH_BITS * np.log(np.maximum(empty, 1) / SKETCH_BITS), np.float64)


def reputations(callers: np.ndarray) -> Floats:
    """The reputation of each record of dtype CALLER."""
    tallies = callers["tallies"].astype(np.float64)
    called, returned = tallies[:, Tally.CALLED], tallies[:, Tally.RETURNED]
    subjects = distinct(callers["newer"] | callers["older"])
    fan_out = _PER_DOUBLING * (1 + np.log2(np.maximum(subjects, 1) / INDEPENDENT))
    unreturned = np.clip(1 - returned / np.maximum(called + returned, 1e-9) / _RETURNED_ENOUGH, 0, 1)
    low, high = _CALLS_EACH
    strangers = np.clip((high - called / np.maximum(subjects, 1)) / (high - low), 0, 1)
    worth = np.clip(fan_out, 0, MOST) * unreturned * strangers
    return np.asarray(np.where(subjects >= INDEPENDENT - 0.5, worth, 0.0))


class Published:
    """Reputations by the bucket they were published for; read in the order of the log."""

    def __init__(self) -> None:
        self.versions: dict[int, list[tuple[int, float]]] = {}
        """By peer, (bucket, log-odds) in order of buckets."""

    def publish(self, bucket: int, peers: npt.NDArray[np.uint64], values: Floats) -> None:
        """What changed with a bucket; buckets come in order."""
        for peer, value in zip(peers.tolist(), values.tolist(), strict=True):
            self.versions.setdefault(peer, []).append((bucket, value))

    def after(self, bucket: int) -> np.ndarray:
        """What was published for later buckets and is still known, as dtype TOLD."""
        told = [(peer, since, v) for peer, versions in self.versions.items() for since, v in versions if since > bucket]
        return np.array(told, TOLD)

    def restore(self, told: np.ndarray) -> None:
        """Add what `after` gave, in order of buckets."""
        for peer, bucket, value in told.tolist():
            self.versions.setdefault(peer, []).append((bucket, value))

    def at(self, peers: npt.NDArray[np.uint64], buckets: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """The reputation of each peer as of its bucket; 0 = none."""
        known = self.versions.get
        told = [_as_of(known(peer), bucket) for peer, bucket in zip(peers.tolist(), buckets.tolist(), strict=True)]
        return np.array(told, np.float32)

    def forget(self, before: int) -> None:
        """Nobody asks for a bucket below `before` any more."""
        for peer in list(self.versions):
            versions = self.versions[peer]
            while len(versions) > 1 and versions[1][0] <= before:
                versions.pop(0)
            since, value = versions[-1]
            if (since <= before and not value) or since <= before - LASTS_BUCKETS:
                del self.versions[peer]


def _as_of(versions: list[tuple[int, float]] | None, bucket: int) -> float:
    if versions is None:
        return 0.0
    since, value = next((v for v in reversed(versions) if v[0] <= bucket), (bucket, 0.0))
    return value if bucket - since < LASTS_BUCKETS else 0.0
