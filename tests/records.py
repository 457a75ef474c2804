"""One subject's record for tests: tags by hand, applied one after the other as the scorer does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from fraud_guard.features.update import apply
from fraud_guard.features.vector import Vector
from fraud_guard.features.view import View
from fraud_guard.memory import ring
from fraud_guard.memory.layout import HEAD, hot
from fraud_guard.tags.block import ROW

T_MS = 1_790_000_000_000
_SLOT = np.zeros(1, np.intp)


def row(kind: int, at_s: float = 0, **fields: Any) -> np.ndarray:
    """One tag, `at_s` after T_MS."""
    rows = np.zeros(1, ROW)
    rows["kind"], rows["ts_ms"] = kind, T_MS + int(at_s * 1000)
    for name, value in fields.items():
        rows[name] = value
    return rows


class One:
    """The record of one subject. Fields of the head are read as `one["call_otps"]`."""

    def __init__(self, *rows: np.ndarray) -> None:
        self.head, self.rings = np.zeros(1, HEAD), ring.empty(1)
        self.take(rows)

    def take(self, rows: Iterable[np.ndarray]) -> One:
        """Apply tags; their flags change as the record tells."""
        for one in rows:
            h, significant = apply(self.head, self.rings, _SLOT, one)
            if significant[0]:
                ring.insert(self.rings, h, _SLOT, one)
            hot(self.head)[_SLOT] = h
        return self

    def __getitem__(self, name: str) -> Any:
        return self.head[name][0]

    def feature(self, name: str, after_s: float = 0) -> float:
        """A feature, `after_s` after the newest tag."""
        now_ms = self.head["last_ms"] + int(after_s * 1000)
        return float(Vector(View(self.head, now_ms, self.events))[name][0])

    @property
    def events(self) -> np.ndarray:
        """The ring, oldest first."""
        return ring.unroll(self.rings, self.head)
