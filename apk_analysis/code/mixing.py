"""The arithmetic of the 64-bit hashes. A change of anything here makes every stored fingerprint useless."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
FINGERPRINT_VERSION = 1
PRIME = np.uint64(0x100000001B3)
_M1, _M2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31 = np.uint64(30), np.uint64(27), np.uint64(31)


def mix(values: Hashes) -> Hashes:
    """Each value well spread over 64 bits (the finaliser of SplitMix64)."""
    mixed = values ^ values >> _S30     # from here in place: for millions of values memory is what costs
    mixed *= _M1
    mixed ^= mixed >> _S27
    mixed *= _M2
    mixed ^= mixed >> _S31
    return mixed


def hash_text(text: str) -> int:
    """The hash that `hash_names` gives to this text."""
    raw = text.encode()
    return int(hash_names(np.frombuffer(raw, np.uint8), np.zeros(1, np.int64), np.array([len(raw)], np.int64))[0])


LONGEST_NAME = 256


def hash_names(data: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> Hashes:
    """The hash of each of these pieces of `data`; of a long one, of its first 256 bytes and its length.

    Works on the k-th byte of every name at once.
    """
    order = np.argsort(-lengths, kind="stable")
    begins, left = starts[order], np.minimum(lengths[order], LONGEST_NAME)
    values = np.zeros(len(starts), np.uint64)
    counts = np.searchsorted(-left, -np.arange(int(left[0]) if len(left) else 0), "left")
    for step, count in enumerate(counts.tolist()):
        values[:count] = values[:count] * PRIME + data[begins[:count] + step] + np.uint64(1)
    result = np.empty_like(values)
    result[order] = values
    return mix(result ^ lengths.astype(np.uint64) * _M1)
