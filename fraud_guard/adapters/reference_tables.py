"""Reference tables from CSV files: who is protected, and which station serves which area.

Every complaint names file, line and remedy; a table with one bad row is refused whole.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from fraud_guard.dispatch.stations import Station, Stations
from fraud_guard.door.numbers import normalise
from fraud_guard.errors import ConfigurationError

if TYPE_CHECKING:
    from fraud_guard.door.registry import Person
    from fraud_guard.evaluation.people import People

SUBJECT_COLUMNS = ("subject", "area", "age_band", "household")
STATION_COLUMNS = ("station_id", "name", "parent_id", "areas", "lon", "lat")
MAX_SUBJECT = 64
_AREA = re.compile(r"(\d{6}|\d{9}|\d{12})?", re.ASCII)
_PREFIX = re.compile(r"\d{1,12}", re.ASCII)


def read_subjects(path: Path) -> dict[str, Person]:
    """`subjects.csv` as normalised subject -> person. Raises ConfigurationError."""
    from fraud_guard.door.registry import person  # noqa: PLC0415  costs Arrow, which stations do not need

    found: dict[str, Person] = {}
    lines: dict[str, int] = {}
    for line, row in _rows(path, SUBJECT_COLUMNS):
        subject = normalise(row["subject"])
        if not 0 < len(subject) <= MAX_SUBJECT:
            _refuse(
                path,
                line,
                "the subject is empty or longer than 64 characters",
                "give a number or an opaque token",
            )
        if subject in found:
            _refuse(path, line, f"the same subject stands in line {lines[subject]}", "keep one of the two")
        if not _AREA.fullmatch(row["area"]):
            _refuse(
                path,
                line,
                f"area {row['area']!r} is no area code",
                "give 6, 9 or 12 digits of GB/T 2260, or nothing",
            )
        found[subject] = person(row["area"], row["age_band"], row["household"])
        lines[subject] = line
    return found


def read_groups(path: Path) -> People:
    """`subjects.csv` as normalised subject -> age band and town, for the score card. Raises ConfigurationError."""
    from fraud_guard.evaluation.people import person  # noqa: PLC0415  live workers have no score card

    rows = (row for _, row in _rows(path, ("subject", "area", "age_band")))
    return {normalise(row["subject"]): person(row["age_band"], row["area"]) for row in rows}


def read_stations(path: Path) -> Stations:
    """`stations.csv`, checked: unique ids and areas, known parents, no cycle. Raises ConfigurationError."""
    stations = [_station(path, line, row) for line, row in _rows(path, STATION_COLUMNS)]
    if not stations:
        _refuse(path, 1, "no station", "add at least one row; without stations no order can be sent")
    try:
        return Stations(stations)
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from None


def _station(path: Path, line: int, row: Mapping[str, str]) -> Station:
    if not row["station_id"]:
        _refuse(path, line, "station_id is empty", "give every station an id")
    areas = tuple(part.strip() for part in row["areas"].split(";") if part.strip())
    for area in areas:
        if not _PREFIX.fullmatch(area):
            _refuse(
                path, line, f"area {area!r} is no prefix of an area code", "separate up to 12 digits by ;"
            )
    lon, lat = _degrees(path, line, "lon", row["lon"], 180), _degrees(path, line, "lat", row["lat"], 90)
    return Station(row["station_id"], row["name"], row["parent_id"], areas, lon, lat)


def _degrees(path: Path, line: int, name: str, text: str, most: int) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not -most <= value <= most:
        _refuse(
            path, line, f"{name} {text!r} is no angle", f"give degrees between -{most} and {most}, or nothing"
        )
    return value


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, row) with the wanted columns stripped; other columns are ignored."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            try:
                yield from _read(path, reader, columns)
            except csv.Error as error:
                _refuse(path, reader.line_num, str(error), "write plain CSV with a comma between the fields")
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}; give the path of a readable CSV file") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: not UTF-8; save the table as UTF-8") from None


def _read(
    path: Path, reader: Iterator[list[str]], columns: tuple[str, ...]
) -> Iterator[tuple[int, dict[str, str]]]:
    header = [name.strip() for name in next(reader, [])]
    missing = [name for name in columns if name not in header]
    if missing:
        _refuse(path, 1, f"no column {', '.join(missing)}", f"the header line is {','.join(columns)}")
    places = [(name, header.index(name)) for name in columns]
    for values in reader:
        line: int = reader.line_num  # type: ignore[attr-defined]  # typeshed hides the reader's class
        if not any(values):
            continue
        if len(values) != len(header):
            _refuse(
                path, line, f"{len(values)} fields instead of {len(header)}", "quote fields that hold a comma"
            )
        yield line, {name: values[at].strip() for name, at in places}


def _refuse(path: Path, line: int, what: str, remedy: str) -> NoReturn:
    raise ConfigurationError(f"{path}:{line}: {what} — {remedy}")
