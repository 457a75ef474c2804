"""Memo: what was worked out of a key before, as a table that a whole column of keys is looked up in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

K = TypeVar("K")
MOST = 400_000
_GROW = 4_096


class Memo(Generic[K]):
    """A bounded cache. `learn` takes new keys, each once, and gives one row of the table and one note for each.

    `table` has one row a key (a structured dtype), `notes` what does not fit there; both are
    indexed by what `find` returns, which holds until the next `find`.
    """

    def __init__(
        self, dtype: npt.DTypeLike, learn: Callable[[list[K]], tuple[list[tuple[Any, ...]], list[Any]]], most: int = MOST
    ) -> None:
        self.table = np.zeros(_GROW, dtype)
        self.notes: list[Any] = []
        self._learn, self._most = learn, most
        self._places: dict[K, int] = {}

    def find(self, keys: Sequence[K]) -> npt.NDArray[np.intp]:
        """The place of each key; unknown ones are learnt. A full cache starts anew."""
        if len(self._places) >= self._most:
            self._places.clear()
            self.notes.clear()
        places = list(map(self._places.get, keys))
        if None in places:
            self._add([key for key, place in zip(keys, places, strict=True) if place is None])
            places = list(map(self._places.get, keys))
        return np.array(places, np.intp)

    def _add(self, keys: list[K]) -> None:
        new = list(dict.fromkeys(keys))
        values, notes = self._learn(new)
        first = len(self._places)
        if first + len(new) > len(self.table):
            self.table.resize(max(first + len(new), len(self.table) * 2), refcheck=False)
        self.table[first : first + len(new)] = np.array(values, self.table.dtype)
        self.notes += notes
        self._places.update(zip(new, range(first, first + len(new)), strict=True))
