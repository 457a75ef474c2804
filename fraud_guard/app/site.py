"""A site: everything one worker process owns, opened together and closed in reverse.

The agents call its methods; each does one small step and may be repeated after a
DependencyError.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import structlog

from fraud_guard.adapters.chunking import LogRecord, PositionHook, ReleaseHook
from fraud_guard.adapters.clock import wall_clock_ms
from fraud_guard.adapters.generation_archive import GenerationArchive
from fraud_guard.adapters.reference_tables import read_subjects
from fraud_guard.adapters.relay import Relay
from fraud_guard.adapters.sealing import Keys, Sealer
from fraud_guard.adapters.senders import Batch, Sender
from fraud_guard.adapters.sql.deadletters import SqlDeadLetters
from fraud_guard.adapters.sql.inbox import Inbox
from fraud_guard.adapters.sql.truth import SqlTruth
from fraud_guard.adapters.webhook import Webhook
from fraud_guard.app.desk import make_desk
from fraud_guard.app.door_stage import DoorStage
from fraud_guard.app.inlet_marks import RESTORED, Inlet, InletMarks
from fraud_guard.app.peer_reader import PeerReader
from fraud_guard.app.rule_files import read_generation_files
from fraud_guard.app.rule_topic import RuleTopic
from fraud_guard.app.scorer import Pace, Scorer
from fraud_guard.app.settings import Settings, site_key
from fraud_guard.app.stores import open_log, open_memory, open_vault, truth_place
from fraud_guard.app.topics import (
    ALERTS,
    DEADLETTERS,
    INLETS,
    LOG,
    MIXED,
    ORDERS,
    OUTLETS,
    PEERS,
    RULES,
    WATERMARKS,
)
from fraud_guard.dispatch.desk import Outcome
from fraud_guard.door.arrival import ClockArrival
from fraud_guard.door.door import Door
from fraud_guard.door.opinions import shipped_opinions
from fraud_guard.door.tokens import Tokeniser
from fraud_guard.errors import ConfigurationError, FencedError, IntegrityError, RuleError
from fraud_guard.failpoints import failpoint
from fraud_guard.log import Record
from fraud_guard.ports import OutboxItem
from fraud_guard.tags.control import Control

log = structlog.get_logger()
KEPT_MARKS_MS = 3_600_000
"""Records of `watermarks` are of use for seconds."""


class Site:
    """The parts of one worker. Nothing is opened before `open`."""

    def __init__(self, settings: Settings, now_ms: Callable[[], int] = wall_clock_ms) -> None:
        self.settings, self.now_ms = settings, now_ms
        self.scorers: dict[int, Scorer] = {}
        self.counts = Counter[str]()
        self.failure: Exception | None = None
        self.stopping = False
        self.holds = False  # between `assign` and `release` what it scores is its own
        self._announced = False
        self._rules: dict[str, str] = {}
        self._read_rules: Callable[[], dict[str, str]] = partial(read_generation_files, settings.rules)
        self._inlets = frozenset[Inlet]()
        self._opened: list[Callable[[], object]] = []
        self.on_assigned: PositionHook | None = None
        self.on_revoked: ReleaseHook | None = None

    def open(self) -> None:
        """Open everything. Raises ConfigurationError, DependencyError or IntegrityError with a remedy."""
        settings = self.settings
        key = site_key(settings)
        self.keys = Keys.from_site_key(key)
        folder = settings.data_dir
        self.log, close = open_log(settings, Sealer(self.keys.log))
        self._opened.append(close)
        for topic in (*OUTLETS, PEERS, WATERMARKS):
            self.log.declare(topic, 1)
        for topic in INLETS:
            self.log.declare(topic, settings.inlet_partitions)
        self.log.declare(LOG, settings.tags_partitions)
        self._open_rules(folder / "generations")
        generation = self.archive.put(self._rules)
        self.desk = make_desk(settings, generation.policies.escalation)
        self.truth = SqlTruth.open(truth_place(settings), self.desk, webhook=settings.webhook_url is not None)
        self.letters = SqlDeadLetters.open(truth_place(settings))
        self.vault = open_vault(settings, Sealer(self.keys.vault))
        self.store = open_memory(settings)
        self._opened += [self.truth.close, self.letters.close, self.vault.close, self.store.close]
        self.relay = Relay(self.truth, self._senders(), self.now_ms)
        self.door = self._open_door(Tokeniser(self.keys.token))
        self.door.restore_watermark()  # also says at once that the log was sealed with another key
        self._door_offset = self.log.committed(MIXED, 0) or 0
        self._opening = generation.id

    @property
    def door_offset(self) -> int:
        """How far the door has read partition 0 of `tags.mixed`, where feeds of this worker go."""
        return self._door_offset

    def reads(self, topic: str, partition: int) -> bool:
        """Whether this worker is the door of an inlet partition."""
        return (topic, partition) in self._inlets

    def take(self, records: Sequence[LogRecord]) -> None:
        """Bring a chunk of raw records through the door."""
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
        return sum(one.counts[name] for one in self.scorers.values())

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
        if self.failure is None and self._opened:
            self.door.flush()
            with suppress(FencedError):  # it was released, and somebody else has it by now
                self._checkpoint_all()
        while self._opened:
            self._opened.pop()()

    def assign(self, partitions: Iterable[int], inlets: Iterable[Inlet]) -> None:
        """From here on this worker scores these partitions of the log, and no other, and is the door of these inlet partitions.

        Scorers that stay go on, new ones recover. The first call announces the rules that were opened: before it,
        another worker may hold the log. Safe to repeat after a DependencyError.
        """
        wanted = frozenset(partitions)
        for gone in self.scorers.keys() - wanted:
            del self.scorers[gone]
        self._inlets = frozenset(inlets)
        self.door.assign(self._inlets)
        if not self._announced:
            if self.settings.rules_from == "topic":  # it may have changed since, and others announced it
                self._opening = self._changed_rules() or self._opening
            self.door.announce(self._opening)
            self._announced = True
        self._read_peers(leads=0 in wanted)
        for partition in sorted(wanted - self.scorers.keys()):
            self.scorers[partition] = self._recovered(partition)
        self.holds = True

    def release(self) -> None:
        """Others may get what this worker has: store how far it came, and score nothing until the next `assign`."""
        self.holds, self._inlets = False, frozenset()
        self.door.release()
        self._checkpoint_all()

    def checkpoint_peers_if_due(self) -> bool:
        """Let the peer stage store what it knows."""
        return bool(self.scorers) and self.peers.checkpoint_if_due(self._needed_ms())

    def book_outcomes(self, outcomes: Sequence[Outcome]) -> None:
        """Count what was stored, for metrics and the board."""
        for outcome in outcomes:
            for change in outcome.changes:
                self.counts[f"alerts.{change.change}"] += 1
            self.counts["orders.issued"] += sum(1 for o in outcome.orders if o.state == "issued")

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
        if self._inlets:
            self.door.tick()

    def reload_rules(self) -> None:
        """Take changed rules, or another behaviour model, as a new generation; a bad one is refused and said so once."""
        if generation_id := self._changed_rules():
            failpoint("reload-before-announce")
            self.door.announce(generation_id)

    def _changed_rules(self) -> str:
        """The id of the generation that is new, archived; "" when nothing has changed or it was refused."""
        try:
            files = self._read_rules()
            if files == self._rules:
                return ""
            self._rules = files
            generation = self.archive.put(files)
        except (RuleError, ConfigurationError, IntegrityError) as bad:
            log.error("rules_refused", why=str(bad))  # noqa: TRY400  expected: the words are enough
            return ""
        log.info("rules_loaded", generation=generation.id, rules=len(generation.book.rules))
        return generation.id

    def keep_house(self) -> None:
        """Trim what is older than the retention and no longer needed; let quotes expire."""
        before_ms = self.now_ms() - self.settings.retention_h * 3_600_000
        kept = {p: one.saved_offset for p, one in self.scorers.items()}
        if kept:
            self.log.trim_older(LOG, before_ms, kept)
            self.log.trim_older(PEERS, before_ms, {0: self.peers.saved_offset})
        for topic in INLETS:
            read = {p: self.log.committed(topic, p) or 0 for p in range(self.settings.inlet_partitions)}
            self.log.trim_older(topic, before_ms, read)
        self.log.trim_older(WATERMARKS, self.now_ms() - KEPT_MARKS_MS, {0: self.log.end(WATERMARKS, 0) - RESTORED})
        self.vault.expire(self.now_ms())
        while self.vault.merge():
            pass

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
        one = Scorer(f"{LOG}-{partition}", self.store, self.truth, self.archive, self._reader(partition),
                     self.door.refuse, self._tell_rows, self.now_ms, pace)  # fmt: skip
        one.recover()
        return one

    def _needed_ms(self) -> int:
        """The lowest watermark that may be decided again: of what this worker scores, and as far back as the log of others reaches."""
        mine = min(one.saved_watermark_ms for one in self.scorers.values())
        shared = len(self.scorers) < self.settings.tags_partitions
        return mine - self.settings.retention_h * 3_600_000 if shared else mine

    def _open_rules(self, folder: Path) -> None:
        """From the folder of rules, or from the topic up to its end: nothing is scored before that is read."""
        if self.settings.rules_from == "folder":
            self.archive = GenerationArchive(folder)
        else:
            self.log.declare(RULES, 1)
            topic = RuleTopic(self.log)
            self._read_rules, self.archive = topic.newest, GenerationArchive(folder, topic.texts_of)
        self._rules = self._read_rules()

    def _open_door(self, tokeniser: Tokeniser) -> DoorStage:
        settings = self.settings
        registry = read_subjects(settings.subjects) if settings.subjects else {}
        door = Door(tokeniser, ClockArrival(self.now_ms), registry=registry, opinions=shipped_opinions(), slack_ms=settings.slack_ms)
        marks = InletMarks(self.log, settings.inlet_partitions, self.now_ms)
        return DoorStage(door, self.log, self.vault, self.letters, Sealer(self.keys.deadletter),
                         settings.tags_partitions, marks, self.now_ms, settings.idle_ms)  # fmt: skip

    def _reader(self, partition: int) -> Callable[[int, int], list[tuple[int, bytes]]]:
        def read(offset: int, most: int) -> list[tuple[int, bytes]]:
            return [(r.offset, r.value) for r in self.log.read(LOG, partition, offset, most)]

        return read

    def _senders(self) -> dict[str, Sender | Batch]:
        senders: dict[str, Sender | Batch] = {
            ALERTS: Batch(partial(self._to_topic, ALERTS)),
            ORDERS: Batch(partial(self._to_topic, ORDERS)),
            DEADLETTERS: Batch(partial(self._to_topic, DEADLETTERS)),
            "control": Batch(self._to_log),
            "inbox": Inbox(self.truth.database, self.now_ms),
        }
        settings = self.settings
        if settings.webhook_url is not None:
            secrets = [s.get_secret_value() for s in settings.webhook_secrets]
            senders["webhook"] = Webhook(settings.webhook_url, secrets, self.now_ms, allow_private=settings.webhook_allow_private)
        return senders

    def _to_topic(self, topic: str, items: Sequence[OutboxItem]) -> None:
        self.log.append(topic, 0, [Record(i.key.encode(), i.payload, (("message-id", i.message_id.encode()),)) for i in items])

    def _to_log(self, items: Sequence[OutboxItem]) -> None:
        self.door.control([msgspec.msgpack.decode(i.payload, type=Control) for i in items])

