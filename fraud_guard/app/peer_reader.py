"""The live peer stage of one process: reads the log `peers`, tells rows what their callers are worth, and remembers.

Contacts are appended together with the tags they come from, so whoever has read a tag can
read every contact up to its watermark. Answers are looked up by bucket: reading ahead changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fraud_guard.adapters.clock import has_passed
from fraud_guard.app.topics import PEERS
from fraud_guard.failpoints import failpoint
from fraud_guard.log import Log
from fraud_guard.peers.contacts import decode_contacts
from fraud_guard.peers.stage import PeerStage
from fraud_guard.ports import MemoryStore, Snapshot

PARTITION = f"{PEERS}-0"
READ_AT_ONCE = 64


class PeerReader:
    """Not safe for threads. Raises DependencyError when log or store are away: call again.

    Every worker reads all contacts; the one that `leads` stores what they amount to, for all.
    """

    def __init__(self, log: Log, store: MemoryStore, now_ms: Callable[[], int], checkpoint_ms: int, *, leads: bool = True) -> None:
        self._log, self._store, self._now_ms, self._checkpoint_ms = log, store, now_ms, checkpoint_ms
        self.leads = leads
        self._epoch = store.take_epoch(PARTITION) if leads else 0
        snapshot = store.load(PARTITION)
        self._stage = PeerStage.restored(snapshot.blobs)
        self._next = self._saved = snapshot.position + 1
        self._saved_ms = now_ms()

    @property
    def saved_offset(self) -> int:
        """The log below this offset is no longer needed to recover."""
        return self._saved

    def tell(self, rows: np.ndarray) -> None:
        """Set the `reputation` of rows of the log."""
        self._catch_up()
        rows["reputation"] = self._stage.reputations(rows)

    def checkpoint_if_due(self, needed_ms: int | None) -> bool:
        """Checkpoint when it is time; rows below the watermark `needed_ms` will not ask again (None: unknown)."""
        waited = has_passed(self._checkpoint_ms, self._saved_ms, self._now_ms())
        due = self.leads and waited and self._next != self._saved
        if due:
            self.checkpoint(needed_ms)
        return due

    def checkpoint(self, needed_ms: int | None) -> None:
        """Write what is known and the position, atomically. Safe to repeat after a DependencyError."""
        if not self.leads:
            return
        if needed_ms is not None:
            self._stage.forget(needed_ms)
        failpoint("peers-before-checkpoint")
        blobs, drop = self._stage.delta()
        self._store.checkpoint(PARTITION, self._epoch, Snapshot(self._next - 1, self._stage.watermark_ms, "", blobs), drop)
        failpoint("peers-after-checkpoint")
        self._stage.saved()
        self._saved, self._saved_ms = self._next, self._now_ms()

    def _catch_up(self) -> None:
        while self._next < self._log.end(PEERS, 0):
            for record in self._log.read(PEERS, 0, self._next, READ_AT_ONCE):
                self._stage.take(*decode_contacts(record.value))
                self._next = record.offset + 1
