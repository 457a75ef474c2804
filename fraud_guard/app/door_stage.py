"""The live door: chunks of raw records in, blocks of the log out, dead letters and originals on the way.

At least once: a crash between the append and the acknowledgement appends again, and the
scorer drops the repeats. Numbers reach the vault before their tokens reach the log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec
import numpy as np
import structlog

from fraud_guard.adapters.chunking import LogRecord
from fraud_guard.adapters.sealing import Sealer
from fraud_guard.adapters.sql.vault import SqlVault
from fraud_guard.app.inlet_marks import Inlet, InletMarks, name_of
from fraud_guard.app.topics import LOG, PEERS, inlet_place, inlet_position
from fraud_guard.door.door import Door, Refused
from fraud_guard.door.marks import FOREVER_MS
from fraud_guard.door.tokens import shard_of
from fraud_guard.errors import DependencyError
from fraud_guard.failpoints import failpoint
from fraud_guard.log import Append, Log, Record
from fraud_guard.peers.contacts import contacts_of, encode_contacts
from fraud_guard.ports import DeadLetter, DeadLetters
from fraud_guard.tags.block import EMPTY, Block, Controls, decode_record, encode_block, encode_controls, join
from fraud_guard.tags.control import Control
from fraud_guard.tags.reasons import Reason
from fraud_guard.touches.notice import Notice

log = structlog.get_logger()

QUOTE_KEPT_MS = 30 * 86_400_000
RESTORED = 64
"""Last records of a partition that tell where the watermark was; only tags tell how far behind the clock, not controls."""
LOST = "retention took them before a door read them; keep inlets longer (FG_RETENTION_H, `topics check`), and let the feed send them again"
TICK_MS = 1_000
"""A door that has appended nothing for so long lets the watermark catch up with the marks."""


class DoorStage:
    """One door of one process, writing all partitions of the log. `marks` are those of all doors."""

    def __init__(
        self, door: Door, log: Log, vault: SqlVault, letters: DeadLetters, sealer: Sealer, partitions: int,
        marks: InletMarks, now_ms: Callable[[], int], idle_ms: int,
    ) -> None:  # fmt: skip
        self.counts = Counter[str]()
        self._door, self._log, self._vault, self._letters, self._sealer = door, log, vault, letters, sealer
        self._partitions, self._marks, self._now_ms, self._idle_ms = partitions, marks, now_ms, idle_ms
        self._lag_ms, self._moved_ms = 0, now_ms()
        self._taken, self._inlet, self._high_ms = range(0), ("", 0), 0
        self._ready = EMPTY  # read, and not yet in the log because it could not be reached
        self._gaps: dict[tuple[str, int, int], int] = {}  # records missing from an offset of an inlet partition on

    def assign(self, inlets: Iterable[Inlet]) -> None:
        """From here on this door reads these. Safe to repeat after a DependencyError."""
        if inlets := frozenset(inlets):
            self.restore_watermark()
            self._look_for_gaps(inlets)
        self._marks.assign(inlets)

    def gaps(self) -> Counter[str]:
        """Records by topic that were gone before a door read them, as this one saw it when it got their partition."""
        lost = Counter[str]()
        for (topic, _, _), records in self._gaps.items():
            lost[topic] += records
        return lost

    def release(self) -> None:
        """Others may get what this door reads: tell them how far it has come."""
        self._marks.tell()

    def restore_watermark(self) -> None:
        """Go on from the newest watermark in the log, so that it never falls, and as far behind the clock as it was."""
        for partition in range(self._partitions):
            first = max(0, self._log.end(LOG, partition) - RESTORED)
            for record in self._log.read(LOG, partition, first, RESTORED):
                last = decode_record(record.value, record.offset)
                if isinstance(last, Controls):
                    mark = last.watermark_ms
                else:
                    mark = int(last.rows["watermark_ms"][-1])
                    self._lag_ms = max(0, record.timestamp_ms - mark)
                self._door.watermark_ms = max(self._door.watermark_ms, mark)

    def take(self, records: Sequence[LogRecord]) -> None:
        """Bring a chunk of raw records into the log; after a DependencyError call it again with the same."""
        failpoint("door-before-read")
        inlets = _inlets(records)
        self._inlet = (records[0].topic, records[0].partition)
        if inlets != self._taken:
            self._ready += self._read([r.value or b"" for r in records], inlets)
            self._taken = inlets
            self.counts["accepted"] += len(records)
        failpoint("door-after-read")
        self._append_ready()
        self._marks.taken(self._inlet, records[-1].offset + 1, self._high_ms)
        if self._door.refused:
            raw = dict(zip(inlets, (r.value or b"" for r in records), strict=True))
            self._refuse(self._door.refused, lambda inlet: raw.get(inlet) or self._raw(inlet))
            self._door.refused.clear()
        failpoint("door-after-letters")

    def flush(self) -> None:
        """Let out what waits for earlier tags (at the end of a feed and at shutdown)."""
        self._ready += self._door.flush()
        self._append_ready()

    def forget_lists(self) -> None:
        """Other lists are in force."""
        self._door.rows.forget_lists()

    def tick(self) -> None:
        """When nothing has come for a while, move the watermark: to where the slowest inlet partition is, or when all are idle
        by the clock, as far behind as the feed was.
        """
        self._marks.rest(self._idle_ms)
        self._listen()
        self._marks.tell()
        now_ms, least_ms = self._now_ms(), self._marks.known.least_ms()
        if now_ms < self._moved_ms:  # the clock was set back: the feed is as far behind as it was, by the new time
            self._lag_ms += now_ms - self._moved_ms
            self._moved_ms = now_ms
        quiet_ms, idle = now_ms - self._moved_ms, least_ms == FOREVER_MS
        if not self._door.watermark_ms or quiet_ms < (self._idle_ms if idle else TICK_MS):
            return
        if not idle and least_ms <= self._door.watermark_ms:
            return
        self._moved_ms = now_ms
        block = self._door.tick(now_ms - self._lag_ms if idle else least_ms)
        self._log.append_many([(LOG, p, [Record(None, _encoded(block))]) for p in range(self._partitions)])
        self._marks.reach(self._door.watermark_ms)

    def mark(self) -> None:
        """Tell every partition where the watermark is."""
        block = self._door.tick(self._door.watermark_ms)
        self._log.append_many([(LOG, p, [Record(None, _encoded(block))]) for p in range(self._partitions)])

    def control(self, controls: Iterable[Control]) -> None:
        """Append control records to their subjects' partitions."""
        failpoint("control-before-append")
        appends = [
            (LOG, shard_of(c.token) % self._partitions, [Record(None, encode_controls([c], self._door.watermark_ms))])
            for c in controls
        ]
        self._log.append_many(appends)
        failpoint("control-after-append")

    def announce(self, generation_id: str) -> list[int]:
        """From here on this generation decides, in every partition; returns the offsets of the announcements."""
        return self._to_all([Control(kind="generation", token=b"", ts_ms=self._now_ms(), body=generation_id)])

    def hear(self, notices: Iterable[Notice]) -> None:
        """From here on these verdicts hold, in every partition."""
        self._to_all([
            Control(kind="verdict", token=b"", ts_ms=notice.ts_ms, body=msgspec.json.encode(notice).decode()) for notice in notices
        ])  # fmt: skip

    def _to_all(self, controls: Sequence[Control]) -> list[int]:
        """A record of each partition; returns their offsets."""
        record = Record(None, encode_controls(controls, self._door.watermark_ms))
        return self._log.append_many([(LOG, p, [record]) for p in range(self._partitions)])

    def refuse(self, refused: Sequence[tuple[int, str]]) -> None:
        """Dead letters of tags that the scorer refused; their raw bytes are read from the inlet again."""
        self._refuse([Refused(inlet, reason, "") for inlet, reason in refused], self._raw)

    def _look_for_gaps(self, inlets: Iterable[Inlet]) -> None:
        """What retention took before it was read is lost; people are not left alone for it, but somebody must know."""
        for topic, partition in inlets:
            done = self._log.committed(topic, partition)
            if done is not None and (records := self._log.start(topic, partition) - done) > self._gaps.get((topic, partition, done), 0):
                self._gaps[topic, partition, done] = records
                log.error("records_lost", topic=topic, partition=partition, records=records, why=LOST)

    def _read(self, raw: Sequence[bytes], inlets: range) -> Block:
        """All records at once; when one of them meets a defect, one by one, so that it costs that one only."""
        refused = len(self._door.refused)
        try:
            return self._door.take(raw, inlets)
        except Exception:  # the process boundary
            log.exception("door_failed", records=len(raw))
        del self._door.refused[refused:]  # they are refused again below
        return join([self._read_one(record, inlet) for record, inlet in zip(raw, inlets, strict=True)])

    def _read_one(self, record: bytes, inlet: int) -> Block:
        try:
            return self._door.take([record], [inlet])
        except Exception:  # the same boundary, one record at a time
            log.exception("record_failed", inlet=inlet)
            self._door.refused.append(Refused(inlet, Reason.FAILED, ""))
            return EMPTY

    def _listen(self) -> None:
        """Hear how far the others are; where one of them has been, this door's watermark is, too."""
        self._marks.hear()
        self._door.watermark_ms = max(self._door.watermark_ms, self._marks.known.reached_ms)

    def _append_ready(self) -> None:
        self._listen()
        watermark_ms, refused = self._door.watermark_ms, len(self._door.refused)
        try:
            self._append(self._ready)
        except DependencyError:
            self._door.watermark_ms = watermark_ms  # or the same tags would be late at the next try
            del self._door.refused[refused:]
            raise
        self._ready = EMPTY

    def _append(self, ready: Block) -> None:
        rows = self._door.rows
        now_ms = self._now_ms()
        if rows.originals:
            self._vault.put(rows.originals, now_ms)
            rows.originals.clear()
        if rows.quotes:
            self._vault.put_quotes(rows.quotes, now_ms + QUOTE_KEPT_MS)
            rows.quotes.clear()
        failpoint("door-before-append")
        peers, tags = list[Append](), list[Append]()
        marks, name = self._marks.known, name_of(self._inlet)
        self._high_ms, least_ms = marks.high_ms(name), marks.least_ms(but=name)
        if len(ready):
            block = self._door.block(ready, self._high_ms, least_ms)
            self._high_ms = self._door.high_ms
            tags = [(LOG, p, [Record(None, _encoded(part))]) for p, part in self._split(block)]
            peers = [(PEERS, 0, [Record(None, one)]) for one in map(_contacts, block.cut()) if one]
        if tags:
            self._log.append_many([*peers, *tags])  # who reads a tag must be able to read its contacts
            self.counts["blocks"] += len(tags)
            self._moved_ms, self._lag_ms = now_ms, max(0, now_ms - self._door.watermark_ms)
            self._marks.reach(self._door.watermark_ms)
        failpoint("door-after-append")

    def _split(self, block: Block) -> Iterator[tuple[int, Block]]:
        """By partition first and then into blocks, so that blocks stay whole however many partitions there are."""
        of = block.rows["shard"] % self._partitions
        for p in np.flatnonzero(np.bincount(of)).tolist():
            part = block if self._partitions == 1 else block.take(np.flatnonzero(of == p))
            yield from ((p, some) for some in part.cut())

    def _refuse(self, refused: Iterable[Refused], raw: Callable[[int], bytes]) -> None:
        letters = [self._letter(no, raw(no.inlet)) for no in refused]
        if letters:
            self._letters.add(letters)
            self.counts["dead"] += len(letters)

    def _letter(self, no: Refused, raw: bytes) -> DeadLetter:
        topic, partition, offset = inlet_place(no.inlet)
        place = f"{topic}-{partition}-{offset}"
        return DeadLetter(
            id=place, reason=str(no.reason), detail=no.detail, source=topic, position=place, at_ms=self._now_ms(),
            sealed=self._sealer.seal(raw),
        )  # fmt: skip

    def _raw(self, inlet: int) -> bytes:
        topic, partition, offset = inlet_place(inlet)
        found = self._log.read(topic, partition, offset, 1)
        return found[0].value if found and found[0].offset == offset else b""


def _inlets(records: Sequence[LogRecord]) -> range:
    """Inlet positions of the records of a chunk, which are consecutive in one partition."""
    first = inlet_position(records[0].topic, records[0].partition, records[0].offset)
    return range(first, first + len(records))


def _contacts(block: Block) -> bytes:
    """A record of `peers`; empty when nobody called."""
    contacts = contacts_of(block.rows)
    return encode_contacts(contacts, int(block.rows["watermark_ms"][-1])) if len(contacts) else b""


def _encoded(block: Block) -> bytes:
    return encode_block(block.rows, block.ids, block.sources, block.hosts)
