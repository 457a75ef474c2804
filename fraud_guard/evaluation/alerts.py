"""Alerts as columns: one row a change that says something about the person, changes of one alert side by side."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from fraud_guard.evaluation.intervals import Bools, Floats, Ints
from fraud_guard.evaluation.reading import main_type, numbered, parse

REMEDY = "give the file that `replay --alerts` wrote"
_SAYS_NOTHING = frozenset({"lowered", "closed", "expired"})


class _Change(msgspec.Struct, frozen=True):
    alert_id: str
    seq: Annotated[int, msgspec.Meta(ge=0, le=2**31)]
    change: Literal["raised", "escalated", "evidence", "lowered", "closed", "expired"]
    ts_ms: Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
    subject: str
    level: Annotated[int, msgspec.Meta(ge=1, le=4)]
    probability: Annotated[float, msgspec.Meta(ge=0, le=1)]
    scam_type: str = "unknown"
    cause: Literal["score", "clock", "person"] | None = None
    v: Annotated[int, msgspec.Meta(ge=1, le=1)] = 1


_DECODER = msgspec.json.Decoder(_Change)


@dataclass(frozen=True)
class Alerts:
    """Alerts in order of (first change, id); changes in order of (alert, `seq`).

    Of length alerts: `ids`, `subjects`, `start` (row of the first change). Of length changes:
    `alert` (index), `ts_ms`, `level` (effective), `probability`, `said` (index into `types`) and
    `new_evidence`: false for a rise that a clock or a person caused. Lowered, closed and expired
    are left out; `lines` counts them too. Variants of a type count as the type.
    """

    ids: list[str]
    subjects: list[str]
    start: Ints
    alert: Ints
    ts_ms: Ints
    level: Ints
    probability: Floats
    said: Ints
    new_evidence: Bools
    types: list[str]
    lines: int

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def first_ms(self) -> Ints:
        """Time of the first change of each alert."""
        return self.ts_ms[self.start]

    @property
    def last(self) -> Ints:
        """Row of the last change of each alert."""
        return np.append(self.start[1:], len(self.alert))[: len(self)] - 1

    @property
    def best_level(self) -> Ints:
        """The most serious level that each alert reached."""
        return np.minimum.reduceat(self.level, self.start) if len(self) else self.start

    @property
    def best_probability(self) -> Floats:
        """The highest probability that each alert reached."""
        return np.maximum.reduceat(self.probability, self.start) if len(self) else np.zeros(0)


def read_alerts(lines: Iterable[bytes], name: str) -> Alerts:
    """Alert changes from NDJSON, in any order; a change that comes twice counts once.

    Raises ConfigurationError naming `name`, line and remedy.
    """
    alert_of: dict[str, int] = {}
    type_of: dict[str, int] = {}
    subjects: list[tuple[int, str]] = []
    alert, seq, ts_ms, level, said = (array("q") for _ in range(5))
    probability, new_evidence, n = array("d"), array("b"), 0
    for n, line in numbered(lines):
        c = parse(_DECODER, line, name, n, REMEDY)
        if c.change in _SAYS_NOTHING:
            continue
        index = alert_of.setdefault(c.alert_id, len(subjects))
        if index == len(subjects):
            subjects.append((c.seq, c.subject))
        elif c.seq < subjects[index][0]:
            subjects[index] = (c.seq, c.subject)
        alert.append(index)
        seq.append(c.seq)
        ts_ms.append(c.ts_ms)
        level.append(c.level)
        probability.append(c.probability)
        said.append(type_of.setdefault(main_type(c.scam_type), len(type_of)))
        new_evidence.append(c.cause in {None, "score"})
    columns = [np.array(column) for column in (alert, seq, ts_ms, level, probability, said, new_evidence)]
    return _arranged(list(alert_of), [subject for _, subject in subjects], columns, list(type_of), n)


def _arranged(
    ids: list[str], subjects: list[str], columns: list[npt.NDArray[np.generic]], types: list[str], lines: int
) -> Alerts:
    alert, seq, ts_ms = columns[:3]
    order = np.lexsort((seq, alert))
    order = order[_first_of_each(alert[order], seq[order])]
    start = np.flatnonzero(_first_of_each(alert[order]))
    first_ms = ts_ms[order][start].tolist()
    ranking = sorted(range(len(ids)), key=lambda i: (first_ms[i], ids[i]))
    rank = np.empty(len(ids), np.int64)
    rank[ranking] = np.arange(len(ids))
    order = order[np.argsort(rank[alert[order].astype(np.int64)], kind="stable")]
    alert, _, ts_ms, level, probability, said, new_evidence = (column[order] for column in columns)
    alert = rank[alert.astype(np.int64)]
    return Alerts(
        ids=[ids[i] for i in ranking], subjects=[subjects[i] for i in ranking],
        start=np.flatnonzero(_first_of_each(alert)), alert=alert, ts_ms=ts_ms.astype(np.int64),
        level=level.astype(np.int64), probability=probability.astype(np.float64), said=said.astype(np.int64),
        new_evidence=new_evidence.astype(np.bool_), types=types, lines=lines,
    )  # fmt: skip


def _first_of_each(*keys: npt.NDArray[np.generic]) -> Bools:
    """Where a new value begins in sorted keys."""
    changed = np.zeros(max(len(keys[0]) - 1, 0), np.bool_)
    for key in keys:
        changed |= key[1:] != key[:-1]
    return np.append(np.ones(min(len(keys[0]), 1), np.bool_), changed)
