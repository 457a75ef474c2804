"""The live scorer of one partition: recover, decide, store effects, checkpoint.

At least once from the log, exactly once in truth: after a crash memory is built again
from the last checkpoint and the log; effects that truth has seen are skipped by position.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec
import numpy as np
import structlog

from fraud_guard.adapters.clock import has_passed
from fraud_guard.adapters.generation_archive import GenerationArchive
from fraud_guard.app.degrading import Degrading, watermark_of
from fraud_guard.app.metrics import timed
from fraud_guard.app.tag_ids import OlderId, ReadLog, TagIds
from fraud_guard.app.touch_keeper import TouchKeeper
from fraud_guard.dispatch.desk import Outcome
from fraud_guard.errors import DependencyError, FencedError, IntegrityError
from fraud_guard.escalation.alert import EvidenceView
from fraud_guard.escalation.effects import AlertEffect, Effects
from fraud_guard.failpoints import failpoint
from fraud_guard.generation import Generation
from fraud_guard.memory.memory import Memory
from fraud_guard.memory.pages import Pager
from fraud_guard.pipeline import decide
from fraud_guard.ports import MemoryStore, SeenEffect, Snapshot, Truth
from fraud_guard.tags.block import POSITIONS_PER_RECORD, Block, Controls, decode_record, is_block, join
from fraud_guard.tags.reasons import Reason

log = structlog.get_logger()

Logged = Sequence[tuple[int, bytes]]
"""(offset, value) of consecutive records of the log."""
JOINED_BYTES = 300_000
"""So much of the log is decided together while the scorer is behind, about 4,000 tags: the fixed cost of a decision is shared."""
Tell = Callable[[np.ndarray], None]
"""Sets the `reputation` of rows."""
LetterSink = Callable[[Sequence[tuple[int, str]]], None]
"""Takes (inlet position, reason) of tags that the scorer refuses."""


class Pace(msgspec.Struct, frozen=True):
    """When to checkpoint: the log is the truth, so this only trades recovery time against cost."""

    checkpoint_ms: int = 10_000
    checkpoint_tags: int = 200_000
    sweep_every: int = 60


def steps(records: Iterable[tuple[int, bytes]]) -> Iterator[list[tuple[int, bytes]]]:
    """Cut consecutive records into what `Scorer.handle` takes at once: blocks up to JOINED_BYTES, or one record of controls."""
    joined: list[tuple[int, bytes]] = []
    size_bytes = 0
    for record in records:
        size_bytes += len(record[1])
        if joined and not (is_block(record[1]) and is_block(joined[0][1]) and size_bytes <= JOINED_BYTES):
            yield joined
            joined, size_bytes = [], len(record[1])
        joined.append(record)
    if joined:
        yield joined


class Scorer:
    """One partition of `tags`. Not safe for threads; one at a time a partition, or it is fenced off."""

    def __init__(
        self, partition: str, store: MemoryStore, truth: Truth, archive: GenerationArchive, read: ReadLog,
        letters: LetterSink, tell: Tell, now_ms: Callable[[], int], pace: Pace = Pace(),  # noqa: B008  frozen
        older_id: OlderId | None = None, degrading: Degrading | None = None, touches: TouchKeeper | None = None,
    ) -> None:  # fmt: skip
        self.partition, self.counts, self.touches = partition, Counter[str](), touches
        self._store, self._truth, self._archive, self._read = store, truth, archive, read
        self._ids = TagIds(read, older_id)
        self._letters, self._tell, self._now_ms, self._pace = letters, tell, now_ms, pace
        self._degrading = degrading or Degrading(truth, partition)
        self._skip: set[int] = set()
        self._since, self._checkpoints, self._first = 0, 0, 0
        self._torn = False  # memory is being built again to find a tag that breaks it
        self._undone: tuple[Block | Controls, Effects] | None = None  # decided, neither told nor stored yet

    def recover(self) -> int:
        """Take the partition over and build memory from the last checkpoint; returns the offset to read next."""
        self._epoch = self._store.take_epoch(self.partition)
        self._truth_epoch = self._truth.take_epoch(self.partition)
        self._degrading.recover(self._truth_epoch)
        self._load()
        return self.next_offset

    def skip_to(self, offset: int) -> None:
        """Go on at this record; those before it are lost and counted as a gap."""
        self.memory.journal.gap += offset - self.next_offset
        self.memory.position = offset * POSITIONS_PER_RECORD - 1

    @property
    def next_offset(self) -> int:
        """The offset of the first record that memory has not seen."""
        return self.memory.position // POSITIONS_PER_RECORD + 1 if self.memory.position >= 0 else self._first

    @property
    def saved_offset(self) -> int:
        """The log below this offset is no longer needed to recover."""
        return max(self._saved_position, 0) // POSITIONS_PER_RECORD

    def unsaved_ms(self, now_ms: int) -> int:
        """For how long memory has been ahead of what is stored; 0 when it is not."""
        return 0 if self.memory.position == self._saved_position else max(0, now_ms - self._saved_ms)

    def handle(self, records: Logged) -> list[Outcome]:
        """Score a step (see `steps`); after a DependencyError call it again, it goes on where it broke off.

        Raises FencedError and IntegrityError, too; then stop.
        """
        before = [] if self._torn else self.flush()
        if not self._torn:
            records = [r for r in records if r[0] >= self.next_offset]
        if not records:
            return before
        first = records[0][0]
        switch = self._degrading.next_switch(first)
        if switch is not None and switch <= records[-1][0]:  # read again: cut where it was cut before
            earlier = self.handle([r for r in records if r[0] < switch])
            return before + earlier + self.handle([r for r in records if r[0] >= switch])
        if self._torn:
            self._replay_to(first)
        failpoint("scorer-before-decide")
        with timed("decide"):
            record = self._known(self._read_step(records))
            self._switch(record)
            self._set_mode(record, first)
            effects = self._decide(record, first)
        failpoint("scorer-after-decide")
        self._torn = False
        self._count(effects)
        self._undone = (record, effects)
        outcomes = self.flush()
        failpoint("scorer-after-effects")
        return before + outcomes

    def flush(self) -> list[Outcome]:
        """Store letters and effects that are waiting; safe to repeat after a DependencyError."""
        if self._undone is not None:
            record, effects = self._undone
            self._refuse(record, effects)
            self._waiting, self._undone = self._seen(effects), None
        if not self._waiting:
            return []
        if self._generation is not None:
            self._truth.use(self._generation.policies.escalation)
        with timed("store"):
            outcomes = self._truth.apply(self.partition, self._truth_epoch, self.memory.position, self._waiting,
                                         self.memory.generation)  # fmt: skip
        self._waiting = []
        return outcomes

    def checkpoint_if_due(self) -> bool:
        """Checkpoint when it is time and nothing waits: a position must not be stored before its effects."""
        if self._torn or self._waiting or self._undone is not None:
            return False
        waited = has_passed(self._pace.checkpoint_ms, self._saved_ms, self._now_ms())
        due = waited or self._since >= self._pace.checkpoint_tags
        if not due or self.memory.position == self._saved_position:
            return False
        self.checkpoint()
        return True

    def checkpoint(self) -> None:
        """Write what changed and the position, atomically. Safe to repeat after a DependencyError."""
        self._checkpoints += 1
        if self._checkpoints % self._pace.sweep_every == 0:
            self.memory.sweep()
        with timed("checkpoint"):
            if self.touches is not None:
                self.touches.flush()
            memory, delta = self.memory, self._pager.delta()
            snapshot = Snapshot(memory.position, memory.watermark_ms, memory.generation, delta.blobs)
            self._store.checkpoint(self.partition, self._epoch, snapshot, delta.drop)
            self._pager.saved()
        self._since = 0
        self._note_saved()
        self.counts["checkpoints"] += 1

    def _load(self) -> None:
        snapshot = self._store.load(self.partition)
        self.memory = Memory()
        self._pager = Pager(self.memory)
        self._pager.restore(snapshot.blobs)
        self.memory.position, self.memory.watermark_ms = snapshot.position, snapshot.watermark_ms
        self.memory.generation = snapshot.generation
        self._generation: Generation | None = self._archive.get(snapshot.generation) if snapshot.generation else None
        self._waiting = list[SeenEffect]()
        self._undone = None
        if self.touches is not None:
            self.touches.forget()
        self._since, self._checkpoints, self._first = 0, 0, 0
        self._note_saved()

    def _note_saved(self) -> None:
        """Memory is what is stored."""
        self._saved_ms, self._saved_position = self._now_ms(), self.memory.position
        self.saved_watermark_ms = self.memory.watermark_ms
        """No row below this watermark will be decided again."""

    def _read_step(self, records: Logged) -> Block | Controls:
        """A step of the log as one record."""
        read = [decode_record(value, offset) for offset, value in records]
        for (offset, _), one in zip(records, read, strict=True):
            self._ids.note(offset, one)
        blocks = [r for r in read if isinstance(r, Block)]
        return join(blocks) if len(blocks) == len(read) else read[0]

    def _known(self, record: Block | Controls) -> Block | Controls:
        """The record with what is known of callers; its touches are noted."""
        if self.touches is not None:
            self.touches.note(record)
        if isinstance(record, Block):
            self._tell(record.rows)
        return record

    def _switch(self, record: Block | Controls) -> None:
        if isinstance(record, Controls):
            for control in record.items:
                if control.kind == "generation":
                    self._generation = self._archive.get(control.body)
                    self.memory.generation = control.body

    def _set_mode(self, record: Block | Controls, offset: int) -> None:
        self._keep_mode(offset)
        if not self._torn:
            self.memory.journal.mode = self._degrading.choose(offset, self.memory.journal.mode, watermark_of(record))

    def _keep_mode(self, offset: int) -> None:
        """What was noted for a record of the log, holds."""
        self.memory.journal.mode = self._degrading.at(offset, self.memory.journal.mode)

    def _decide(self, record: Block | Controls, offset: int) -> Effects:
        try:
            return decide(self._without_poison(record), self.memory, self._known_generation(offset))
        except (IntegrityError, DependencyError, FencedError):
            raise
        except Exception:  # the process boundary: a defect must cost one tag, not the stream
            log.exception("decide_failed", partition=self.partition, offset=offset)
            return self._isolate(record, offset)

    def _isolate(self, record: Block | Controls, offset: int) -> Effects:
        """Build memory again and find the tags that break it, one by one; they become dead letters."""
        self._torn = True
        while True:
            self._replay_to(offset)
            bad = self._first_bad(record, offset)
            if bad is None:
                self._replay_to(offset)
                return decide(self._without_poison(record), self.memory, self._known_generation(offset))
            self._skip.add(bad)
            self.counts["failed"] += 1
            if isinstance(record, Block):
                row = int(np.flatnonzero(record.rows["position"] == bad)[0])
                self._letters([(int(record.rows["inlet"][row]), Reason.FAILED)])

    def _first_bad(self, record: Block | Controls, offset: int) -> int | None:
        whole = self._without_poison(record)
        if isinstance(whole, Controls):
            return whole.positions[0] if whole.positions else None
        for i in range(len(whole)):
            one = Block(whole.rows[i : i + 1], [], [], [])
            try:
                decide(one, self.memory, self._known_generation(offset))
            except Exception:  # the same boundary, one tag at a time
                log.exception("tag_failed", partition=self.partition, position=int(one.rows["position"][0]))
                return int(one.rows["position"][0])
        return None

    def _replay_to(self, offset: int) -> None:
        self._load()
        while self.next_offset < offset:
            for at, value in self._read(self.next_offset, min(64, offset - self.next_offset)):
                record = self._known(decode_record(value, at))
                self._switch(record)
                self._keep_mode(at)
                self._journal(decide(self._without_poison(record), self.memory, self._known_generation(at)))
        self._keep_mode(offset)

    def _without_poison(self, record: Block | Controls) -> Block | Controls:
        if not self._skip or isinstance(record, Controls):
            return record
        keep = ~np.isin(record.rows["position"], list(self._skip))
        return record if keep.all() else record.take(np.flatnonzero(keep))

    def _known_generation(self, offset: int) -> Generation:
        if self._generation is None:
            raise IntegrityError(f"{self.partition}: record {offset} comes before any generation of rules; "
                                 "was the log written by the door of this version?")  # fmt: skip
        return self._generation

    def _count(self, effects: Effects) -> None:
        tally = effects.tally
        self._since += tally.read
        self._journal(effects)
        for name in tally.__struct_fields__:
            self.counts[name] += getattr(tally, name)

    def _journal(self, effects: Effects) -> None:
        self.memory.journal.scored += effects.tally.scored
        self.memory.journal.duplicate += effects.tally.duplicate

    def _refuse(self, record: Block | Controls, effects: Effects) -> None:
        if effects.dead and isinstance(record, Block):
            self._letters([(int(record.rows["inlet"][d.row]), d.reason) for d in effects.dead])

    def _seen(self, effects: Effects) -> list[SeenEffect]:
        return [SeenEffect(e, self._views(e)) for e in effects.alerts]

    def _views(self, effect: AlertEffect) -> tuple[EvidenceView, ...]:
        return tuple(
            EvidenceView(
                kind=e.kind, id=e.id, version=e.version, weight=w, summary_zh=e.summary_zh, summary_en=e.summary_en,
                tag_ids=tuple(self._ids.of(effect.token, e.positions)),
            )
            for e, w in zip(effect.evidence, effect.weights, strict=True)
        )  # fmt: skip
