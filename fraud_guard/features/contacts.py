"""Whom a subject knows: sets FIRST_CONTACT on calls and texts and NEW_HOST on visits and downloads.

Also NEW_PEER, for the first two days with somebody who is known by now: whoever wants something from a
stranger comes back soon. A peer is known after two contacts, or after one outgoing call of TALK_S. All phases of a
call are one contact and say the same. Of what is not used for long the sketches of the
record forget; so "known" means: of late.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fraud_guard.features.facts import NO_PERSON
from fraud_guard.memory import ring, sketch
from fraud_guard.tags.kinds import SPOKEN_S, Flag, Kind

Ints = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]
TALK_S = 60
"""Who was called and talked to for so long is known."""
NEW_FOR_MS = 2 * 86_400_000
_FIRST_CONTACT, _NEW_PEER, _NEW_HOST, _NO_PEER, _OUTGOING = (
    np.uint32(f) for f in (Flag.FIRST_CONTACT, Flag.NEW_PEER, Flag.NEW_HOST, Flag.NO_PEER, Flag.OUTGOING)
)
_END, _SMS = int(Kind.CALL_END), int(Kind.SMS)


def meet_peers(head: np.ndarray, h: np.ndarray, slots: Ints, rows: np.ndarray, same: Mask, talked_s: np.ndarray) -> None:
    """Flag the rows (calls and texts) of unknown peers, and learn.

    `h` are the hot heads of `slots`; `same` says which rows belong to the call in progress,
    `talked_s` (n,) how long an ending call lasted.
    """
    keys, flags = rows["peer"], rows["flags"]
    told = (keys != 0) & ((flags & _NO_PEER) == 0)
    held = sketch.contains(head["peers"], slots, keys)
    known = held[:, 0] | held[:, 1]
    first = told & np.where(same, (h["call_flags"] & _FIRST_CONTACT) != 0, ~known)
    rows["flags"] |= np.where(first, _FIRST_CONTACT, np.uint32(0))
    contact = told & ~same
    met = known.copy()
    unknown = np.flatnonzero(contact & ~known)
    met[unknown] = sketch.contains(head["met"], slots[unknown], keys[unknown])[:, 0]
    trusted = told & ((flags & _OUTGOING) != 0) & (talked_s >= TALK_S)
    learn = ((contact & met) | trusted) & ~held[:, 0]
    _add(head["peers"], h, "peers_size", slots, keys, learn)
    _add(head["met"], h, "met_size", slots, keys, contact & ~met & ~learn)


def meet_again(rings: np.ndarray, slots: Ints, rows: np.ndarray, talked_s: np.ndarray) -> Mask:
    """Flag the rows of peers met lately, as the ring tells; returns which rows end a call of SPOKEN_S or more."""
    flags = rows["flags"]
    spoken: Mask = (rows["kind"] == _END) & (talked_s >= SPOKEN_S)
    asked = np.flatnonzero((spoken | (rows["kind"] == _SMS)) & ((flags & (_FIRST_CONTACT | NO_PERSON)) == 0) & (rows["peer"] != 0))
    if len(asked):
        since_ms = rows["ts_ms"][asked] - NEW_FOR_MS
        lately = ring.has_peer(rings, slots[asked], rows["peer"][asked], int(_FIRST_CONTACT), since_ms)
        rows["flags"][asked[lately]] |= _NEW_PEER
    return spoken


def meet_hosts(head: np.ndarray, h: np.ndarray, slots: Ints, rows: np.ndarray) -> None:
    """Flag the rows (visits and downloads) of hosts that are not on the top list and new to the subject, and learn."""
    keys = rows["peer"]
    held = sketch.contains(head["hosts"], slots, keys)
    told = keys != 0
    rows["flags"] |= np.where(told & ~held[:, 0] & ~held[:, 1], _NEW_HOST, np.uint32(0))
    _add(head["hosts"], h, "hosts_size", slots, keys, told & ~held[:, 0])


def _add(sketches: np.ndarray, h: np.ndarray, size: str, slots: Ints, keys: np.ndarray, which: Mask) -> None:
    at = np.flatnonzero(which)
    if len(at):
        sizes = h[size][at]
        sketch.add(sketches, sizes, slots[at], keys[at])
        h[size][at] = sizes
