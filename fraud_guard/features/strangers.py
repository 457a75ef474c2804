"""Strangers of the last two days, as the ring tells: how often they called and wrote, and whether one of them came back.

A contact is the end of a call, or a text that came in from a number of a person, with somebody whom the
subject does not know or has known for two days at most.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from fraud_guard.features.facts import NO_PERSON, STRANGER
from fraud_guard.tags.kinds import Flag, Kind

Floats = npt.NDArray[np.float64]
WINDOWS_MS: Mapping[str, int] = {"6h": 6 * 3_600_000, "2d": 48 * 3_600_000}
MOST_OF_ONE = 6
"""Contacts of one stranger are told apart up to this number."""
_OUTGOING, _TALKED = np.uint32(Flag.OUTGOING), np.uint32(Flag.TALKED)
_END, _SMS = np.uint64(Kind.CALL_END), np.uint64(Kind.SMS)


class Strangers:
    """Contacts with strangers in rings `events` (dtype EVENT, shape (n, width)) as seen at `now_ms` (n,)."""

    def __init__(self, events: np.ndarray, now_ms: npt.NDArray[np.int64]) -> None:
        when, flags = events["when"], events["flags"]
        kind = when >> np.uint64(8) & np.uint64(0xFF)
        some = (when > 0) & ((flags & STRANGER) != 0) & ((flags & NO_PERSON) == 0)
        self._called = some & (kind == _END)
        self._wrote = some & (kind == _SMS) & ((flags & _OUTGOING) == 0)
        self._talked = self._called & ((flags & _TALKED) != 0)
        self._ts_ms = (when >> np.uint64(16)).astype(np.int64)
        self._age_ms = now_ms[:, None] - self._ts_ms
        self._peer = events["peer"].astype(np.uint32)
        self._runs: dict[str, npt.NDArray[np.uint32]] = {}

    def calls(self, window: str) -> Floats:
        """Calls with strangers that ended."""
        return self._count(self._called, window)

    def talks(self, window: str) -> Floats:
        """Those of TALKED_S or more."""
        return self._count(self._talked, window)

    def texts(self, window: str) -> Floats:
        """Texts of strangers."""
        return self._count(self._wrote, window)

    def of_one(self, window: str) -> Floats:
        """Contacts with the stranger who had most of them, at most MOST_OF_ONE."""
        peer = self._in_order(window) >> np.uint32(1)
        most = np.zeros(len(peer))
        for more in range(min(MOST_OF_ONE, peer.shape[1])):
            alike = (peer[:, more:] == peer[:, : peer.shape[1] - more]) & (peer[:, more:] < _NOBODY)
            most += alike.any(axis=1)
        return most

    def wrote_and_called(self, window: str) -> Floats:
        """1 where one stranger did both."""
        keys = self._in_order(window)
        peer = keys >> np.uint32(1)
        both = (peer[:, 1:] == peer[:, :-1]) & (keys[:, 1:] != keys[:, :-1]) & (peer[:, 1:] < _NOBODY)
        return np.asarray(both.any(axis=1), np.float64)

    def last_ms(self, *, text: bool) -> npt.NDArray[np.int64]:
        """When a stranger last called (wrote), 0 = not in the ring."""
        return np.asarray(np.where(self._wrote if text else self._called, self._ts_ms, 0).max(axis=1, initial=0), np.int64)

    def _count(self, which: npt.NDArray[np.bool_], window: str) -> Floats:
        return np.asarray((which & (self._age_ms <= WINDOWS_MS[window])).sum(axis=1), np.float64)

    def _in_order(self, window: str) -> npt.NDArray[np.uint32]:
        """Sorted keys of the contacts, twice the peer and 1 for a text; all others from twice _NOBODY on."""
        if window not in self._runs:
            some = (self._called | self._wrote) & (self._age_ms <= WINDOWS_MS[window])
            keys = np.where(some, self._peer << np.uint32(1) | self._wrote, np.uint32(2 * _NOBODY))
            self._runs[window] = np.sort(keys, axis=1)
        return self._runs[window]


_NOBODY = np.uint32(1 << 16)
