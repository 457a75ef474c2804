"""Who is protected, as far as the card asks: age band and area of each subject."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from typing import NamedTuple

from fraud_guard.evaluation.reading import refuse

REMEDY = "the header line is subject,area,age_band,household"
TOWN_DIGITS = 9
NOT_KNOWN = "—"


class Person(NamedTuple):
    """`area` is cut to the town (9 digits of GB/T 2260); `—` where the table says nothing."""

    age_band: str
    area: str


People = dict[str, Person]


def read_people(lines: Iterable[str], name: str, spelling: Callable[[str], str] = str) -> People:
    """`subjects.csv` as subject -> person. Raises ConfigurationError naming `name`, line and remedy."""
    reader = csv.reader(lines, strict=True)
    people: People = {}
    try:
        header = [column.strip() for column in next(reader, [])]
        missing = [column for column in ("subject", "area", "age_band") if column not in header]
        if missing:
            refuse(name, 1, f"no column {', '.join(missing)}", REMEDY)
        places = [header.index(column) for column in ("subject", "age_band", "area")]
        for row in filter(None, reader):
            if len(row) != len(header):
                refuse(name, reader.line_num, f"{len(row)} fields instead of {len(header)}", REMEDY)
            subject, age_band, area = (row[place].strip() for place in places)
            people[spelling(subject)] = Person(age_band or NOT_KNOWN, area[:TOWN_DIGITS] or NOT_KNOWN)
    except csv.Error as error:
        refuse(name, reader.line_num, str(error), REMEDY)
    return people
