"""Evidence: what was noticed about a sample, as a code, in words of two languages, and where.

A hostile file can repeat one trick a million times; a ledger keeps a trick once, with a count
and the first places.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

PLACES = 5
PLACE_CHARACTERS = 200


class Evidence(msgspec.Struct, frozen=True):
    """One thing noticed: `where` holds the first places, `count` how many there were."""

    code: str
    zh: str
    en: str
    where: tuple[str, ...] = ()
    count: int = 1


class Ledger:
    """Collects evidence; `words` gives the Chinese and English text of each code."""

    def __init__(self, words: Mapping[str, tuple[str, str]]) -> None:
        self._words = words
        self._places: dict[str, list[str]] = {}
        self._counts: dict[str, int] = {}

    def note(self, code: str, where: object = "") -> None:
        """Write down `code`, seen at `where`."""
        self._counts[code] = self._counts.get(code, 0) + 1
        places = self._places.setdefault(code, [])
        place = str(where)[:PLACE_CHARACTERS]
        if place and len(places) < PLACES and place not in places:
            places.append(place)

    def __contains__(self, code: str) -> bool:
        return code in self._counts

    def evidence(self) -> tuple[Evidence, ...]:
        """All of it, in the order of first sight."""
        return tuple(
            Evidence(code, *self._words[code], tuple(self._places[code]), count)
            for code, count in self._counts.items()
        )
