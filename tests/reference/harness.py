"""Runs the same log through `decide` in any cut, and through the plain reference, and compares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import msgspec
import numpy as np

from fraud_guard.door.arrival import ClockArrival, FileArrival
from fraud_guard.door.door import Door
from fraud_guard.door.opinions import shipped_opinions
from fraud_guard.door.registry import Person, person
from fraud_guard.door.tokens import Tokeniser
from fraud_guard.escalation.effects import AlertEffect, Effects
from fraud_guard.memory.memory import Memory
from fraud_guard.memory.pages import Pager
from fraud_guard.pipeline import decide
from fraud_guard.tags.block import ROW, Block, Controls
from fraud_guard.tags.control import Control
from tests.reference.alerts import Change
from tests.reference.books import Book

KEY = bytes(range(32))
FAR_MS = 4_000_000_000_000
AFTERWARDS_MS = 8 * 86_400_000
PEOPLE: Mapping[str, Person] = {
    "+8619900000001": person("110101", "70-79", "独居"),
    "+8619900000002": person("440305", "30-39", "with family"),
}


class Told(NamedTuple):
    """Everything that came out, per subject in order; `dead` are positions; `tally` the sums."""

    changes: dict[bytes, list[Change]]
    dead: list[int]
    tally: dict[str, int]


def make_door(*, reorder_ms: int = 0, slack_ms: int = 0, as_file: bool = False) -> Door:
    """A door that believes every time, or with `as_file` judges jumps as replay does."""
    arrival = FileArrival() if as_file else ClockArrival(lambda: FAR_MS)
    return Door(Tokeniser(KEY), arrival, registry=PEOPLE, opinions=shipped_opinions(), reorder_ms=reorder_ms, slack_ms=slack_ms)


def token_of(subject: str) -> bytes:
    return Tokeniser(KEY).token(subject)


def rows_of(
    tags: Iterable[Mapping[str, Any]], *, reorder_ms: int = 0, slack_ms: int = 0, as_file: bool = False
) -> np.ndarray:
    """Tags in order of arrival as rows of the log, with positions 100, 101, …"""
    door = make_door(reorder_ms=reorder_ms, slack_ms=slack_ms, as_file=as_file)
    records = [msgspec.json.encode(t) for t in tags]
    drafts = door.take(records, range(len(records))) + door.flush()
    rows = door.block(drafts).rows
    rows["position"] = np.arange(100, 100 + len(rows))
    return rows


def by_decide(
    book: Book, rows: np.ndarray, cuts: Sequence[int], *, controls: Mapping[int, Control] | None = None,
    partitions: int = 1, restart_at: frozenset[int] = frozenset(), sweep: bool = False, in_parts: bool = False, mode: int = 0,
) -> Told:  # fmt: skip
    """Score `rows` cut before the indexes in `cuts`; `controls` come before the row of their index.

    With `restart_at` the memory is checkpointed and built anew before those rows. `sweep`
    frees old records after every block; `in_parts` feeds blocks as replay with answers does; `mode` says what is left out.
    """
    controls = controls or {}
    lanes = [_Lane(book, sweep=sweep, in_parts=in_parts) for _ in range(partitions)]
    for lane in lanes:
        lane.memory.journal.mode = mode
    edges = sorted({0, len(rows), *(c for c in cuts if c < len(rows)), *controls, *restart_at})
    for start, end in zip(edges, [*edges[1:], len(rows)], strict=True):
        if start in restart_at:
            for lane in lanes:
                lane.restart()
        if start in controls:
            for (
                lane
            ) in lanes:  # partitions lag behind one another; people act when the time has come in all of them
                lane.tick(int(rows["watermark_ms"][start - 1]) if start else 0)
            token = controls[start].token
            lanes[int.from_bytes(token[:2], "big") % 512 % partitions].control(
                controls[start], _position(rows, start)
            )
        for i, lane in enumerate(lanes):
            lane.feed(rows[start:end][rows["shard"][start:end] % partitions == i])
    last_ms = int(rows["watermark_ms"][-1]) if len(rows) else 0
    for lane in lanes:
        lane.tick(last_ms + AFTERWARDS_MS)
    return _merge(lanes)


def by_reference(book: Book, rows: np.ndarray, controls: Mapping[int, Control] | None = None) -> Told:
    """The same rows, one at a time, through the plain scorer."""
    plain, names = book.plain(), ROW.names or ()
    for i, values in enumerate(rows.tolist()):
        if controls and i in controls:
            plain.control(controls[i], _position(rows, i))
        plain.tag(dict(zip(names, values, strict=True)))
    if controls and len(rows) in controls:
        plain.control(controls[len(rows)], _position(rows, len(rows)))
    if len(rows):
        plain.tick(int(rows["watermark_ms"][-1]) + AFTERWARDS_MS, int(rows["position"][-1]))
    return Told(_by_subject(plain.changes), plain.dead, plain.counts)


def without_places(told: Told) -> dict[bytes, list[Change]]:
    """Changes without log positions: for runs that number or interleave the log otherwise."""
    return {
        token: [
            replace(c, position=0, clues=tuple((*clue[:-1], len(clue[-1])) for clue in c.clues))
            for c in changes
        ]
        for token, changes in told.changes.items()
    }


def changes_of(effects: Iterable[AlertEffect]) -> list[Change]:
    """Effects in the form of the reference."""
    return [
        Change(e.token, e.n, e.change, e.level, e.ts_ms, e.position, round(e.probability, 9),
               tuple(sorted((t, round(p, 9)) for t, p in e.types.items())),
               tuple((c.kind, c.id, w, c.ts_ms, c.until_ms, c.positions) for c, w in zip(e.evidence, e.weights, strict=True)),
               e.area, e.closure)
        for e in effects
    ]  # fmt: skip


class _Lane:
    """One partition: a memory, its checkpoints and what it gave."""

    def __init__(self, book: Book, *, sweep: bool, in_parts: bool) -> None:
        self.book, self.memory = book, Memory()
        self.sweep, self.in_parts = sweep, in_parts
        self.pager = Pager(self.memory)
        self.stored: dict[str, bytes] = {}
        self.effects: list[AlertEffect] = []
        self.dead: list[int] = []
        self.tally: dict[str, int] = {}

    def feed(self, rows: np.ndarray) -> None:
        if len(rows) and self.in_parts:
            for part in _parts(rows):
                self.take(decide(_block(part), self.memory, self.book.generation, whole=False), part)
            self.tick(int(rows["watermark_ms"][-1]))
        elif len(rows):
            self.take(decide(_block(rows), self.memory, self.book.generation), rows)
        if self.sweep:
            self.memory.sweep()

    def tick(self, watermark_ms: int) -> None:
        self.take(decide(Controls((), (), watermark_ms), self.memory, self.book.generation))

    def control(self, control: Control, position: int) -> None:
        record = Controls((control,), (position,), self.memory.watermark_ms)
        self.take(decide(record, self.memory, self.book.generation))

    def take(self, effects: Effects, rows: np.ndarray | None = None) -> None:
        self.effects += effects.alerts
        self.dead += [int(rows["position"][d.row]) for d in effects.dead] if rows is not None else []
        for name, value in msgspec.structs.asdict(effects.tally).items():
            self.tally[name] = self.tally.get(name, 0) + value

    def restart(self) -> None:
        """Checkpoint, forget, and build the memory from the stored blobs."""
        delta = self.pager.delta()
        self.stored.update(delta.blobs)
        self.pager.saved()
        for key in delta.drop:
            del self.stored[key]
        old, self.memory = self.memory, Memory()
        self.pager = Pager(self.memory)
        self.pager.restore(self.stored)
        self.memory.position, self.memory.watermark_ms = old.position, old.watermark_ms


def _block(rows: np.ndarray) -> Block:
    return Block(rows.copy(), [], [], [])


def _parts(rows: np.ndarray) -> Iterator[np.ndarray]:
    """The rows cut so that no part holds two tags of one subject."""
    seen: Counter[bytes] = Counter()
    turns = []
    for token in rows["token"]:
        seen[token.tobytes()] += 1
        turns.append(seen[token.tobytes()])
    for k in sorted(set(turns)):
        yield rows[np.array(turns) == k]


def _position(rows: np.ndarray, index: int) -> int:
    return int(rows["position"][index - 1]) if index else 0


def _merge(lanes: Sequence[_Lane]) -> Told:
    tally: dict[str, int] = {}
    for lane in lanes:
        for name, value in lane.tally.items():
            tally[name] = tally.get(name, 0) + value
    effects = [e for lane in lanes for e in lane.effects]
    return Told(_by_subject(changes_of(effects)), sorted(p for lane in lanes for p in lane.dead), tally)


def _by_subject(changes: Iterable[Change]) -> dict[bytes, list[Change]]:
    told: dict[bytes, list[Change]] = {}
    for change in changes:
        told.setdefault(change.token, []).append(change)
    return told
