"""Sequences of a book over the rings of a round: which rows complete which, all rules together.

What every step says of every event is worked out once. A pair of rule and row is looked at only if the row's
event is the last step and each mandatory step has an event in time; few pairs get further.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fraud_guard.rulebook.events import EventColumns
from fraud_guard.rulebook.expression import Expression
from fraud_guard.rulebook.panel import Panel
from fraud_guard.rulebook.rule import SequenceSpec
from fraud_guard.rulebook.sequence import Shape, best_chain, match_newest

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.intp]
Entry = tuple[int, SequenceSpec, tuple[Expression, ...]]
"""A rule's number, its sequence, its steps."""
_NEVER = np.int64(-(1 << 62))
_ALWAYS = np.int64(1 << 62)


class SequenceHit(NamedTuple):
    """Row `row` of a round completed rule number `rule`.

    `positions` are the log positions of its tags, oldest first; `seen` of its optional steps were among them.
    """

    rule: int
    row: int
    positions: tuple[int, ...]
    seen: int = 0


def shape_of(spec: SequenceSpec) -> Shape:
    """A sequence in milliseconds, without its conditions."""
    within_ms = tuple((step.within or spec.within) * 1000 for step in spec.steps)
    return Shape(spec.within * 1000, tuple(step.optional for step in spec.steps), within_ms)


class Sequences:
    """The sequence rules of a book."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        steps = {step.sql: step for _, _, some in entries for step in some}
        number = {sql: k for k, sql in enumerate(steps)}
        self._panel = Panel(list(steps.values()))
        self._rules = [rule for rule, _, _ in entries]
        self._shapes = [shape_of(spec) for _, spec, _ in entries]
        self._steps = [[number[step.sql] for step in some] for _, _, some in entries]
        self._last = np.array([some[-1] for some in self._steps], np.intp)
        self._uses, self._needs = np.zeros((2, len(entries), len(steps)), np.bool_)
        for i, (some, shape) in enumerate(zip(self._steps, self._shapes, strict=True)):
            self._uses[i, some] = True
            self._needs[i, [some[k] for k in shape.mandatory]] = True
        self._span_ms = np.array([shape.span_ms for shape in self._shapes], np.int64)
        self._tail_ms = np.array([shape.within_ms[-1] for shape in self._shapes], np.int64)
        self._before = _padded(
            [
                [some[k] for k in shape.mandatory[-2::-1]]
                for some, shape in zip(self._steps, self._shapes, strict=True)
            ]
        )

    def completed(
        self, rows: np.ndarray, events: np.ndarray, sizes: Ints, newest_last: Bools
    ) -> list[SequenceHit]:
        """What the rows complete; arguments as in `Book.sequences`."""
        able = sizes > 1
        if not self._rules or not able.any():
            return []
        own = self._panel.run(EventColumns(rows["kind"], rows["category"], rows["flags"]), len(rows))
        own &= able
        concerned = own[self._last] & newest_last
        at = np.flatnonzero(concerned.any(axis=0))
        hits = self._newest(at, events, sizes, concerned[:, at]) if len(at) else []
        late = np.flatnonzero(~newest_last & own.any(axis=0))
        hits += self._late(late, rows, events, sizes, own[:, late]) if len(late) else []
        return sorted(hits, key=lambda hit: (hit.rule, hit.row))

    def _newest(self, at: Ints, events: np.ndarray, sizes: Ints, concerned: Bools) -> list[SequenceHit]:
        """Sequences that the newest events of the rings of `at` complete. `concerned` (sequences, n): the event is the last step."""
        which = np.flatnonzero(concerned.any(axis=1))
        rings = _Rings(events[at], sizes[at], self._panel, np.logical_or.reduce(self._uses[which]))
        latest_ms, end_ms = rings.latest_ms(), rings.times_ms[np.arange(len(at)), sizes[at] - 1]
        possible = concerned[which]
        for depth, steps in enumerate(self._before[which].T):
            span_ms = (self._span_ms if depth else self._tail_ms)[which]
            possible &= latest_ms[steps] >= end_ms - span_ms[:, None]
        found, row = np.nonzero(possible)
        kept = self._exactly(which[found], row, rings)
        pairs = zip(which[found[kept]].tolist(), row[kept].tolist(), strict=True)
        return [hit for i, k in pairs for hit in self._hit(i, int(at[k]), rings, k, int(rings.sizes[k]) - 1)]

    def _exactly(self, which: Ints, row: Ints, rings: _Rings) -> Bools:
        """Which pairs of a sequence and a ring hit. With two mandatory steps being possible is enough."""
        kept, counts = (
            np.ones(len(which), np.bool_),
            np.array([len(self._shapes[i].mandatory) for i in which.tolist()]),
        )
        for count in range(3, int(counts.max(initial=0)) + 1):
            some = np.flatnonzero(counts == count)
            if len(some):
                kept[some] = self._match(which[some], row[some], rings, count)
        return kept

    def _match(self, which: Ints, row: Ints, rings: _Rings, count: int) -> Bools:
        shapes = [self._shapes[i] for i in which.tolist()]
        within_ms = [
            np.array([shape.within_ms[shape.mandatory[q]] for shape in shapes]) for q in range(1, count)
        ]
        steps = [rings.masks[self._before[which, count - 2 - q], row] for q in range(count - 1)]
        return match_newest(rings.times_ms[row], steps, within_ms, self._span_ms[which], rings.sizes[row] - 1)

    def _late(
        self, at: Ints, rows: np.ndarray, events: np.ndarray, sizes: Ints, own: Bools
    ) -> list[SequenceHit]:
        """Sequences that the late events `at` complete, wherever they lie in their rings. `own` (steps, n): what they match."""
        rings = _Rings(events[at], sizes[at], self._panel, np.ones(own.shape[0], np.bool_))
        has, hits = np.logical_or.reduce(rings.masks, axis=2), []
        for k, row in enumerate(at.tolist()):
            where = _index_of(events[row, : sizes[row]], rows[row])
            possible = self._uses[:, own[:, k]].any(axis=1) & (has[:-1, k] | ~self._needs).all(axis=1)
            if where >= 0:
                hits += [
                    hit
                    for i in np.flatnonzero(possible).tolist()
                    for hit in self._hit(i, row, rings, k, where)
                ]
        return hits

    def _hit(self, i: int, row: int, rings: _Rings, k: int, at: int) -> Iterator[SequenceHit]:
        """The hit of sequence `i` through event `at` of ring `k`, if there is one."""
        fits = [np.flatnonzero(rings.masks[step, k]).tolist() for step in self._steps[i]]
        found = best_chain(rings.times_ms[k, : rings.sizes[k]].tolist(), fits, at, self._shapes[i])
        if found is not None:
            positions = rings.events["position"][k, list(found.events)].astype(np.int64).tolist()
            yield SequenceHit(self._rules[i], row, tuple(p for p in positions if p >= 0), found.seen)


class _Rings:
    """Some rings, and which of their events match which step; `masks` is (steps + 1, n, width), the last one True."""

    def __init__(self, events: np.ndarray, sizes: Ints, panel: Panel, wanted: Bools) -> None:
        self.events, self.sizes = events[:, : int(sizes.max())], sizes
        when = self.events["when"]
        self.times_ms = (when >> np.uint64(16)).astype(np.int64)
        kind, category = (
            (when >> np.uint64(8) & np.uint64(0xFF)).astype(np.uint8),
            (when & np.uint64(0xFF)).astype(np.uint8),
        )
        columns = EventColumns(kind.ravel(), category.ravel(), self.events["flags"].ravel())
        self.masks = np.ones((len(wanted) + 1, *when.shape), np.bool_)
        np.logical_and(
            panel.run(columns, when.size, wanted).reshape(-1, *when.shape), when > 0, out=self.masks[:-1]
        )

    def latest_ms(self) -> npt.NDArray[np.int64]:
        """For every step and ring the time of the latest match before the newest event, shape (steps + 1, n)."""
        n, width = self.times_ms.shape
        older = self.masks & (np.arange(width) < self.sizes[:, None] - 1)
        latest = width - 1 - older[:, :, ::-1].argmax(axis=2)
        rows = np.arange(n)
        latest_ms = np.where(
            older[np.arange(len(older))[:, None], rows, latest], self.times_ms[rows, latest], _NEVER
        )
        latest_ms[-1] = _ALWAYS
        return latest_ms


def _padded(lists: Sequence[Sequence[int]]) -> Ints:
    """The lists as rows of one array, filled up with -1."""
    width = max(map(len, lists), default=0)
    return np.array([[*some, *[-1] * (width - len(some))] for some in lists], np.intp).reshape(
        len(lists), width
    )


def _index_of(events: np.ndarray, row: np.void) -> int:
    when = int(row["ts_ms"]) << 16 | int(row["kind"]) << 8 | int(row["category"])
    same = np.flatnonzero(
        (events["position"] == row["position"].astype(np.uint64)) & (events["when"] == np.uint64(when))
    )
    return int(same[-1]) if len(same) else -1
