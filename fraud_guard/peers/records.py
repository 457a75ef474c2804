"""The records of callers: found by peer, kept in pages of 16, and which pages a checkpoint must write."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from fraud_guard.errors import IntegrityError
from fraud_guard.memory.memory import PAGE
from fraud_guard.memory.packed import gather, scatter
from fraud_guard.peers.layout import CALLER
from fraud_guard.peers.packing import packed, unpacked

PREFIX = "p/"
_GROW = 512
"""Pages."""

Peers = npt.NDArray[np.uint64]
Slots = npt.NDArray[np.intp]


class Records:
    """Records of dtype CALLER. A slot whose peer is 0 is empty."""

    def __init__(self) -> None:
        self.table = np.zeros(0, CALLER)
        self._peers, self._slots = np.zeros(0, np.uint64), np.zeros(0, np.int32)  # of the used slots, sorted by peer
        self._free = np.zeros(0, np.int32)
        self._dirty = np.zeros(0, np.bool_)

    def __len__(self) -> int:
        return len(self._peers)

    def slots_of(self, peers: Peers) -> Slots:
        """The slot of each peer (sorted, distinct), empty ones for those unknown; `write` their records next."""
        at = np.searchsorted(self._peers, peers)
        known = np.append(self._peers, np.uint64(0))[at] == peers
        if not known.all():
            self._add(peers[~known], at[~known])
            at = np.searchsorted(self._peers, peers)
        return self._slots[at].astype(np.intp)

    def read(self, slots: Slots) -> np.ndarray:
        """Copies of the records."""
        return gather(self.table, slots)

    def write(self, slots: Slots, records: np.ndarray) -> None:
        """Put the records into distinct slots."""
        scatter(self.table, slots, records)
        self._dirty[slots // PAGE] = True

    def remove(self, slots: Slots) -> None:
        """Empty these used slots."""
        if not len(slots):
            return
        self.write(slots, np.zeros(len(slots), CALLER))
        kept = self.table["peer"][self._slots] != 0
        self._peers, self._slots = self._peers[kept], self._slots[kept]
        self._free = np.sort(np.concatenate([self._free, slots.astype(np.int32)]))

    def delta(self) -> tuple[dict[str, int], list[str]]:
        """Pages to write by key, and keys of pages that are empty now; then call `saved`."""
        pages = np.flatnonzero(self._dirty)
        used = (self.table.reshape(-1, PAGE)["peer"][pages] != 0).any(axis=1)
        return {_key(page): page for page in pages[used].tolist()}, [_key(page) for page in pages[~used].tolist()]

    def saved(self) -> None:
        """The last delta is stored."""
        self._dirty[:] = False

    def pack(self, page: int) -> bytes:
        """The blob of a page."""
        return packed(self.table[page * PAGE : page * PAGE + PAGE])

    @classmethod
    def restored(cls, blobs: Mapping[str, bytes]) -> Records:
        """Records of these pages. Raises IntegrityError, OSError or ValueError for damaged ones."""
        records, pages = cls(), {int(key.removeprefix(PREFIX)): blob for key, blob in blobs.items()}
        records._grow(max(pages, default=-1) + 1)
        for page, blob in pages.items():
            own = unpacked(blob, CALLER)
            if len(own) != PAGE:
                raise IntegrityError(f"page {page} of callers holds {len(own)} records instead of {PAGE}")
            records.table[page * PAGE : page * PAGE + PAGE] = own
        records._index()
        return records

    def _add(self, peers: Peers, at: Slots) -> None:
        """Give slots to unknown peers, which belong at these places of the index."""
        if len(self._free) < len(peers):
            self._grow(-(-(len(peers) - len(self._free)) // PAGE))
        slots, self._free = self._free[: len(peers)], self._free[len(peers) :].copy()
        self._peers, self._slots = np.insert(self._peers, at, peers), np.insert(self._slots, at, slots)

    def _index(self) -> None:
        peers = self.table["peer"]
        used = np.flatnonzero(peers).astype(np.int32)
        self._slots = used[np.argsort(peers[used])]
        self._peers = peers[self._slots]
        self._free = np.flatnonzero(peers == 0).astype(np.int32)

    def _grow(self, pages: int) -> None:
        """Make room for at least so many pages more."""
        first, more = len(self.table), max(pages, _GROW) * PAGE
        self.table.resize(first + more, refcheck=False)
        self._dirty.resize((first + more) // PAGE, refcheck=False)
        self._free = np.concatenate([self._free, np.arange(first, first + more, dtype=np.int32)])


def _key(page: int) -> str:
    return f"{PREFIX}{page:08d}"
