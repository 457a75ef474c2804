"""An inverted index in arrays: sorted keys, and beside each the number of an app that has it.

Segments never change. New apps go into small segments in memory, merged as they grow, and onto the disk when the index is compacted.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from apk_analysis.code.mixing import Hashes

Apps = NDArray[np.uint32]
NOBODY = 0
"""The owner of an app that was deleted: nobody counts for a library."""
MOST_PER_KEY = 256
"""Of a key that more apps have (a family of thousands of skins), so many stand for all."""


class Segment(msgspec.Struct, frozen=True):
    """`keys` ascending, may repeat; `apps` beside them. `count`: how many apps are in it."""

    keys: Hashes
    apps: Apps
    count: int

    def find(self, keys: Hashes) -> tuple[NDArray[np.intp], Apps]:
        """(index into `keys`, app) for each app of each key, of one key at most MOST_PER_KEY."""
        low, high = np.searchsorted(self.keys, keys, "left"), np.searchsorted(self.keys, keys, "right")
        sizes = np.minimum(high - low, MOST_PER_KEY)
        which = np.repeat(np.arange(len(keys)), sizes)
        places = np.arange(len(which)) - np.repeat(np.cumsum(sizes) - sizes, sizes) + low[which]
        return which, np.asarray(self.apps[places])


def segment_of(parts: Sequence[tuple[int, Hashes]]) -> Segment:
    """A segment of apps with their keys."""
    keys = np.concatenate([part for _, part in parts]) if parts else np.empty(0, np.uint64)
    apps = np.repeat(np.array([app for app, _ in parts], np.uint32), [len(part) for _, part in parts])
    return _sorted(keys, apps, len(parts))


def merged(segments: Sequence[Segment]) -> Segment:
    """One segment of several."""
    keys = np.concatenate([np.asarray(one.keys) for one in segments])
    apps = np.concatenate([np.asarray(one.apps) for one in segments])
    return _sorted(keys, apps, sum(one.count for one in segments))


def without(segment: Segment, gone: Apps) -> Segment:
    """The segment without these apps."""
    stays = ~np.isin(segment.apps, gone)
    return Segment(segment.keys[stays], segment.apps[stays], segment.count - len(gone))


def _sorted(keys: Hashes, apps: Apps, count: int) -> Segment:
    order = np.argsort(keys, kind="stable")
    return Segment(keys[order], apps[order], count)


def write(segment: Segment, folder: Path, name: str) -> None:
    """Two files; who reads them learns of them from what is written afterwards."""
    save(folder / f"{name}.keys.npy", segment.keys)
    save(folder / f"{name}.apps.npy", segment.apps)


def save(path: Path, array: NDArray[np.uint64] | Apps) -> None:
    """Whole or not at all, and on the disk: a file of this name may be in use."""
    fresh = path.with_suffix(".new")
    with fresh.open("wb") as file:
        np.save(file, array, allow_pickle=False)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def read(folder: Path, name: str, count: int) -> Segment:
    """As it was written, mapped, not loaded; the name ends in the number of keys. Raises OSError, EOFError and ValueError."""
    keys = np.load(folder / f"{name}.keys.npy", mmap_mode="r", allow_pickle=False)
    apps = np.load(folder / f"{name}.apps.npy", mmap_mode="r", allow_pickle=False)
    if not len(keys) == len(apps) == int(name.rpartition("-")[2]):
        raise ValueError(f"{folder / name}: {len(keys)} keys and {len(apps)} apps")
    return Segment(keys, apps, count)


def common_keys(segments: Sequence[Segment], owner: Apps, least: int) -> Hashes:
    """The keys that apps of at least `least` owners have; `owner` by number of app. Works through the keys in parts."""
    found = []
    for start, end in _ranges(segments) if segments else ():
        parts = [(one, slice(np.searchsorted(one.keys, start, "left"), np.searchsorted(one.keys, end, "right"))) for one in segments]
        keys = np.concatenate([np.asarray(one.keys[part]) for one, part in parts])
        apps = np.concatenate([np.asarray(one.apps[part]) for one, part in parts])
        found.append(_of_many(keys, owner[apps], least))
    return np.concatenate(found) if found else np.empty(0, np.uint64)


def _of_many(keys: Hashes, owners: Apps, least: int) -> Hashes:
    order = np.lexsort((owners, keys))
    order = order[owners[order] != NOBODY]
    keys, owners = keys[order], owners[order]
    fresh = np.ones(len(keys), np.bool_)
    fresh[1:] = (keys[1:] != keys[:-1]) | (owners[1:] != owners[:-1])
    unique, counts = np.unique(keys[fresh], return_counts=True)
    return unique[counts >= least]


def _ranges(segments: Sequence[Segment], most: int = 4_000_000) -> list[tuple[np.uint64, np.uint64]]:
    """First and last keys that cut all keys into parts of about `most`; keys are spread evenly."""
    total = sum(len(one.keys) for one in segments)
    cuts = max(1, -(-total // most))
    bounds = [(1 << 64) * i // cuts for i in range(cuts + 1)]
    return [(np.uint64(a), np.uint64(b - 1)) for a, b in pairwise(bounds)]
