"""Checkpoint blobs: what of a memory changed, and how to build a memory from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import chain
from typing import NamedTuple

import msgspec
import numpy as np
import pyarrow as pa

from fraud_guard.errors import IntegrityError
from fraud_guard.memory.episode import Episode
from fraud_guard.memory.layout import EVENTS, HEAD, LAYOUT
from fraud_guard.memory.memory import PAGE, Journal, Memory
from fraud_guard.memory.older_layouts import upgraded
from fraud_guard.memory.segments import Segments

_HEAD_BYTES, _RING_BYTES = PAGE * HEAD.itemsize, PAGE * EVENTS.itemsize
PAGE_OF_SHARD, EPISODE, JOURNAL, KNOWN = "p", "e", "j/", "k/"
"""First letters of keys: `p/<shard>/<number>`, `e/<token>`; the journal and what is known of verdicts are one blob each."""
_codec = pa.Codec("lz4_raw")  # a quarter of the time of zstd for a quarter more bytes


class Blobs(Mapping[str, bytes]):
    """Blobs by key. A page is packed when it is asked for: all at once would be a copy of the memory."""

    def __init__(self, pack: Callable[[int], bytes], ready: Mapping[str, bytes], pages: Mapping[str, int]) -> None:
        self._pack, self._ready, self._pages = pack, ready, pages

    def __getitem__(self, key: str) -> bytes:
        page = self._pages.get(key)
        return self._ready[key] if page is None else self._pack(page)

    def __iter__(self) -> Iterator[str]:
        return chain(self._pages, self._ready)

    def __len__(self) -> int:
        return len(self._pages) + len(self._ready)


class Delta(NamedTuple):
    """Blobs to write and keys to drop since the last checkpoint."""

    blobs: Blobs
    drop: list[str]


class Pager:
    """Knows under which key each page, episode and duplicate segment of a memory is stored."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._page_keys: dict[int, str] = {}
        self._pages_of_shard: dict[int, int] = {}
        self._segments = Segments(memory.duplicates)
        self._stored_episodes: set[bytes] = set()
        self._journal = msgspec.msgpack.encode(memory.journal)
        self._ready: dict[str, bytes] = {}  # these three: not known to be stored yet
        self._dirty: dict[str, int] = {}
        self._drop: dict[str, None] = {}

    def restore(self, blobs: Mapping[str, bytes]) -> None:
        """Fill the empty memory from stored blobs. Raises IntegrityError for a foreign or damaged blob."""
        for key in sorted(blobs):
            kind, _, rest = key.partition("/")
            if kind == PAGE_OF_SHARD:
                self._restore_page(key, blobs[key])
            elif kind == EPISODE:
                self._restore_episode(bytes.fromhex(rest), blobs[key])
            elif kind == "d":
                self._segments.restore(key, blobs[key])
            elif key == JOURNAL:
                self._journal = blobs[key]
                self._memory.journal = msgspec.msgpack.decode(blobs[key], type=Journal)
            elif key == KNOWN:
                self._memory.known.restore(blobs[key])
            else:
                raise IntegrityError(f"memory holds an unknown blob {kind!r}; was it written by a newer version?")

    def delta(self) -> Delta:
        """What is not stored yet, to be stored before the memory changes again; then call `saved`."""
        memory = self._memory
        self._dirty |= {self._key(page): page for page in np.flatnonzero(memory.page_dirty).tolist()}
        for token in memory.episodes_dirty:
            self._note_episode(f"e/{token.hex()}", token, memory.episodes.get(token))
        if (journal := msgspec.msgpack.encode(memory.journal)) != self._journal:
            self._ready[JOURNAL] = self._journal = journal
        if memory.known.dirty:
            self._ready[KNOWN], memory.known.dirty = memory.known.packed(), False
        segments, old = self._segments.delta(memory.watermark_ms)
        memory.page_dirty[:] = False
        memory.episodes_dirty.clear()
        return Delta(Blobs(partial(_pack, memory), self._ready | segments, self._dirty), [*self._drop, *old])

    def saved(self) -> None:
        """The last delta is stored."""
        self._ready, self._dirty, self._drop = {}, {}, {}
        self._segments.saved()

    def _note_episode(self, key: str, token: bytes, episode: Episode | None) -> None:
        if episode is not None:
            self._ready[key] = msgspec.msgpack.encode(episode)
            self._drop.pop(key, None)
            self._stored_episodes.add(token)
        elif token in self._stored_episodes:
            self._ready.pop(key, None)
            self._drop[key] = None
            self._stored_episodes.discard(token)

    def _key(self, page: int) -> str:
        key = self._page_keys.get(page)
        if key is None:
            shard = int(self._memory.head["shard"][page * PAGE])
            n = self._pages_of_shard.get(shard, 0)
            self._pages_of_shard[shard] = n + 1
            key = self._page_keys[page] = f"p/{shard:03d}/{n:08d}"
        return key

    def _restore_page(self, key: str, blob: bytes) -> None:
        shard, n = int(key[2:5]), int(key[6:])
        head, ring = _unpack(blob)
        first = self._memory.place_page(shard)
        self._memory.head[first : first + PAGE] = head
        self._memory.ring[first : first + PAGE] = ring
        self._page_keys[first // PAGE] = key
        self._pages_of_shard[shard] = max(self._pages_of_shard.get(shard, 0), n + 1)
        empty = []
        for i in range(PAGE):
            if head["layout"][i]:
                self._memory.slots[head["token"][i].tobytes()] = first + i
                if head["call_due_ms"][i]:
                    self._memory.add_timer(int(head["call_due_ms"][i]), head["token"][i].tobytes())
            else:
                empty.append(first + i)
        self._memory.add_free(shard, empty)

    def _restore_episode(self, token: bytes, blob: bytes) -> None:
        episode = msgspec.msgpack.decode(blob, type=Episode)
        self._memory.episodes[token] = episode
        self._stored_episodes.add(token)
        if episode.n:
            self._memory.add_timer(episode.expire_ms, token)


def _pack(memory: Memory, page: int) -> bytes:
    at = slice(page * PAGE, page * PAGE + PAGE)
    raw = memory.head[at].tobytes() + memory.ring[at].tobytes()
    packed: bytes = _codec.compress(raw, asbytes=True)
    return bytes([LAYOUT]) + packed


def _unpack(blob: bytes) -> tuple[np.ndarray, np.ndarray]:
    if blob[0] != LAYOUT:
        return upgraded(blob[0], LAYOUT, partial(_unpacked, blob), PAGE)
    raw = _unpacked(blob, _HEAD_BYTES + _RING_BYTES)
    return np.frombuffer(raw, HEAD, PAGE), np.frombuffer(raw, EVENTS, PAGE, _HEAD_BYTES)


def _unpacked(blob: bytes, size: int) -> bytes:
    try:
        raw: bytes = _codec.decompress(blob[1:], size, asbytes=True)
    except OSError as broken:
        raise IntegrityError("a page of memory is damaged; restore the last snapshot") from broken
    return raw
