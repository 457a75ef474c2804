"""What the subjects table says of a person: area, age band, household."""

from __future__ import annotations

import re
from typing import NamedTuple

from fraud_guard.tags.block import pack_area

_ALONE = ("alone", "single", "独居", "1")


class Person(NamedTuple):
    """One row of `subjects.csv`, packed as the log carries it."""

    area: int = 0
    age: int = 0
    household: int = 0


UNKNOWN = Person()


def person(area: str, age_band: str, household: str) -> Person:
    """Pack a row: `area` is a GB/T 2260 code or empty, `age_band` like `60-69`, `60+` or `70`."""
    age = re.search(r"\d+", age_band)
    home = household.strip().lower()
    alone = 1 if any(word in home for word in _ALONE) else 2
    return Person(pack_area(area), min(int(age.group()), 120) if age else 0, alone if home else 0)
