"""A site: everything one worker process owns, opened together and closed in reverse.

The agents call its methods; each does one small step and may be repeated after a
DependencyError.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial

import numpy as np
import structlog

from fraud_guard.adapters.chunking import LogRecord, PositionHook, ReleaseHook
from fraud_guard.adapters.clock import wall_clock_ms
from fraud_guard.adapters.reference_tables import read_subjects
from fraud_guard.adapters.relay import Relay
from fraud_guard.adapters.sealing import Keys, Sealer
from fraud_guard.adapters.sql.deadletters import SqlDeadLetters
from fraud_guard.adapters.sql.truth import SqlTruth
from fraud_guard.app.degrading import Backlog, Degrading
from fraud_guard.app.desk import make_desk
from fraud_guard.app.door_stage import DoorStage
from fraud_guard.app.hunting import Hunter
from fraud_guard.app.inlet_marks import RESTORED, Inlet, InletMarks
from fraud_guard.app.layout import kept_id, log_topic
from fraud_guard.app.lists_in_force import ListsInForce
from fraud_guard.app.metrics import count_change, count_order, timed
from fraud_guard.app.outlets import senders
from fraud_guard.app.peer_reader import PARTITION as PEER_PARTITION
from fraud_guard.app.peer_reader import PeerReader
from fraud_guard.app.restoring import RestoringStore
from fraud_guard.app.rules_in_force import RulesInForce
from fraud_guard.app.scorer import Pace, Scorer
from fraud_guard.app.settings import Settings, site_key
from fraud_guard.app.stores import (
    open_history,
    open_log,
    open_memory,
    open_snapshots,
    open_touches,
    open_vault,
    truth_place,
)
from fraud_guard.app.tag_ids import reader_of
from fraud_guard.app.topics import APK_VERDICTS, INLETS, LOG, MIXED, OUTLETS, PEERS, WATERMARKS
from fraud_guard.app.touch_keeper import TouchKeeper
from fraud_guard.app.true_ends import check_ends
from fraud_guard.app.verdict_reader import VerdictReader
from fraud_guard.app.waits import Waits
from fraud_guard.dispatch.desk import Outcome
from fraud_guard.door.arrival import ClockArrival
from fraud_guard.door.door import Door
from fraud_guard.door.opinions import shipped_opinions
from fraud_guard.door.tokens import Tokeniser
from fraud_guard.errors import DependencyError, FencedError, IntegrityError
from fraud_guard.failpoints import failpoint

log = structlog.get_logger()
KEPT_MARKS_MS = 3_600_000
"""Records of `watermarks` are of use for seconds."""


class Site:
    """The parts of one worker. Nothing is opened before `open`."""

    def __init__(self, settings: Settings, now_ms: Callable[[], int] = wall_clock_ms) -> None:
        self.settings, self.now_ms = settings, now_ms
        self.scorers: dict[int, Scorer] = {}
        self.waits = Waits()
        self.recovery_ends: dict[int, int] = {}
        self._retired = Counter[str]()  # counts of scorers that others have now
        self.failure: Exception | None = None
        self.stopping = False
        self.holds = False  # between `assign` and `release` what it scores is its own
        self._announced = self.is_open = False
        self.inlets = frozenset[Inlet]()  # whose door this worker is
        self._opened: list[Callable[[], object]] = []
        self.on_assigned: PositionHook | None = None
        self.on_revoked: ReleaseHook | None = None

    def open(self) -> None:
        """Open everything. Raises ConfigurationError, DependencyError or IntegrityError with a remedy."""
        settings = self.settings
        self.keys = Keys.from_site_key(site_key(settings))
        self.log, close = open_log(settings, Sealer(self.keys.log))
        self._opened.append(close)
        for topic in (*OUTLETS, PEERS, WATERMARKS, APK_VERDICTS):
            self.log.declare(topic, 1)
        for topic in INLETS:
            self.log.declare(topic, settings.inlet_partitions)
        self.log.declare(LOG, settings.tags_partitions)
        self.rules, self.lists = RulesInForce(settings, self.log), ListsInForce(settings, self.log)
        self._opened.append(self.lists.close)
        self.desk = make_desk(settings, self.rules.opened.policies.escalation)
        self.truth = SqlTruth.open(truth_place(settings), self.desk, webhook=settings.webhook_url is not None)
        self._opened.append(self.truth.close)
        self.letters = SqlDeadLetters.open(truth_place(settings))
        self._opened.append(self.letters.close)
        self.vault = open_vault(settings, Sealer(self.keys.vault))
        self._opened.append(self.vault.close)
        self.store = RestoringStore(
            open_memory(settings), self.log, self.now_ms, open_snapshots(settings, Sealer(self.keys.snapshot)),
            every_ms=settings.snapshot_ms, accept_gap=settings.accept_gap,
        )  # fmt: skip
        self._opened.append(self.store.close)
        self.history = open_history(settings, self.log, self.now_ms)
        self.touches = open_touches(settings)
        self._opened.append(self.touches.close)
        tokeniser = Tokeniser(self.keys.token)
        self.door = self._open_door(tokeniser)
        self._hunter = Hunter(self.log, VerdictReader(self.log, self.door.hear, tokeniser.hash64))
        outlets = senders(settings, self.log, self.door, self.truth, self.now_ms)
        self.relay = Relay(self.truth, outlets, self.now_ms, partial(timed, "relay"))
        self.door.restore_watermark()  # also says at once that the log was sealed with another key
        self._door_offset = self.log.committed(MIXED, 0) or 0
        self._opening = self.rules.opened.id
        self.is_open = True

    @property
    def door_offset(self) -> int:
        """How far the door has read partition 0 of `tags.mixed`, where feeds of this worker go."""
        return self._door_offset

    def reads(self, topic: str, partition: int) -> bool:
        """Whether this worker is the door of an inlet partition."""
        return (topic, partition) in self.inlets

    def take(self, records: Sequence[LogRecord]) -> None:
        """Bring a chunk of raw records through the door."""
        with timed("door"):
            self.door.take(records)
        if (records[-1].topic, records[-1].partition) == (MIXED, 0):
            self._door_offset = records[-1].offset + 1

    def scored_up_to_end(self) -> bool:
        """Whether every record of the log has been scored."""
        return all(one.next_offset >= self.log.end(LOG, p) for p, one in self.scorers.items())

    def outbox_is_empty(self) -> bool:
        """Whether nothing waits to be delivered."""
        return not self.truth.counts().get("outbox.waiting", 0)

    def counts_of(self, name: str) -> int:
        """A count over all scorers, e.g. `scored`."""
        return self.scorer_counts()[name]

    def scorer_counts(self) -> Counter[str]:
        """What all scorers of this worker counted since it started."""
        return sum((one.counts for one in self.scorers.values()), self._retired.copy())

    def request_stop(self) -> None:
        """Drain and exit as on SIGTERM."""
        os.kill(os.getpid(), signal.SIGTERM)

    async def close_relay(self) -> None:
        """Wait a moment for what is being sent."""
        if hasattr(self, "relay"):  # else it was never opened as far as that
            await self.relay.stop()

    def close(self) -> None:
        """Checkpoint and close; the site cannot be used afterwards."""
        self.stopping = True
        if self.failure is None and self.is_open:
            self.door.flush()
            with suppress(FencedError):  # it was released, and somebody else has it by now
                self._checkpoint_all()
            self._write_rest()
        self.abandon()

    def abandon(self) -> None:
        """Close what is open and store nothing; afterwards it may be opened again."""
        self.is_open = False
        while self._opened:
            self._opened.pop()()

    def assign(self, partitions: Iterable[int], inlets: Iterable[Inlet]) -> None:
        """From here on this worker scores these partitions of the log, and no other, and is the door of these inlet partitions.

        Scorers that stay go on, new ones recover. The first call announces the rules that were opened: before it,
        another worker may hold the log. Safe to repeat after a DependencyError.
        """
        wanted = frozenset(partitions)
        for gone in self.scorers.keys() - wanted:
            self._retired += self.scorers.pop(gone).counts
        self.inlets = frozenset(inlets)
        self.door.assign(self.inlets)
        self._read_peers(leads=0 in wanted)
        for partition in sorted(wanted - self.scorers.keys()):
            self.scorers[partition] = self._recovered(partition)
            self.recovery_ends[partition] = self.log.end(LOG, partition)
        if not self._announced:  # after memory was compared with the log: this makes the log longer
            if self.settings.rules_from == "topic":  # it may have changed since, and others announced it
                self._opening = self.rules.changed() or self._opening
            check_ends(self.log, self.door.announce(self._opening))
            self._announced = True
        if self.history is not None:
            self.history.hold(wanted)
        self.holds = True

    def release(self) -> None:
        """Others may get what this worker has: store how far it came, and score nothing until the next `assign`."""
        self.holds, self.inlets = False, frozenset()
        if self.history is not None:
            self.history.hold(())
        self.door.release()
        self._checkpoint_all()

    def checkpoint_peers_if_due(self) -> bool:
        """Let the peer stage store what it knows."""
        return bool(self.scorers) and self.peers.checkpoint_if_due(self._needed_ms())

    def snapshot_if_due(self) -> bool:
        """Keep what is stored of one partition as a file when it is time; the one that stores the peer stage does so for its too."""
        own = [one.partition for one in self.scorers.values()] + [PEER_PARTITION] * (bool(self.scorers) and self.peers.leads)
        return self.store.snapshot_if_due(own)

    def book_outcomes(self, outcomes: Sequence[Outcome]) -> None:
        """Count what was stored, for metrics."""
        for outcome in outcomes:
            for change in outcome.changes:
                count_change(change.change, change.level)
            for order in outcome.orders:
                if order.state == "issued":
                    count_order(order.level)

    async def relay_once(self) -> None:
        """Deliver what waits in the outbox."""
        await self.relay.run_once()

    def strike_clocks(self) -> None:
        """Let due deadlines strike."""
        now_ms = self.now_ms()
        for clock in self.truth.due_clocks(now_ms):
            failpoint("clock-before-strike")
            outcome = self.truth.strike(clock, now_ms)
            if outcome is not None:
                self.book_outcomes([outcome])

    def door_tick(self) -> None:
        """Move the watermark of a quiet door; one without an inlet does not know how late the feeds are."""
        if self.inlets:
            self.door.tick()

    def follow_verdicts(self) -> bool:
        """Announce verdicts that came in, and hunt for earlier touches; whether there was anything to do."""
        return self.holds and self._hunter.step(self.scorers)

    def reload_rules(self) -> None:
        """Take changed rules, or another behaviour model, as a new generation; a bad one is refused and said so once."""
        if generation_id := self.rules.changed():
            failpoint("reload-before-announce")
            self.door.announce(generation_id)

    def reload_lists(self) -> None:
        """Let the door go by changed lists from the next chunk on; bad ones are refused and said so once."""
        if self.lists.changed():
            self.door.forget_lists()

    def keep_house(self) -> None:
        """Trim what is older than the retention and no longer needed, delivered messages too; let quotes expire."""
        before_ms = self.now_ms() - self.settings.retention_h * 3_600_000
        kept = {p: self._needed_from(p) for p in self.scorers}
        if kept:
            self.log.trim_older(LOG, before_ms, kept)
            self.log.trim_older(PEERS, before_ms, {0: self.peers.saved_offset})
        for topic in INLETS:
            read = {p: self.log.committed(topic, p) or 0 for p in range(self.settings.inlet_partitions)}
            self.log.trim_older(topic, before_ms, read)
        self.log.trim_older(WATERMARKS, self.now_ms() - KEPT_MARKS_MS, {0: self.log.end(WATERMARKS, 0) - RESTORED})
        self._hunter.tidy(self.scorers, self.now_ms())
        self.truth.trim_outbox(before_ms)
        self.vault.expire(self.now_ms())

    def merge_sheets(self) -> bool:
        """Merge some of what the door keeps in the vault, a step; whether there was something to do."""
        return self.vault.merge()

    async def keep_history(self) -> None:
        """Write what is due of the history, in a thread of its own; a damaged one is said again and again, and stops nothing else."""
        if self.history is not None:
            try:
                await asyncio.to_thread(self.history.work)
            except IntegrityError as damaged:
                raise DependencyError(str(damaged)) from damaged

    def _older_id(self, partition: int, token: bytes, position: int) -> str | None:
        return kept_id(self.history, self.log, (partition, token, position))

    def _needed_from(self, partition: int) -> int:
        saved = self.scorers[partition].saved_offset
        return saved if self.history is None else min(saved, self.history.next_offset(partition))

    def _write_rest(self) -> None:
        if self.history is None:
            return
        try:
            self.history.write_all()
        except (DependencyError, IntegrityError) as away:  # the next worker goes on from the last file
            log.warning("history_left", why=str(away))

    def _checkpoint_all(self) -> None:
        for one in self.scorers.values():
            one.flush()
            one.checkpoint()
        if self.scorers:
            self.peers.checkpoint(self._needed_ms())

    def _tell_rows(self, rows: np.ndarray) -> None:
        self.peers.tell(rows)  # the reader of today, not of the day this scorer began

    def _read_peers(self, *, leads: bool) -> None:
        known = getattr(self, "peers", None)
        if known is None or (leads and not known.leads):
            self.peers = PeerReader(self.log, self.store, self.now_ms, self.settings.checkpoint_ms, leads=leads)
        self.peers.leads = leads

    def _recovered(self, partition: int) -> Scorer:
        pace = Pace(self.settings.checkpoint_ms, self.settings.checkpoint_tags)
        name, backlog = f"{log_topic(self.settings)}-{partition}", Backlog(self.log, LOG, partition, self.now_ms)
        degrading = Degrading(self.truth, name, backlog.lag_ms, self.settings.degrade_ms)
        one = Scorer(name, self.store, self.truth, self.rules.archive, reader_of(self.log, LOG, partition), self.door.refuse,
                     self._tell_rows, self.now_ms, pace, partial(self._older_id, partition), degrading,
                     TouchKeeper(name, self.touches))  # fmt: skip
        one.recover()
        if (start := self.log.start(LOG, partition)) > one.next_offset:  # the store lets this pass when FG_ACCEPT_GAP does
            one.skip_to(start)
        return one

    def _needed_ms(self) -> int:
        """The lowest watermark that may be decided again: of what this worker scores, or of what others score or a snapshot brings back."""
        mine = min(one.saved_watermark_ms for one in self.scorers.values())
        far = len(self.scorers) < self.settings.tags_partitions or self.settings.snapshot_dir is not None
        return mine - self.settings.retention_h * 3_600_000 if far else mine

    def _open_door(self, tokeniser: Tokeniser) -> DoorStage:
        settings = self.settings
        registry = read_subjects(settings.subjects) if settings.subjects else {}
        door = Door(tokeniser, ClockArrival(self.now_ms), registry=registry, opinions=shipped_opinions(), slack_ms=settings.slack_ms)
        marks = InletMarks(self.log, settings.inlet_partitions, self.now_ms)
        return DoorStage(door, self.log, self.vault, self.letters, Sealer(self.keys.deadletter),
                         settings.tags_partitions, marks, self.now_ms, settings.idle_ms)  # fmt: skip
