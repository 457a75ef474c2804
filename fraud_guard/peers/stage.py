"""The peer stage: contacts in, reputations by bucket out; what it knows as blobs for a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np
import numpy.typing as npt

from fraud_guard.errors import IntegrityError
from fraud_guard.memory.duplicates import REPEAT, Duplicates
from fraud_guard.memory.segments import PREFIX, Segments
from fraud_guard.peers.bucket import bucket_of, usable
from fraud_guard.peers.callers import Callers, Closed
from fraud_guard.peers.layout import CALLER, CONTACT, LAYOUT
from fraud_guard.peers.packing import packed, unpacked
from fraud_guard.peers.reputation import Published
from fraud_guard.tags.kinds import Kind

_WHOLE = "c/whole"
_FORGET_EVERY = 12
"""Buckets."""


class _Place(msgspec.Struct, array_like=True, frozen=True):
    """What is not an array."""

    layout: int
    bucket: int
    watermark_ms: int
    published: dict[int, list[tuple[int, float]]]


class PeerStage:
    """All callers, and what was published of them. The same contacts give the same reputations in any cut."""

    def __init__(self) -> None:
        self.callers, self.published, self._seen = Callers(), Published(), Duplicates()
        self._segments = Segments(self._seen)
        self.watermark_ms, self._forgotten = 0, 0

    def take(self, contacts: np.ndarray, watermark_ms: int) -> None:
        """Contacts in log order, and the watermark that was reached with them."""
        closed = self.callers.take(self._once(contacts)) if len(contacts) else []
        self.watermark_ms = max(self.watermark_ms, watermark_ms)
        closed += self.callers.advance(int(bucket_of(np.array([self.watermark_ms]))[0]))
        for one in closed:
            self._publish(one)

    def reputations(self, rows: np.ndarray) -> npt.NDArray[np.float32]:
        """What each row of dtype ROW may know of its caller, in log-odds; 0 where it is no call or nothing is known."""
        found = np.zeros(len(rows), np.float32)
        calls = np.flatnonzero((rows["kind"] >= Kind.CALL_START) & (rows["kind"] <= Kind.CALL_END))
        if len(calls):
            found[calls] = self.published.at(rows["peer"][calls], usable(rows["watermark_ms"][calls]))
        return found

    def forget(self, watermark_ms: int) -> None:
        """No row below this watermark will ask any more; looked through once an hour of event time."""
        before = int(usable(np.array([watermark_ms]))[0])
        if before - self._forgotten >= _FORGET_EVERY:
            self.published.forget(before)
            self._forgotten = before

    def delta(self) -> tuple[dict[str, bytes], list[str]]:
        """Blobs to write over what was stored before, and keys to drop; then call `saved`."""
        segments, old = self._segments.delta(self.watermark_ms)
        whole = _Place(LAYOUT, self.callers.bucket, self.watermark_ms, self.published.versions)
        kept = {_WHOLE: msgspec.msgpack.encode(whole), "c/callers": packed(self.callers.table), "c/open": packed(self.callers.waiting())}
        return kept | segments, old

    def saved(self) -> None:
        """The last delta is stored."""
        self._segments.saved()

    @classmethod
    def restored(cls, blobs: Mapping[str, bytes]) -> PeerStage:
        """The stage that wrote these blobs. Raises IntegrityError for another layout or damage."""
        stage = cls()
        if _WHOLE not in blobs:
            return stage
        try:
            place = msgspec.msgpack.decode(blobs[_WHOLE], type=_Place)
            callers, waiting = unpacked(blobs["c/callers"], CALLER), unpacked(blobs["c/open"], CONTACT)
        except (msgspec.MsgspecError, OSError, ValueError, KeyError) as broken:
            raise IntegrityError(f"the memory of callers is damaged ({type(broken).__name__}); restore the last snapshot") from broken
        if place.layout != LAYOUT:
            raise IntegrityError(f"the memory of callers has layout {place.layout}, this build reads {LAYOUT}")
        stage.callers, stage.published = Callers.restored(callers, waiting, place.bucket), Published(place.published)
        stage.watermark_ms = place.watermark_ms
        for key in sorted(k for k in blobs if k.startswith(PREFIX)):
            stage._segments.restore(key, blobs[key])
        return stage

    def _once(self, contacts: np.ndarray) -> np.ndarray:
        """The contacts without repeats; a reused id is another call."""
        shards = np.zeros(len(contacts), np.uint16)
        status = self._seen.check(
            contacts["fingerprint"], shards, contacts["ts_ms"], contacts["watermark_ms"], int(contacts["watermark_ms"][0])
        )  # fmt: skip
        new: np.ndarray = contacts[status != REPEAT]
        return new

    def _publish(self, closed: Closed) -> None:
        self.published.publish(closed.bucket, closed.peers, closed.values)
