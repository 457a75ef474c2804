"""Turns: how a batch is worked off vectorised and yet one at a time for each key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt


def in_turns(keys: npt.NDArray[Any]) -> Iterator[npt.NDArray[np.intp]]:
    """Indexes of `keys`, in order, cut so that turn k holds the k-th of every key and no key twice."""
    if not len(keys):
        return
    order = np.argsort(keys, kind="stable")
    starts = np.flatnonzero(np.append(True, np.diff(keys[order]) != 0))
    if len(starts) == len(keys):
        yield np.arange(len(keys))
        return
    turn = np.empty(len(keys), np.intp)
    turn[order] = np.arange(len(keys)) - np.repeat(starts, np.diff(np.append(starts, len(keys))))
    for k in range(int(turn.max()) + 1):
        yield np.flatnonzero(turn == k)
