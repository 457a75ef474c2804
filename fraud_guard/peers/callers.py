"""Callers: their records, brought up to date one closed bucket at a time.

Within a bucket only sums and unions count, so the order of contacts, the cut of blocks and
the number of partitions change nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fraud_guard.peers.bucket import BUCKET_MS, bucket_of
from fraud_guard.peers.layout import (
    CALLER,
    EXPIRE_BUCKETS,
    GENERATION_BUCKETS,
    LONE,
    LONE_BUCKETS,
    MET,
    SKETCH_BITS,
    SKETCH_WORDS,
    TIME_CONSTANT_BUCKETS,
    Tally,
)  # fmt: skip
from fraud_guard.peers.records import Records
from fraud_guard.peers.reputation import STEP, Floats, reputations

_UTC8_BUCKETS = 8 * 3_600_000 // BUCKET_MS
_BUCKETS_AN_HOUR = 3_600_000 // BUCKET_MS
_AT_ONCE = 16_384
"""Contacts that are worked off together, about."""
_NOBODY = np.zeros(0, np.uint64)


class Closed(NamedTuple):
    """A closed bucket, and the reputations that changed with it."""

    bucket: int
    peers: npt.NDArray[np.uint64]
    values: Floats


class Callers:
    """All callers of a partition of `peers`."""

    def __init__(self) -> None:
        self.records = Records()
        self._open: list[np.ndarray] = []
        self._stored = 0  # of these, told by `fresh`
        self.bucket = -1

    def take(self, contacts: np.ndarray) -> list[Closed]:
        """Contacts in log order; returns the buckets that closed."""
        closed: list[Closed] = []
        buckets = bucket_of(contacts["watermark_ms"])
        for bucket in np.unique(buckets).tolist():
            closed += self.advance(bucket)
            self._open.append(_met(contacts[buckets == bucket]))
        return closed

    def advance(self, bucket: int) -> list[Closed]:
        """The watermark has reached `bucket`: the one that was open closes."""
        if bucket <= self.bucket:
            return []
        before, self.bucket = self.bucket, bucket
        if before < 0:
            return []
        met, self._open, self._stored = _joined(self._open), [], 0
        closed = self._close(before, met)
        if bucket // _BUCKETS_AN_HOUR > before // _BUCKETS_AN_HOUR:
            self._sweep(bucket)
        return [closed]

    def fresh(self) -> np.ndarray:
        """What the open bucket took since the last call, as dtype MET."""
        new = _joined(self._open[self._stored :])
        self._stored = len(self._open)
        return new

    @classmethod
    def restored(cls, records: Records, waiting: list[np.ndarray], bucket: int) -> Callers:
        """Callers as they stood at `bucket`."""
        callers = cls()
        callers.records, callers.bucket, callers._open, callers._stored = records, bucket, waiting, len(waiting)
        return callers

    def _close(self, bucket: int, met: np.ndarray) -> Closed:
        """Callers have nothing to do with each other, so they come in parts: a full bucket takes no more than a small one."""
        parts = -(-len(met) // _AT_ONCE)
        part = met["peer"] % np.uint64(max(parts, 1))
        told = [self._update(bucket, met[part == i]) for i in range(parts)]
        peers, values = zip(*told, strict=True) if told else ((), ())
        return Closed(bucket, np.concatenate([_NOBODY, *peers]), np.concatenate([np.zeros(0), *values]))

    def _update(self, bucket: int, met: np.ndarray) -> tuple[npt.NDArray[np.uint64], Floats]:
        """All contacts that some callers had in a bucket; returns whose reputation changed, and to what."""
        peers, of = np.unique(met["peer"], return_inverse=True)
        slots = self.records.slots_of(peers)
        callers = self._known(peers, slots, bucket)
        _age(callers, bucket)
        _add(callers, met, of, bucket)
        told, changed = _publish(callers, bucket)
        self.records.write(slots, callers)
        return peers[changed], told[changed]

    def _known(self, peers: npt.NDArray[np.uint64], slots: npt.NDArray[np.intp], bucket: int) -> np.ndarray:
        """The records of these callers; new ones for those not known any more."""
        callers = self.records.read(slots)
        new = (callers["peer"] == 0) | forgotten(callers, bucket)
        callers[new] = np.zeros((), CALLER)
        callers["peer"] = peers
        for name in ("first", "last", "generation"):
            callers[name][new] = bucket
        return callers

    def _sweep(self, bucket: int) -> None:
        """Free the records that no contact from this bucket on would find; `_known` does not depend on it."""
        table = self.records.table
        unseen = np.flatnonzero((table["peer"] != 0) & (bucket - table["last"] > LONE_BUCKETS))
        self.records.remove(unseen[forgotten(self.records.read(unseen), bucket)])


def forgotten(callers: np.ndarray, bucket: int) -> npt.NDArray[np.bool_]:
    """Which records count no more in this bucket. Most callers called one subject: they go much sooner."""
    tallies = callers["tallies"]
    lone = (np.bitwise_count(callers["newer"] | callers["older"]).sum(axis=1) < LONE) & (tallies[:, Tally.FIRST] < LONE)
    lone &= tallies[:, Tally.RETURNED] < LONE
    gone: npt.NDArray[np.bool_] = bucket - callers["last"] > np.where(lone, LONE_BUCKETS, EXPIRE_BUCKETS)
    return gone


def _publish(callers: np.ndarray, bucket: int) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """The reputation of each caller, and whether it is told anew."""
    told = reputations(callers)
    stale = (told > 0) & (bucket - callers["published_at"] >= GENERATION_BUCKETS)
    changed: npt.NDArray[np.bool_] = (np.abs(told - callers["published"]) >= STEP) | stale
    callers["published"] = np.where(changed, told, callers["published"])
    callers["published_at"] = np.where(changed, bucket, callers["published_at"])
    return told, changed


def _met(contacts: np.ndarray) -> np.ndarray:
    met = np.zeros(len(contacts), MET)
    met["bit"] = contacts["subject"] % np.uint64(SKETCH_BITS)
    for name in ("peer", "value", "ended", "outgoing"):
        met[name] = contacts[name]
    return met


def _joined(met: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.zeros(0, MET), *met])


def _age(callers: np.ndarray, bucket: int) -> None:
    decay = np.exp(-(bucket - callers["last"]) / TIME_CONSTANT_BUCKETS)
    callers["tallies"] = (callers["tallies"] * decay[:, None]).astype(np.float32)
    callers["burst"] = (callers["burst"] * decay).astype(np.float32)
    callers["last"] = bucket
    turns = np.minimum((bucket - callers["generation"]) // GENERATION_BUCKETS, 2)
    callers["older"] = np.where((turns == 0)[:, None], callers["older"], np.where((turns == 1)[:, None], callers["newer"], 0))
    callers["newer"] = np.where((turns == 0)[:, None], callers["newer"], 0)
    callers["hours"] = np.where(turns == 0, callers["hours"], 0)
    callers["generation"] = np.where(turns == 0, callers["generation"], bucket)


def _add(callers: np.ndarray, met: np.ndarray, of: npt.NDArray[np.intp], bucket: int) -> None:
    ended, incoming, n = met["ended"] != 0, met["outgoing"] == 0, len(callers)
    before = np.bitwise_count(callers["newer"] | callers["older"]).sum(axis=1)
    callers["newer"] |= _sketches(met["bit"][incoming], of[incoming], n)
    now = np.bitwise_count(callers["newer"] | callers["older"]).sum(axis=1)
    called = np.bincount(of[ended & incoming], minlength=n)  # every call ends once, and some feeds tell nothing but that
    sums = {
        Tally.CALLED: called,
        Tally.ANSWERED: np.bincount(of[ended & incoming & (met["value"] > 0)], minlength=n),
        Tally.TALKED_S: np.bincount(of, np.where(ended, met["value"], 0), n),
        Tally.RETURNED: np.bincount(of[ended & ~incoming], minlength=n),
        Tally.FIRST: now.astype(np.int64) - before,
    }
    for tally, sum_ in sums.items():
        callers["tallies"][:, tally] += sum_.astype(np.float32)
    callers["burst"] = np.maximum(callers["burst"], called)
    hour = (bucket + _UTC8_BUCKETS) // _BUCKETS_AN_HOUR % 24
    callers["hours"] |= np.where(called > 0, np.uint32(1 << hour), np.uint32(0))


def _sketches(bits: npt.NDArray[np.uint16], of: npt.NDArray[np.intp], n: int) -> npt.NDArray[np.uint64]:
    """The sketch of the subjects of each of `n` callers, shape (n, SKETCH_WORDS)."""
    words = np.zeros((n, SKETCH_WORDS), np.uint64)
    np.bitwise_or.at(words, (of, bits // np.uint16(64)), np.uint64(1) << (bits % np.uint16(64)).astype(np.uint64))
    return words
