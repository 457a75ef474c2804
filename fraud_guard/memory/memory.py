"""The memory of one partition: records in RAM, grouped by shard in pages of 16.

`decide` changes it in place; between two calls it is consistent and can be checkpointed.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable

import msgspec
import numpy as np
import numpy.typing as npt

from fraud_guard.memory.duplicates import Duplicates
from fraud_guard.memory.episode import Episode
from fraud_guard.memory.layout import EVENTS, EXPIRE_S, HEAD, LAYOUT
from fraud_guard.touches.known import Known

PAGE = 16
"""Records in a page; a page belongs to one shard and is what a checkpoint writes."""
_GROW = 8_192
LATE_MS = 86_400_000
"""The door lets nothing pass that is later than this."""

Slots = npt.NDArray[np.intp]


class Journal(msgspec.Struct, omit_defaults=True):
    """What became of the partition's tags up to its position, and how they are decided from there on; stored with it."""

    scored: int = 0
    duplicate: int = 0
    gap: int = 0
    """Records of the log that were gone before they could be read."""
    mode: int = 0
    """How much is left out while the worker is behind; see `pipeline.Mode`."""


class Timer(msgspec.Struct, frozen=True, order=True):
    """A due time of a subject; checked against the record when it strikes."""

    due_ms: int
    token: bytes


class Memory:
    """Records of all subjects of a partition."""

    def __init__(self) -> None:
        self.head = np.zeros(_GROW, HEAD)
        self.ring = np.zeros(_GROW, EVENTS)
        self.slots: dict[bytes, int] = {}
        self.episodes: dict[bytes, Episode] = {}
        self.duplicates = Duplicates()
        self.watermark_ms = 0
        self.position = -1
        self.generation = ""
        self.journal = Journal()
        self.known = Known()
        self.timers: list[Timer] = []
        self.page_dirty = np.zeros(_GROW // PAGE, np.bool_)
        self.episodes_dirty: set[bytes] = set()
        self._pages = 0
        self._free: dict[int, list[int]] = {}

    def __len__(self) -> int:
        return len(self.slots)

    def slots_of(self, tokens: list[bytes], shards: list[int]) -> Slots:
        """Slots of the subjects, new ones made as needed."""
        known = self.slots
        found = [known.get(t, -1) for t in tokens]
        if -1 in found:
            missing = [i for i, slot in enumerate(found) if slot < 0]
            made = [i for i in missing if tokens[i] not in known and self._new(tokens[i], shards[i])]
            for i in missing:
                found[i] = known[tokens[i]]
            slots = np.array([found[i] for i in made], np.intp)
            self.head["token"][slots] = np.frombuffer(b"".join([tokens[i] for i in made]), "V16")
            self.head["layout"][slots] = LAYOUT
        return np.array(found, np.intp)

    def touch(self, slots: Slots) -> None:
        """Mark the pages of `slots` as changed since the last checkpoint."""
        self.page_dirty[slots // PAGE] = True

    def add_timer(self, due_ms: int, token: bytes) -> None:
        """Have the subject looked at when the watermark reaches `due_ms`."""
        heapq.heappush(self.timers, Timer(due_ms, token))

    def due(self, watermark_ms: int) -> list[Timer]:
        """Take out the timers that are due, in order of (due_ms, token)."""
        struck = []
        while self.timers and self.timers[0].due_ms <= watermark_ms:
            struck.append(heapq.heappop(self.timers))
        return struck

    def next_due_ms(self, token: bytes) -> int | None:
        """When the subject's own next timer strikes: the call in progress, or the end of an open alert."""
        slot, episode = self.slots.get(token), self.episodes.get(token)
        dues = [int(self.head["call_due_ms"][slot])] if slot is not None else []
        if episode is not None and episode.n:
            dues.append(episode.expire_ms)
        return min((d for d in dues if d > 0), default=None)

    def forget(self, slot: int, *, keep_history: bool) -> None:
        """Empty a record. With `keep_history` the person stays known (area, age, alerts, victim, whom it knows), only signals go."""
        old = self.head[slot].copy()
        self.head[slot] = np.zeros((), HEAD)
        kept = ["token", "shard", "layout", "alerts", "last_ms"]
        if keep_history:
            kept += ["first_ms", "area", "age", "household", "victim", "forwarded", "call", "call_peer",
                     "call_start_ms", "call_answer_ms", "call_flags", "call_reputation", "peers", "peers_size", "met", "met_size",
                     "hosts", "hosts_size"]  # fmt: skip
        for name in kept:
            self.head[name][slot] = old[name]
        self.page_dirty[slot // PAGE] = True

    def sweep(self) -> int:
        """Free the records of subjects untouched for 90 days of event time (and a day, for late tags); returns how many.

        Nothing that is still to come can tell the difference. Who had an alert keeps the
        number of alerts, so that the next one gets a new id; all signals go.
        """
        used = np.fromiter(self.slots.values(), np.intp, len(self.slots))
        last_ms = self.head["last_ms"][used]
        stale = used[(last_ms > 0) & (last_ms < self.watermark_ms - EXPIRE_S * 1000 - LATE_MS)]
        swept = 0
        for slot in stale.tolist():
            token = self.head["token"][slot].tobytes()
            episode = self.episodes.get(token)
            if episode is not None and episode.n:
                continue
            if self.episodes.pop(token, None) is not None:
                self.episodes_dirty.add(token)
            self._clear(slot, token)
            swept += 1
        return swept

    def _clear(self, slot: int, token: bytes) -> None:
        shard, alerts, victim = (self.head[name][slot].copy() for name in ("shard", "alerts", "victim"))
        self.head[slot], self.ring[slot] = np.zeros((), HEAD), np.zeros((), EVENTS)
        self.head["shard"][slot] = shard
        self.page_dirty[slot // PAGE] = True
        if alerts:
            for name, value in (("token", np.void(token)), ("layout", LAYOUT), ("alerts", alerts), ("victim", victim)):
                self.head[name][slot] = value
        else:
            self._free.setdefault(int(shard), []).append(slot)
            del self.slots[token]

    def place_page(self, shard: int) -> int:
        """Make an empty page for a shard; returns its first slot."""
        first = self._pages * PAGE
        if first + PAGE > len(self.head):
            self._grow()
        self._pages += 1
        self.head["shard"][first : first + PAGE] = shard
        return first

    def add_free(self, shard: int, slots: Iterable[int]) -> None:
        """Let new subjects of a shard use these empty slots, lowest first."""
        self._free.setdefault(shard, []).extend(sorted(slots, reverse=True))

    @property
    def pages(self) -> int:
        """Pages in use."""
        return self._pages

    def _new(self, token: bytes, shard: int) -> bool:
        """Give the token a slot; the caller writes its head."""
        free = self._free.get(shard)
        if not free:
            first = self.place_page(shard)
            self.add_free(shard, range(first, first + PAGE))
            free = self._free[shard]
        self.slots[token] = free.pop()
        return True

    def _grow(self) -> None:
        more = len(self.head) + _GROW
        self.head.resize(more, refcheck=False)
        self.ring.resize(more, refcheck=False)
        self.page_dirty.resize(more // PAGE, refcheck=False)
