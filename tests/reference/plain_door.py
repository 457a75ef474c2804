"""The door one tag at a time, as anybody would write it first: what the columns of `fraud_guard.door.rows` must equal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar

from fraud_guard.door import apps, hosts, lexicon, numbers, peers
from fraud_guard.door.opinions import NO_OPINIONS, Opinions
from fraud_guard.door.registry import UNKNOWN, Person
from fraud_guard.door.tokens import Tokeniser, names_of, shard_of
from fraud_guard.tags.block import pack_area
from fraud_guard.tags.kinds import LONG_CALL_S, Flag, Kind
from fraud_guard.tags.wire import AnyWireTag, WireCall, WireNet, WireSms

K = TypeVar("K")
V = TypeVar("V")
App = tuple[str | None, str | None, str | None]
CACHE_ENTRIES = 400_000
TEXTS_KEPT = 20_000
"""Most texts come once; those that repeat a template soon come again."""
_PHASE = {"start": int(Kind.CALL_START), "answer": int(Kind.CALL_ANSWER), "end": int(Kind.CALL_END)}
_NET = {
    "visit": int(Kind.VISIT), "download": int(Kind.DOWNLOAD),
    "app_install": int(Kind.APP_INSTALL), "app_active": int(Kind.APP_ACTIVE),
}  # fmt: skip
_OUT, _MARKED = int(Flag.OUTGOING), int(Flag.MARKED)
_FORWARDED, _FORWARD_KNOWN, _LONG = int(Flag.FORWARDED), int(Flag.FORWARD_KNOWN), int(Flag.LONG)
_LINK, _APK, _SIDELOADED = int(Flag.LINK), int(Flag.APK), int(Flag.SIDELOADED)
_INSTALL, _DOWNLOAD = int(Kind.APP_INSTALL), int(Kind.DOWNLOAD)
_TOP = int(Flag.TOP_HOST)
_OF_A_LINK = int(Flag.SHORT_LINK | Flag.LOOKALIKE | Flag.FREE_HOSTING | Flag.IP_HOST | Flag.SCAM_HOST)


class Draft(NamedTuple):
    """A row before it has its place in the log. The first three fields are its order within a reorder window."""

    ts_ms: int
    source: str
    id: str
    token: bytes
    shard: int
    kind: int
    category: int
    flags: int
    lures: int
    peer: int
    call: int
    value: int
    fingerprint: int
    area: int
    age: int
    household: int
    text_score: int
    host_score: int
    inlet: int
    host: str | None


_new_draft = tuple.__new__  # Draft(...) costs four times as much


class Read(NamedTuple):
    """A text as the door remembers it."""

    flags: int
    lures: int
    score: int
    urls: Sequence[str]


class Who(NamedTuple):
    """A subject as the door remembers it."""

    token: bytes
    shard: int
    area: int
    age: int
    household: int


class PlainRowMaker:
    """Makes drafts. Owns bounded caches of numbers, hosts and texts; no other state.

    `originals` collects the normalised numbers of tokens not seen before (for the vault),
    `quotes` texts with a lure or of a flagged wording (for alerts); the door empties both.
    """

    def __init__(
        self, tokeniser: Tokeniser, registry: Mapping[str, Person], opinions: Opinions = NO_OPINIONS
    ) -> None:
        self._tokens, self._registry, self._opinions = tokeniser, registry, opinions
        self._subjects: dict[str, Who] = {}
        self._peers: dict[str, tuple[int, int]] = {}
        self._hosts: dict[str, tuple[int, int, str | None, int]] = {}
        self._areas: dict[str, int] = {}
        self._apps: dict[App, tuple[int, int]] = {}
        self._texts: dict[str, Read] = {}
        self.originals: dict[bytes, str] = {}
        self.quotes: list[tuple[bytes, int, str]] = []

    def make(self, tag: AnyWireTag, inlet: int) -> Draft:
        """The draft of a valid tag that came from `inlet`."""
        who = self._subjects.get(tag.subject) or self._meet(tag.subject)
        source, tag_id, ts_ms, area = tag.source, tag.id, tag.ts_ms, tag.area
        mark = fingerprint(source, tag_id, ts_ms)
        flags = _marked(tag.labels) if tag.labels else 0
        kind, category, lures, peer, call, value, host = int(Kind.SMS), 0, 0, 0, 0, 0, None
        text_score = host_score = 0
        if type(tag) is WireCall:
            peer, more = self._peers.get(tag.peer) or self._meet_peer(tag.peer)
            kind, value = _PHASE[tag.phase], tag.duration_s or 0
            call = self._tokens.hash64(tag.call_id) if tag.call_id else 0
            flags |= more | _call_flags(tag)
        elif type(tag) is WireSms:
            peer, more = self._peers.get(tag.peer) or self._meet_peer(tag.peer)
            told, lures, host, text_score, host_score = self._sms(tag, who.token, mark)
            category, flags = (lures & -lures).bit_length(), flags | more | told
        else:
            kind, category, more, peer, host, host_score = self._net(tag)  # type: ignore[arg-type]
            flags |= more
        packed = -who.area if area is None else self._areas.get(area) or _remember(self._areas, area, pack_area(area))
        return _new_draft(Draft, (
            ts_ms, source, tag_id, who.token, who.shard, kind, category, flags, lures, peer, call, value, mark, packed,
            who.age, who.household, text_score, host_score, inlet, host,
        ))  # fmt: skip

    def _sms(self, tag: WireSms, token: bytes, mark: int) -> tuple[int, int, str | None, int, int]:
        flags = _OUT if tag.direction == "out" else 0
        lures, host, text_score, host_score = 0, None, 0, 0
        urls: Sequence[str] = tag.urls or ()
        if tag.text:
            read = self._texts.get(tag.text) or self._read(tag.text)
            flags, lures, text_score, urls = flags | read.flags, read.lures, read.score, tag.urls or read.urls
            if lures or flags & Flag.SCAM_TEXT:
                self.quotes.append((token, mark, tag.text))
        if urls:
            _, more, host, host_score = self._hosts.get(urls[0]) or self._look_up(urls[0])
            flags |= _LINK | more & _OF_A_LINK
        return flags, lures, host, text_score, host_score

    def _net(self, tag: WireNet) -> tuple[int, int, int, int, str | None, int]:
        kind = _NET[tag.kind]
        if kind >= _INSTALL:
            app = tag.app_category, tag.package, tag.app_label
            category, name = self._apps.get(app) or self._meet_app(app)
            return kind, category, 0, name, None, 0
        assert tag.host is not None
        peer, flags, host, score = self._hosts.get(tag.host) or self._look_up(tag.host)
        if kind == _DOWNLOAD and hosts.is_apk_download(tag.url or tag.host):
            flags |= _APK if hosts.is_store(tag.host) else _APK | _SIDELOADED
        return kind, 0, flags, peer, host, score

    def _meet_app(self, app: App) -> tuple[int, int]:
        named, package, label = app
        entry = apps.categorise(named, package, label), self._tokens.hash64(package or label or "")
        return _remember(self._apps, app, entry)

    def _meet(self, subject: str) -> Who:
        canonical = numbers.normalise(subject)
        token = self._tokens.token(canonical)
        self.originals[token] = canonical
        known = self._registry.get(canonical, UNKNOWN)
        who = Who(token, shard_of(token), known.area, known.age, known.household)
        return _remember(self._subjects, subject, who)

    def _meet_peer(self, raw: str) -> tuple[int, int]:
        canonical = numbers.normalise(raw)
        token = self._tokens.token(canonical)
        if canonical:
            self.originals[token] = canonical
        entry = (int.from_bytes(token[:8], "little") if canonical else 0, peers.classify(canonical).flags)
        return _remember(self._peers, raw, entry)

    def _look_up(self, name: str) -> tuple[int, int, str | None, int]:
        found = hosts.reduce_host(name)
        top, said = found.flags & _TOP, self._opinions.of_hosts([found])[0]
        peer, host = (0, None) if top else (self._tokens.hash64(found.host), found.host)
        return _remember(self._hosts, name, (peer, found.flags | said.flags, host, said.score))

    def _read(self, text: str) -> Read:
        marks, said = lexicon.read_text(text), self._opinions.of_texts([text])[0]
        read = Read(marks.flags | said.flags, marks.lures or said.lure, said.score, marks.urls)
        return _remember(self._texts, text, read, TEXTS_KEPT)


def _remember(cache: dict[K, V], key: K, value: V, most: int = CACHE_ENTRIES) -> V:
    if len(cache) >= most:
        cache.clear()
    cache[key] = value
    return value


def _call_flags(tag: WireCall) -> int:
    flags = _OUT if tag.direction == "out" else 0
    if tag.forwarded is not None:
        flags |= _FORWARD_KNOWN | (_FORWARDED if tag.forwarded else 0)
    return flags | _LONG if (tag.duration_s or 0) >= LONG_CALL_S else flags


def fingerprint(source: str, tag_id: str, ts_ms: int) -> int:
    """48 bits of (source, id) and 16 bits of the time."""
    return int.from_bytes(names_of([source], [tag_id])[0], "little") << 16 | (ts_ms * 40503 >> 4) & 0xFFFF


def _marked(labels: list[str]) -> int:
    return _MARKED if any("scam" in label or "fraud" in label or "诈骗" in label for label in labels) else 0
