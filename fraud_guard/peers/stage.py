"""The peer stage: contacts in, reputations by bucket out; what it knows as blobs for a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np
import numpy.typing as npt

from fraud_guard.errors import IntegrityError
from fraud_guard.memory.duplicates import REPEAT, Duplicates
from fraud_guard.memory.pages import Blobs, Delta
from fraud_guard.memory.segments import PREFIX as FINGERPRINTS
from fraud_guard.memory.segments import Segments, Shelf
from fraud_guard.peers.bucket import bucket_of, usable
from fraud_guard.peers.callers import Callers, Closed
from fraud_guard.peers.contacts import contacts_of
from fraud_guard.peers.layout import LAYOUT, MET, TOLD
from fraud_guard.peers.packing import packed, unpacked
from fraud_guard.peers.records import PREFIX as PAGES
from fraud_guard.peers.records import Records
from fraud_guard.peers.reputation import LASTS_BUCKETS, Published
from fraud_guard.tags.kinds import Kind

_PLACE = "c/place"
_OTHER = (
    f"the memory of callers has layout {{}}, this build reads {LAYOUT}; start with a new data_dir "
    "(the old one stays readable for the version that wrote it)"
)
_CONTACTS = "o/"
_TOLD = "v/"
_FORGET_EVERY = 12
"""Buckets."""


class _Place(msgspec.Struct, array_like=True, frozen=True):
    """What is not an array."""

    layout: int
    bucket: int
    watermark_ms: int


class PeerStage:
    """All callers, and what was published of them. The same contacts give the same reputations in any cut."""

    def __init__(self) -> None:
        self.callers, self.published, self._seen = Callers(), Published(), Duplicates()
        self._segments, self._contacts, self._told = Segments(self._seen), Shelf(_CONTACTS), Shelf(_TOLD)
        self.watermark_ms, self._forgotten, self._told_to = 0, 0, -1

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

    def tell(self, rows: np.ndarray) -> None:
        """Learn from the next rows of the log (at least one), and set the `reputation` of each; for those who read the log once."""
        self.forget(int(rows["watermark_ms"][0]))
        self.take(contacts_of(rows), int(rows["watermark_ms"][-1]))
        rows["reputation"] = self.reputations(rows)

    def forget(self, watermark_ms: int) -> None:
        """No row below this watermark will ask any more; looked through once an hour of event time."""
        before = int(usable(np.array([watermark_ms]))[0])
        if before - self._forgotten >= _FORGET_EVERY:
            self.published.forget(before)
            self._forgotten = before

    def delta(self) -> Delta:
        """What is not stored yet, to be stored before the stage takes anything more; then call `saved`."""
        self._shelve()
        ready, drop = self._segments.delta(self.watermark_ms)
        ready = {_PLACE: msgspec.msgpack.encode(_Place(LAYOUT, self.callers.bucket, self.watermark_ms))} | ready
        for shelf in (self._contacts, self._told):
            segments, old = shelf.delta()
            ready, drop = ready | segments, drop + old
        pages, empty = self.callers.records.delta()
        return Delta(Blobs(self.callers.records.pack, ready, pages), drop + empty)

    def saved(self) -> None:
        """The last delta is stored."""
        self.callers.records.saved()
        for one in (self._segments, self._contacts, self._told):
            one.saved()

    @classmethod
    def restored(cls, blobs: Mapping[str, bytes]) -> PeerStage:
        """The stage that wrote these blobs. Raises IntegrityError for another layout or damage."""
        stage = cls()
        try:
            if blobs:
                stage._restore(_by_kind(blobs))
        except (msgspec.MsgspecError, OSError, ValueError, KeyError) as broken:
            raise IntegrityError(
                f"the memory of callers is damaged ({type(broken).__name__}); restore the last snapshot"
            ) from broken
        return stage

    def _shelve(self) -> None:
        """Make segments of the contacts of the open bucket and of what was published, since the last time."""
        bucket, contacts = self.callers.bucket, self.callers.fresh()
        self._contacts.drop(bucket)
        if len(contacts):
            self._contacts.put(packed(contacts), bucket)
        self._told.drop(self._forgotten - LASTS_BUCKETS + 1)
        told = self.published.after(self._told_to) if bucket - 1 > self._told_to else np.zeros(0, TOLD)
        if len(told):
            self._told.put(packed(told), bucket - 1)
        self._told_to = bucket - 1

    def _restore(self, kinds: Mapping[str, dict[str, bytes]]) -> None:
        if _PLACE not in kinds["c/"] and kinds["c/"]:
            raise IntegrityError(_OTHER.format(1))
        place = msgspec.msgpack.decode(kinds["c/"][_PLACE], type=_Place)
        if place.layout != LAYOUT:
            raise IntegrityError(_OTHER.format(place.layout))
        contacts = [unpacked(blob, MET) for blob in kinds[_CONTACTS].values()]
        self.callers = Callers.restored(Records.restored(kinds[PAGES]), contacts, place.bucket)
        self.watermark_ms, self._told_to = place.watermark_ms, place.bucket - 1
        for key in kinds[_CONTACTS]:
            self._contacts.note(key, place.bucket)
        for key, blob in kinds[_TOLD].items():
            told = unpacked(blob, TOLD)
            self.published.restore(told)
            self._told.note(key, int(told["bucket"].max()))
        for key, blob in kinds[FINGERPRINTS].items():
            self._segments.restore(key, blob)

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


def _by_kind(blobs: Mapping[str, bytes]) -> dict[str, dict[str, bytes]]:
    """Blobs by prefix, in the order of their keys. Raises IntegrityError for a prefix that is none of ours."""
    kinds: dict[str, dict[str, bytes]] = {prefix: {} for prefix in ("c/", PAGES, _CONTACTS, _TOLD, FINGERPRINTS)}
    for key in sorted(blobs):
        if key[:2] not in kinds:
            raise IntegrityError(f"the memory of callers holds an unknown blob {key[:2]!r}; was it written by a newer version?")
        kinds[key[:2]][key] = blobs[key]
    return kinds
