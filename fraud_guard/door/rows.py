"""From tags to rows of the log: tokenised, classified, minimised; column by column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fraud_guard.door import apps, hosts, lexicon, numbers, peers
from fraud_guard.door.memo import Memo
from fraud_guard.door.opinions import NO_OPINIONS, Opinions
from fraud_guard.door.registry import UNKNOWN, Person
from fraud_guard.door.tokens import Tokeniser, names_of, peer_of, shard_of
from fraud_guard.tags.block import ROW, Block, pack_area
from fraud_guard.tags.kinds import LONG_CALL_S, Flag, Kind
from fraud_guard.tags.wire import AnyWireTag, WireCall, WireNet, WireSms

Places = npt.NDArray[np.intp]
Learnt = tuple[list[tuple[Any, ...]], list[Any]]
App = tuple[str | None, str | None, str | None]
TEXTS_KEPT = 20_000
"""Most texts come once; those that repeat a template soon come again."""
PERSON = np.dtype([("token", "V16"), ("shard", "u2"), ("area", "i8"), ("age", "u1"), ("household", "u1")])
NAMED = np.dtype([("peer", "u8"), ("flags", "u4")])  # a number or app
HOST = np.dtype([("peer", "u8"), ("flags", "u4"), ("host_score", "u1")])
TEXT = np.dtype([("flags", "u4"), ("lures", "u4"), ("category", "u1"), ("text_score", "u1")])

_PHASE = {"start": int(Kind.CALL_START), "answer": int(Kind.CALL_ANSWER), "end": int(Kind.CALL_END)}
_NET = {
    "visit": int(Kind.VISIT), "download": int(Kind.DOWNLOAD),
    "app_install": int(Kind.APP_INSTALL), "app_active": int(Kind.APP_ACTIVE),
}  # fmt: skip
_DIRECTION = {"in": 0, "out": int(Flag.OUTGOING)}
_FORWARDED = {None: 0, False: int(Flag.FORWARD_KNOWN), True: int(Flag.FORWARD_KNOWN | Flag.FORWARDED)}
_LONG, _MARKED, _LINK = np.uint32(Flag.LONG), np.uint32(Flag.MARKED), np.uint32(Flag.LINK)
_SCAM_TEXT = np.uint32(Flag.SCAM_TEXT)
_OF_A_LINK = np.uint32(Flag.SHORT_LINK | Flag.LOOKALIKE | Flag.FREE_HOSTING | Flag.IP_HOST | Flag.SCAM_HOST)
"""What the host of a text's first link adds to the text."""
_APK, _SIDELOADED, _TOP = int(Flag.APK), int(Flag.SIDELOADED), int(Flag.TOP_HOST)
_INSTALL, _DOWNLOAD = int(Kind.APP_INSTALL), int(Kind.DOWNLOAD)


class RowMaker:
    """Makes rows. Owns bounded caches of people, numbers, hosts, apps and texts; no other state.

    `originals` collects the normalised numbers of tokens not seen before (for the vault),
    `quotes` texts with a lure or of a flagged wording (for alerts); the door empties both.
    """

    def __init__(
        self, tokeniser: Tokeniser, registry: Mapping[str, Person], opinions: Opinions = NO_OPINIONS
    ) -> None:
        self._tokens, self._registry, self._opinions = tokeniser, registry, opinions
        self._people = Memo[str](PERSON, self._meet_people)
        self._apps = Memo[App](NAMED, self._meet_apps)
        self.forget_lists()
        self._areas = Memo[str | None](np.dtype([("area", "i8")]), _pack_areas)
        self.originals: dict[bytes, str] = {}
        self.quotes: list[tuple[bytes, int, str]] = []

    def forget_lists(self) -> None:
        """Other lists are in force: what was worked out of the old ones is worked out anew."""
        self._peers = Memo[str](NAMED, self._meet_peers)
        self._hosts = Memo[str](HOST, self._look_up)
        self._texts = Memo[str](TEXT, self._read, TEXTS_KEPT)

    def make(self, tags: Sequence[AnyWireTag], inlets: Sequence[int]) -> Block:
        """The rows of valid tags that came from `inlets`, without watermark and position."""
        rows = np.zeros(len(tags), ROW)
        ids, sources, named = [t.id for t in tags], [t.source for t in tags], list[str | None]([None]) * len(tags)
        block = Block(rows, ids, sources, named)
        if not tags:
            return block
        rows["ts_ms"], rows["inlet"] = [t.ts_ms for t in tags], inlets
        rows["fingerprint"] = fingerprints(sources, ids, rows["ts_ms"])
        person = self._people.table[self._people.find([t.subject for t in tags])]
        for name in ("token", "shard", "age", "household"):
            rows[name] = person[name]
        area = self._areas.table["area"][self._areas.find([t.area for t in tags])]
        rows["area"] = np.where(area == 0, -person["area"], area)
        types = list(map(type, tags))
        for kind, fill in ((WireCall, self._calls), (WireSms, self._sms), (WireNet, self._net)):
            at = np.array([i for i, of in enumerate(types) if of is kind], np.intp)
            if len(at):
                fill(block, at, [tags[i] for i in at.tolist()])
        marked = [i for i, t in enumerate(tags) if t.labels and _says_scam(t.labels)]
        rows["flags"][marked] |= _MARKED
        return block

    def _calls(self, block: Block, at: Places, calls: list[WireCall]) -> None:
        rows, peer = block.rows, self._peers.table[self._peers.find([t.peer for t in calls])]
        value = np.array([t.duration_s or 0 for t in calls], np.int32)
        flags = peer["flags"] | np.array([_DIRECTION[t.direction] | _FORWARDED[t.forwarded] for t in calls], np.uint32)
        rows["flags"][at] = np.where(value >= LONG_CALL_S, flags | _LONG, flags)
        rows["peer"][at], rows["value"][at] = peer["peer"], value
        rows["kind"][at] = [_PHASE[t.phase] for t in calls]
        hash64 = self._tokens.hash64
        rows["call"][at] = np.array([hash64(t.call_id) if t.call_id else 0 for t in calls], np.uint64)

    def _sms(self, block: Block, at: Places, texts: list[WireSms]) -> None:
        rows, peer = block.rows, self._peers.table[self._peers.find([t.peer for t in texts])]
        places = self._texts.find([t.text or "" for t in texts])
        read = self._texts.table[places]
        rows["flags"][at] = peer["flags"] | read["flags"] | np.array([_DIRECTION[t.direction] for t in texts], np.uint32)
        rows["kind"][at], rows["peer"][at] = int(Kind.SMS), peer["peer"]
        for name in ("lures", "category", "text_score"):
            rows[name][at] = read[name]
        notes = self._texts.notes
        linked = [(i, urls[0]) for i, (t, p) in enumerate(zip(texts, places.tolist(), strict=True)) if (urls := t.urls or notes[p])]
        if linked:
            self._link(block, at[[i for i, _ in linked]], [url for _, url in linked])
        for i in np.flatnonzero(read["lures"] | read["flags"] & _SCAM_TEXT).tolist():
            row = rows[at[i]]
            self.quotes.append((row["token"].tobytes(), int(row["fingerprint"]), texts[i].text or ""))

    def _link(self, block: Block, at: Places, urls: list[str]) -> None:
        places = self._hosts.find(urls)
        host = self._hosts.table[places]
        block.rows["flags"][at] |= _LINK | host["flags"] & _OF_A_LINK
        block.rows["host_score"][at] = host["host_score"]
        self._name(block, at, places)

    def _net(self, block: Block, at: Places, tags: list[WireNet]) -> None:
        kinds = [_NET[t.kind] for t in tags]
        block.rows["kind"][at] = kinds
        of_apps = [i for i, kind in enumerate(kinds) if kind >= _INSTALL]
        of_hosts = [i for i, kind in enumerate(kinds) if kind < _INSTALL]
        if of_apps:
            self._app(block, at[of_apps], [tags[i] for i in of_apps])
        if of_hosts:
            self._host(block, at[of_hosts], [tags[i] for i in of_hosts])

    def _app(self, block: Block, at: Places, tags: list[WireNet]) -> None:
        app = self._apps.table[self._apps.find([(t.app_category, t.package, t.app_label) for t in tags])]
        block.rows["category"][at], block.rows["peer"][at] = app["flags"], app["peer"]

    def _host(self, block: Block, at: Places, tags: list[WireNet]) -> None:
        places = self._hosts.find([t.host or "" for t in tags])
        host = self._hosts.table[places]
        for name in ("flags", "peer", "host_score"):
            block.rows[name][at] = host[name]
        self._name(block, at, places)
        for i, tag in enumerate(tags):
            if tag.kind == "download" and hosts.is_apk_download(tag.url or tag.host or ""):
                block.rows["flags"][at[i]] |= np.uint32(_APK if hosts.is_store(tag.host or "") else _APK | _SIDELOADED)
            if tag.sha256 and tag.kind == "download":
                block.rows["call"][at[i]] = self._tokens.hash64(tag.sha256.lower())

    def _name(self, block: Block, at: Places, places: Places) -> None:
        notes, named = self._hosts.notes, block.hosts
        for i, place in zip(at.tolist(), places.tolist(), strict=True):
            named[i] = notes[place]

    def _meet_people(self, subjects: list[str]) -> Learnt:
        return [self._meet(numbers.normalise(subject)) for subject in subjects], []

    def _meet(self, canonical: str) -> tuple[bytes, int, int, int, int]:
        token = self._tokens.token(canonical)
        self.originals[token] = canonical
        known = self._registry.get(canonical, UNKNOWN)
        return token, shard_of(token), known.area, known.age, known.household

    def _meet_peers(self, raw: list[str]) -> Learnt:
        return [self._meet_peer(numbers.normalise(number)) for number in raw], []

    def _meet_peer(self, canonical: str) -> tuple[int, int]:
        token = self._tokens.token(canonical)
        if canonical:
            self.originals[token] = canonical
        return peer_of(token) if canonical else 0, peers.classify(canonical).flags

    def _look_up(self, names: list[str]) -> Learnt:
        found = [hosts.reduce_host(name) for name in names]
        hash64 = self._tokens.hash64
        table = [
            (0 if one.flags & _TOP else hash64(one.host), one.flags | said.flags, said.score)
            for one, said in zip(found, self._opinions.of_hosts(found), strict=True)
        ]
        return table, [None if one.flags & _TOP else one.host for one in found]

    def _read(self, texts: list[str]) -> Learnt:
        marks = [lexicon.read_text(text) for text in texts]
        said = self._opinions.of_texts(texts)
        wordings = [m.lures or one.lure for m, one in zip(marks, said, strict=True)]
        table = [
            (m.flags | one.flags, wording, (wording & -wording).bit_length(), one.score)
            for m, one, wording in zip(marks, said, wordings, strict=True)
        ]
        return table, [m.urls for m in marks]

    def _meet_apps(self, found: list[App]) -> Learnt:
        hash64 = self._tokens.hash64
        return [(hash64(package or label or ""), apps.categorise(named, package, label)) for named, package, label in found], []


def fingerprints(sources: Sequence[str], ids: Sequence[str], ts_ms: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """48 bits of (source, id), so that a repeat is found, and 16 bits of the time, so that reuse is noticed."""
    names = np.frombuffer(b"".join(names_of(sources, ids)), np.uint64)
    return names << np.uint64(16) | (ts_ms * 40503 >> 4).astype(np.uint64) & np.uint64(0xFFFF)


def _pack_areas(codes: list[str | None]) -> Learnt:
    return [(pack_area(code or ""),) for code in codes], []


def _says_scam(labels: list[str]) -> bool:
    return any("scam" in label or "fraud" in label or "诈骗" in label for label in labels)
