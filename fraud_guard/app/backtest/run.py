"""Run one set of rules over a history and collect what comes of it.

Nobody answers and clocks are off, as in a plain replay. Control records are not in the history: no alert is
closed or released but by its own expiry. Callers' reputations come from the calls of the history itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import NamedTuple

import msgspec

from fraud_guard.adapters.history.folder import HistoryFolder, start_ms_of
from fraud_guard.adapters.history.reading import Reel
from fraud_guard.app.replay.lane import Yield
from fraud_guard.app.replay.run import DEMO_SITE_KEY, InletIndex, Plan, Summary, score
from fraud_guard.dispatch.stations import Stations
from fraud_guard.escalation.alert import AlertChange
from fraud_guard.tags.block import BLOCK_MAX, Block

TOGETHER = 8 * BLOCK_MAX
"""Tags that are decided together: the fixed cost of a decision is shared, the result is the same."""


class Span(NamedTuple):
    """Days (UTC+8) whose alerts count, both included, and how many days before them fill the memory first."""

    first: date | None = None
    last: date | None = None
    warm_up_days: int = 7

    @property
    def read_from(self) -> date | None:
        """The first day that is read."""
        return self.first - timedelta(days=self.warm_up_days) if self.first else None

    @property
    def from_ms(self) -> int:
        """What comes before does not count."""
        return start_ms_of(self.first) if self.first else 0


class RuleTally(msgspec.Struct):
    """How often a rule or model was evidence, for how many subjects, and in how many alerts it has a part."""

    hits: int = 0
    subjects: set[bytes] = msgspec.field(default_factory=set)
    alerts: set[str] = msgspec.field(default_factory=set)


class Outcome:
    """What one set of rules made of a history: changes in order of (ts_ms, alert_id, seq), tallies by rule, counts."""

    def __init__(self, from_ms: int) -> None:
        self.changes: list[AlertChange] = []
        self.rules: dict[str, RuleTally] = {}
        self.summary = Summary()
        self._from_ms = from_ms

    def take(self, given: Yield) -> None:
        """Book what a lane gave."""
        self.changes += given.changes
        for hit in given.hits:
            if hit.ts_ms >= self._from_ms:
                tally = self.rules.setdefault(hit.id, RuleTally())
                tally.hits += 1
                tally.subjects.add(hit.token)

    def dead(self, inlet: int, reason: str, detail: str) -> None:
        """A refused tag: it is counted in the summary."""

    def finish(self) -> None:
        """Sort, and leave out alerts that were raised before the days that count."""
        early = {c.alert_id for c in self.changes if c.seq == 0 and c.ts_ms < self._from_ms}
        kept = [c for c in self.changes if c.alert_id not in early]
        self.changes = sorted(kept, key=lambda c: (c.ts_ms, c.alert_id, c.seq))
        for change in self.changes:
            for evidence in change.evidence:
                self.rules.setdefault(evidence.id, RuleTally()).alerts.add(change.alert_id)


class Backtest:
    """A history and the days of it, `tags` in all, of which one subject in `one_in` is scored; `outcome_of` may be called for several sets of rules."""

    def __init__(self, folder: HistoryFolder, span: Span = Span(), *, jobs: int = 1, site_key: str = DEMO_SITE_KEY, named: bool = False, one_in: int = 1) -> None:  # noqa: B008  frozen
        self.reel = Reel(folder, span.read_from, span.last)
        self.tags = self.reel.count()
        self._span, self._jobs, self._site_key, self._named, self._one_in = span, jobs, site_key, named, one_in

    @property
    def days(self) -> list[date]:
        """The days that count and of which there are tags."""
        return sorted({f.day for f in self.reel.files if f.day >= (self._span.first or f.day)})

    def outcome_of(self, rules: Mapping[str, str], progress: Callable[[int], None] = lambda _: None, together: int = TOGETHER) -> Outcome:
        """Run the texts of a generation over the history; `progress` is told the tags read so far.

        The result is the same for any number of jobs, and of tags decided `together`. Subjects are tokens, evidence names its tags if `named`.
        """
        began = time.monotonic()
        plan = Plan(rules=rules, stations=Stations([]), registry={}, closures={}, site_key=self._site_key, jobs=self._jobs, one_in=self._one_in)
        outcome, index = Outcome(self._span.from_ms), InletIndex() if self._named else None
        score(plan, self._numbered(index, outcome.summary, progress, together), outcome, outcome.summary)
        outcome.finish()
        if index is not None:
            outcome.changes = self._with_ids(outcome.changes, index)
        outcome.summary.wall_s = time.monotonic() - began
        return outcome

    def _numbered(self, index: InletIndex | None, summary: Summary, progress: Callable[[int], None], size: int) -> Iterator[Block]:
        offset = 0
        for block in self.reel.blocks(size):
            for part in block.cut():
                part.number(offset)
                if index is not None:
                    index.add(part)
                offset += 1
            yield block
            summary.lines += len(block)
            progress(summary.lines)

    def _with_ids(self, changes: list[AlertChange], index: InletIndex) -> list[AlertChange]:
        shown = {t for c in changes for e in c.evidence for t in e.tag_ids}
        place = {t: index.inlet(int(t[1:])) for t in shown}
        ids = self.reel.names(list(place.values()))
        return [
            c.model_copy(update={"evidence": tuple(
                e.model_copy(update={"tag_ids": tuple(ids[place[t]] for t in e.tag_ids)}) for e in c.evidence
            )}) for c in changes
        ]  # fmt: skip
