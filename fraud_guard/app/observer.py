"""The observer: reads every few seconds what a site knows of itself, for metrics. Nothing is counted a tag for it."""

from __future__ import annotations

from collections import Counter

from fraud_guard.app.metrics import Figures
from fraud_guard.app.site import Site
from fraud_guard.app.topics import LOG, MIXED

EVERY_S = 5.0
OUTCOMES = ("scored", "duplicate", "dead", "failed")
RESULTS = ("delivered", "failed", "set_aside", "lease_lost")
Values = dict[tuple[str, ...], float]


class Observer:
    """`observe` is called on the worker's loop; `figures` may be read by any thread."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._oldest: int | None = None
        self._oldest_ms = 0
        self.figures: Figures = {}

    def observe(self) -> None:
        """Read all figures anew. Raises DependencyError when a server is away; the figures of before stay."""
        if not self._site.holds:
            return
        places, lag = self._decided(), self._lag()
        found = self._counted() | self._partitions() | self._outbox()
        if self._site.inlets:
            accepted, waiting = self._inlets()
            places["accepted",] = accepted
            lag |= waiting
        if self._site.reads(MIXED, 0):  # one of the workers tells what all of them refused
            letters = self._site.letters.totals()
            places["dead_letter",] = sum(letters.values())
            found["fraud_guard_dead_letters"] = {(reason,): n for reason, n in letters.items()}
        self.figures = found | {"fraud_guard_conservation_tags": places, "fraud_guard_lag_records": lag}

    def _counted(self) -> dict[str, Values]:
        """What this worker counted since it started."""
        site = self._site
        counts = site.scorer_counts()
        return {
            "fraud_guard_tags_accepted_total": {(): site.door.counts["accepted"]},
            "fraud_guard_tags_decided_total": {(outcome,): counts[outcome] for outcome in OUTCOMES},
            "fraud_guard_tags_late_total": {(): counts["late"]},
            "fraud_guard_deliveries_total": {(result,): site.relay.counts[result] for result in RESULTS},
        }

    def _partitions(self) -> dict[str, Values]:
        now_ms, scorers = self._site.now_ms(), self._site.scorers
        generations = Counter(one.memory.generation for one in scorers.values())
        return {
            "fraud_guard_gap_records": {(topic,): n for topic, n in self._gaps().items()},
            "fraud_guard_degraded_mode": {(str(p),): one.memory.journal.mode for p, one in scorers.items()},
            "fraud_guard_checkpoint_age_seconds": {(str(p),): one.unsaved_ms(now_ms) / 1_000 for p, one in scorers.items()},
            "fraud_guard_rules_generation_info": {(generation,): n for generation, n in generations.items()},
        }

    def _gaps(self) -> Counter[str]:
        let_go = sum(one.memory.journal.gap for one in self._site.scorers.values())
        return Counter({LOG: let_go, **self._site.door.gaps()})

    def _decided(self) -> Values:
        journals = [one.memory.journal for one in self._site.scorers.values()]
        return {("scored",): sum(j.scored for j in journals), ("duplicate",): sum(j.duplicate for j in journals)}

    def _lag(self) -> Values:
        site = self._site
        return {(LOG, str(p)): max(0, site.log.end(LOG, p) - one.next_offset) for p, one in site.scorers.items()}

    def _inlets(self) -> tuple[int, Values]:
        """Records that the door of this worker is done with, and those that wait for it."""
        accepted, waiting = 0, Values()
        for topic, partition in self._site.inlets:
            done = self._site.log.committed(topic, partition) or 0
            accepted += done
            waiting[topic, str(partition)] = max(0, self._site.log.end(topic, partition) - done)
        return accepted, waiting

    def _outbox(self) -> dict[str, Values]:
        """The age is by this worker's clock: messages carry the time of their event."""
        truth, now_ms = self._site.truth, self._site.now_ms()
        counts, oldest = truth.outbox_counts(), truth.oldest_waiting()
        if oldest != self._oldest:
            self._oldest, self._oldest_ms = oldest, now_ms
        return {
            "fraud_guard_outbox_messages": {(state,): counts[f"outbox.{state}"] for state in ("waiting", "failed")},
            "fraud_guard_outbox_oldest_seconds": {(): 0 if oldest is None else (now_ms - self._oldest_ms) / 1_000},
        }
