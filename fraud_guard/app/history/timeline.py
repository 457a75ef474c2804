"""The timeline of an alert: what happened to the person in the hours before and since, and what of it was evidence.

Tags come from the history and, where that is not written yet or not kept, from the log. Nobody is looked up but
the subject of an alert, by whoever gives a name and a reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from fraud_guard.adapters.history.folder import HistoryFolder
from fraud_guard.adapters.history.reading import tags_of
from fraud_guard.app.topics import LOG
from fraud_guard.door.tokens import shard_of
from fraud_guard.escalation.alert import Alert, AlertChange, EvidenceView
from fraud_guard.features.words import APPS, EVENTS, KINDS, LURES
from fraud_guard.log import Log
from fraud_guard.tags.block import EMPTY, Block, decode_record, text
from fraud_guard.tags.kinds import Category, Flag, Kind, Lure

RECORDS_AT_ONCE = 64
HOUR_MS = 3_600_000
_NAMED = {
    Kind.CALL_START: ("来电", "拨出电话"), Kind.CALL_ANSWER: ("接听来电", "拨出的电话接通"), Kind.CALL_END: ("来电结束", "拨出的电话结束"),
    Kind.SMS: ("收到短信", "发出短信"),
}  # fmt: skip
_TOLD = (
    Flag.OVERSEAS, Flag.VIRTUAL, Flag.SHORT_CODE, Flag.OFFICIAL, Flag.LANDLINE, Flag.IRREGULAR, Flag.NO_PEER, Flag.MARKED, Flag.FORWARDED,
    Flag.OTP, Flag.BANK, Flag.LINK, Flag.APK, Flag.SIDELOADED, Flag.SHORT_LINK, Flag.LOOKALIKE, Flag.FREE_HOSTING, Flag.IP_HOST,
    Flag.SCAM_TEXT, Flag.SCAM_HOST,
)  # fmt: skip
"""What is worth telling of a tag besides what it is."""


class Moment(msgspec.Struct, frozen=True):
    """A tag in words; `reasons` are the Chinese summaries of the evidence it belongs to, the weightiest first."""

    ts_ms: int
    id: str
    source: str
    words: str
    reasons: tuple[str, ...]


class Timeline(msgspec.Struct, frozen=True):
    """An alert, what happened in order of time, and the ids of evidence of which no tag is kept any more."""

    alert: Alert
    changes: tuple[AlertChange, ...]
    moments: tuple[Moment, ...]
    missing: tuple[str, ...]


class TagStore:
    """Where a site's tags lie: `folder` None when no history is kept."""

    def __init__(self, log: Log, partitions: int, folder: HistoryFolder | None) -> None:
        self._log, self._partitions, self._folder = log, partitions, folder

    def of(self, token: bytes, from_ms: int, to_ms: int) -> Block:
        """A subject's tags that happened in [from_ms, to_ms], each once, in order of time."""
        partition = shard_of(token) % self._partitions
        kept, next_offset = EMPTY, 0
        if self._folder is not None:
            next_offset = self._folder.next_offset(partition, self._partitions)  # first, or what is written meanwhile is missed
            kept = tags_of(self._folder, token, from_ms, to_ms)
        both = kept + self._from_log(token, partition, next_offset)
        ts_ms = both.rows["ts_ms"]
        both = both.take(np.flatnonzero((ts_ms >= from_ms) & (ts_ms <= to_ms)))
        _, first = np.unique(both.rows["fingerprint"], return_index=True)
        return both.take(first[np.lexsort((first, both.rows["ts_ms"][first]))])

    def _from_log(self, token: bytes, partition: int, offset: int) -> Block:
        found, end = EMPTY, self._log.end(LOG, partition)
        while offset < end:
            records = self._log.read(LOG, partition, offset, RECORDS_AT_ONCE)
            if not records:
                break
            for record in records:
                block = decode_record(record.value, record.offset)
                if isinstance(block, Block):
                    found += block.take(np.flatnonzero(block.rows["token"] == np.void(token)))
            offset = records[-1].offset + 1
        return found


def timeline(alert: Alert, changes: Sequence[AlertChange], store: TagStore, hours: int) -> Timeline:
    """The tags of the alert's subject from `hours` before its first evidence until it ended, and what was evidence."""
    reasons = _reasons([e for c in changes for e in c.evidence])
    block = store.of(bytes.fromhex(alert.token), alert.opened_ms - hours * HOUR_MS, alert.ts_ms)
    earlier = reasons.keys() - {text(block.ids, i) for i in range(len(block))}
    if earlier:  # a sequence may have begun weeks ago
        before = store.of(bytes.fromhex(alert.token), 0, alert.opened_ms - hours * HOUR_MS - 1)
        index = [i for i in range(len(before)) if text(before.ids, i) in earlier]
        block = before.take(np.array(index, np.intp)) + block
    moments = tuple(_moments(block, reasons))
    known = {m.id for m in moments}
    return Timeline(alert, tuple(changes), moments, tuple(i for i in reasons if i not in known))


def _reasons(evidence: Sequence[EvidenceView]) -> dict[str, tuple[str, ...]]:
    """Summaries by tag id, each once, the weightiest first."""
    found: dict[str, tuple[str, ...]] = {}
    for one in sorted(evidence, key=lambda e: -e.weight):
        for tag_id in one.tag_ids:
            found[tag_id] = tuple(dict.fromkeys((*found.get(tag_id, ()), one.summary_zh)))
    return found


def _moments(block: Block, reasons: dict[str, tuple[str, ...]]) -> Iterator[Moment]:
    peers: dict[int, int] = {}
    for i, row in enumerate(block.rows):
        tag_id = text(block.ids, i)
        kind = Kind(int(row["kind"]))
        peer = int(row["peer"]) if kind in _NAMED else 0
        number = peers.setdefault(peer, len(peers) + 1) if peer else 0
        words = _words(kind, row, text(block.hosts, i), number)
        yield Moment(int(row["ts_ms"]), tag_id, text(block.sources, i), words, reasons.get(tag_id, ()))


def _words(kind: Kind, row: np.void, host: str, number: int) -> str:
    """A tag in Chinese. `number` tells the peers of a timeline apart, nobody's real one is known here."""
    flags = Flag(int(row["flags"]))
    parts = [_NAMED[kind][bool(flags & Flag.OUTGOING)] if kind in _NAMED else KINDS[kind.name.lower()][0]]
    parts += [f"号码{number}"] if number else []
    parts += [f"通话{_span(int(row['value']))}"] if kind is Kind.CALL_END else []
    parts += [APPS[Category(int(row["category"])).name.lower()][0]] if kind in (Kind.APP_INSTALL, Kind.APP_ACTIVE) else []
    parts += [host] if host else []
    parts += [EVENTS[flag.name.lower()][0] for flag in _TOLD if flags & flag and flag.name]
    parts += [f"话术：{LURES[lure.name.lower()][0]}" for lure in Lure if int(row["lures"]) & lure and lure.name]
    return "，".join(parts)


def _span(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{minutes}分{rest}秒" if minutes else f"{rest}秒"
