"""Records of older builds: how they were laid out, and how each becomes one of the next layout when it is read.

A release that raises LAYOUT puts the types of before here, with their conversion, so that a worker of the new build goes on
with what the old one stored. Pages are written in the new layout when they change; until then they are converted at each start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from fraud_guard.errors import IntegrityError

Records = tuple[np.ndarray, np.ndarray]
"""Heads and rings, one element a subject."""


class Older(NamedTuple):
    """One older layout; `convert` gives records of the next one, in which empty places stay zero."""

    head: np.dtype
    events: np.dtype
    convert: Callable[[Records], Records]


OLDER: Mapping[int, Older] = {}
"""By number. Layout 1 was never released."""


def same_names(old: np.ndarray, new: np.dtype) -> np.ndarray:
    """Records of type `new` with everything that has the same name; what is new is 0, longer rows begin as the old ones.

    Right where fields were added, taken away or moved, and where numbers of rows (`layout.Count`, `layout.Seen`) were only added at the end.
    """
    made = np.zeros(old.shape, new)
    for name in set(old.dtype.names or ()) & set(new.names or ()):
        kept = tuple(slice(min(sizes)) for sizes in zip(old[name].shape, made[name].shape, strict=True))
        made[name][kept] = old[name][kept]
    return made


def upgraded(layout: int, to: int, raw: Callable[[int], bytes], count: int) -> Records:
    """`count` records of an older layout as records of layout `to`; `raw` gives the stored bytes, told how many they are.

    Raises IntegrityError for a layout that this build cannot read.
    """
    if layout not in OLDER:
        remedy = "run the version that wrote it" if layout > to else "start a version in between first, and let it write all of its memory anew"
        raise IntegrityError(f"a page of memory has layout {layout}, this build reads {to}; {remedy}")
    head, events, _ = OLDER[layout]
    stored = raw(count * (head.itemsize + events.itemsize))
    records = np.frombuffer(stored, head, count), np.frombuffer(stored, events, count, count * head.itemsize)
    for number in range(layout, to):
        heads, rings = OLDER[number].convert(records)
        heads["layout"][heads["layout"] > 0] = number + 1
        records = heads, rings
    return records
