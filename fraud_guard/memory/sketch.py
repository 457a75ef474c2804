"""Sets that forget: which peers and hosts a subject knows, in a few bytes, without their names.

A sketch is a Bloom filter of one or two generations, shape (generations, words) of uint64.
A key sets two bits of one word. When the newest generation has taken 8 keys a word it
becomes the old one and the oldest goes; so what is used again and again is known for ever,
and what came once is forgotten. About one stranger in twenty passes for known.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

KEYS_A_WORD = 8
Ints = npt.NDArray[np.intp]
Keys = npt.NDArray[np.uint64]


def contains(sketches: np.ndarray, slots: Ints, keys: Keys) -> npt.NDArray[np.bool_]:
    """Whether each generation of `sketches[slots[i]]` holds `keys[i]`, shape (n, generations), newest first."""
    word, bits = _place(keys, sketches.shape[2])
    held: npt.NDArray[np.bool_] = (sketches[slots, :, word] & bits[:, None]) == bits[:, None]
    return held


def add(sketches: np.ndarray, sizes: np.ndarray, slots: Ints, keys: Keys) -> None:
    """Put `keys[i]` into `sketches[slots[i]]` (slots distinct); `sizes` (n,) are changed in place.

    The caller adds only what the newest generation does not hold.
    """
    full = np.flatnonzero(sizes >= KEYS_A_WORD * sketches.shape[2])
    if len(full):
        worn = sketches[slots[full]]
        worn[:, 1:] = worn[:, :-1].copy()
        worn[:, 0] = 0
        sketches[slots[full]], sizes[full] = worn, 0
    word, bits = _place(keys, sketches.shape[2])
    sketches[slots, 0, word] |= bits
    sizes += 1


def _place(keys: Keys, words: int) -> tuple[Ints, Keys]:
    """The word of each key and its two bits, which may fall together."""
    one, two = keys >> np.uint64(16) & np.uint64(63), keys >> np.uint64(22) & np.uint64(63)
    return (keys >> np.uint64(28)).astype(np.intp) % words, np.uint64(1) << one | np.uint64(1) << two
