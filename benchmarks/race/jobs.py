"""What is raced: the product's whole decision, in chunks and one event at a time; and a small job that anybody could have written.

The whole decision is the real door (validation, numbers, tokens, texts and hosts with the shipped models) and the real `decide` with the
shipped rules, in one process, with nothing stored. One event at a time it is the plain reference scorer, whose answers the tests hold equal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from benchmarks.race.meter import Job
from benchmarks.race.small import SmallColumns, SmallEvents
from benchmarks.stock import LATE, NIGHT, PerEventScorer, is_night
from fraud_guard.app.rule_files import load_generation
from fraud_guard.door.arrival import ClockArrival
from fraud_guard.door.decode import decode
from fraud_guard.door.door import Door
from fraud_guard.door.opinions import shipped_opinions
from fraud_guard.door.tokens import Tokeniser
from fraud_guard.memory.memory import Memory
from fraud_guard.pipeline import decide
from fraud_guard.shipped import shipped
from fraud_guard.tags.block import ROW
from tests.reference.plain_door import PlainRowMaker

FAR_MS = 4_000_000_000_000
"""The door's clock: no tag of the mix is dated ahead of it."""
KEY = bytes(32)
BLANK: dict[str, object] = dict.fromkeys(ROW.names or (), 0)


class WholeChunks:
    """Door and `decide` over chunks."""

    def __init__(self) -> None:
        self._door = Door(Tokeniser(KEY), ClockArrival(lambda: FAR_MS), opinions=shipped_opinions())
        self._generation, _ = load_generation(shipped("rules"))
        self._memory, self._position = Memory(), 0
        self._said: list[tuple[bytes, int, str, int]] = []
        self._scored = self._duplicates = 0

    def chunk(self, lines: Sequence[bytes]) -> None:
        """One block of the log and its decision."""
        first, self._position = self._position, self._position + len(lines)
        block = self._door.block(self._door.take(lines, range(first, self._position)))
        block.rows["position"] = block.rows["inlet"]
        effects = decide(block, self._memory, self._generation)
        self._scored += effects.tally.scored
        self._duplicates += effects.tally.duplicate
        self._said += [(a.token, a.ts_ms, a.change, a.level) for a in effects.alerts]

    def event(self, line: bytes) -> None:
        """A chunk of one."""
        self.chunk([line])

    def effects(self) -> str:
        """Digest of every change of an alert, and of the counts."""
        return _digest(self._said, self._scored, self._duplicates, self._door.refused)


class WholeEvents:
    """The same, one tag at a time in plain Python."""

    def __init__(self) -> None:
        generation, _ = load_generation(shipped("rules"))
        policies = generation.policies
        self._scorer = PerEventScorer([c.rule for c in generation.book.rules], policies.fusion, policies.escalation)
        self._rows = PlainRowMaker(Tokeniser(KEY), {}, shipped_opinions())
        self._seen = self._watermark_ms = 0

    def chunk(self, lines: Sequence[bytes]) -> None:
        """One after the other."""
        for line in lines:
            self.event(line)

    def event(self, line: bytes) -> None:
        """Decode, normalise, count, ask all rules."""
        draft = self._rows.make(decode(line), self._seen)
        self._watermark_ms = max(self._watermark_ms, draft.ts_ms)
        flags = draft.flags | (LATE if draft.ts_ms < self._watermark_ms else 0) | (NIGHT if is_night(draft.ts_ms) else 0)
        self._scorer.token = draft.token
        self._scorer.tag(BLANK | draft._asdict() | {"flags": flags, "watermark_ms": self._watermark_ms, "position": self._seen})
        self._seen += 1

    def effects(self) -> str:
        """As of the chunks."""
        said = [(c.token, c.ts_ms, c.change, c.level) for c in self._scorer.changes]
        return _digest(said, self._scorer.counts["scored"], self._scorer.counts["duplicate"], self._scorer.dead)


def _digest(said: Sequence[tuple[bytes, int, str, int]], scored: int, duplicates: int, dead: Sequence[object]) -> str:
    whole = repr((sorted(said), scored, duplicates, len(dead)))
    return f"{len(said)} changes, {scored} scored, {hashlib.sha256(whole.encode()).hexdigest()[:12]}"


JOBS: dict[str, Callable[[], Job]] = {
    "whole-chunks": WholeChunks, "whole-events": WholeEvents, "small-chunks": SmallColumns, "small-events": SmallEvents,
}  # fmt: skip
