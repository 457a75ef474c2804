"""Instructions in the order in which they run: jumps are followed, what says nothing is dropped.

Two methods that differ by goto hops, by the order of their blocks or by NOPs and moves have the same flow.
"""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from apk_analysis.code.dex import Numbers
from apk_analysis.code.disassembly import Listing, Units
from apk_analysis.code.operations import GOTO, GOTO_16, GOTO_32, IS_DROPPED, IS_END

MOST_DOUBLINGS = 16     # a chain of 65,536 dropped instructions; a longer one ends the flow


class Flow(msgspec.Struct, frozen=True):
    """The kept instructions of all bodies in order of place.

    `following`: index of the one that runs next when no condition holds; the number of all = none.
    `bodies`: the body of each. `entries`: of each body in `entry_bodies` (ascending) the instruction that runs first.
    """

    places: Numbers
    operations: NDArray[np.uint8]
    following: Numbers
    bodies: Numbers
    entries: Numbers
    entry_bodies: Numbers


def follow(listing: Listing) -> Flow:
    """The flow of a listing."""
    places, count = listing.places, len(listing.places)
    operations = (listing.units[places] & 0xFF).astype(np.uint8)
    after = np.arange(1, count + 2)
    after[count] = count
    after[:count][IS_END[operations]] = count
    borders = np.flatnonzero(np.diff(listing.bodies)) if count else np.zeros(0, np.int64)
    after[borders] = count
    _jump(after, listing, operations)
    dropped = np.append(IS_DROPPED[operations], False)
    _skip(after, dropped)
    kept = np.flatnonzero(~dropped[:count])
    renumbered = np.append(np.cumsum(~dropped[:count]) - 1, len(kept))
    firsts = np.concatenate(([0], borders + 1)) if count else borders
    entries = renumbered[np.where(dropped[firsts], after[firsts], firsts)]
    return Flow(places[kept], operations[kept], renumbered[after[kept]], listing.bodies[kept], entries, listing.bodies[firsts])


def _jump(after: Numbers, listing: Listing, operations: NDArray[np.uint8]) -> None:
    """Let what follows a goto be its target, if that is an instruction of the same body."""
    count = len(operations)
    jumps = np.flatnonzero((operations >= GOTO) & (operations <= GOTO_32))
    if not len(jumps):
        return
    places = listing.places[jumps]
    target = places + _distance(listing.units, places, operations[jumps])
    found = np.minimum(np.searchsorted(listing.places, target), count - 1)
    right = (listing.places[found] == target) & (listing.bodies[found] == listing.bodies[jumps])
    after[jumps] = np.where(right, found, count)


def _distance(units: Units, places: Numbers, operations: NDArray[np.uint8]) -> Numbers:
    """How many code units each goto jumps."""
    padded = np.append(units, np.zeros(2, np.uint16))
    near = (padded[places] >> 8).astype(np.uint8).astype(np.int8).astype(np.int64)
    middle = padded[places + 1].astype(np.int16).astype(np.int64)
    far = padded[places + 1].astype(np.int64) | padded[places + 2].astype(np.int16).astype(np.int64) << 16
    return np.select([operations == GOTO, operations == GOTO_16], [near, middle], far)


def _skip(after: Numbers, dropped: NDArray[np.bool_]) -> None:
    """Let what follows each instruction be the next that is kept: each round doubles how far is looked."""
    count = len(dropped) - 1
    open_ends = np.flatnonzero(dropped[after])
    for _ in range(MOST_DOUBLINGS):
        if not len(open_ends):
            return
        after[open_ends] = after[after[open_ends]]
        open_ends = open_ends[dropped[after[open_ends]]]
    after[open_ends] = count
