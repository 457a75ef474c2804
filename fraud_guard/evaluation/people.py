"""Who is protected, as far as the card asks: age band and area of each subject."""

from __future__ import annotations

from typing import NamedTuple

TOWN_DIGITS = 9
NOT_KNOWN = "—"


class Person(NamedTuple):
    """`area` is cut to the town (9 digits of GB/T 2260); `—` where the table says nothing."""

    age_band: str
    area: str


People = dict[str, Person]


def person(age_band: str, area: str) -> Person:
    """A row of the table as the card groups it."""
    return Person(age_band or NOT_KNOWN, area[:TOWN_DIGITS] or NOT_KNOWN)
