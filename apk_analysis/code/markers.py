"""Tables of what packers, frameworks and SDKs leave in an APK, and which of them are found in one."""

from __future__ import annotations

import fnmatch
import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
import msgspec.yaml

from apk_analysis.code.facts import Framework
from apk_analysis.errors import ApkError
from apk_analysis.intake.archive import Archive

_LIBRARY = re.compile(r"^lib/[^/]+/")
LONGEST_CONFIG_BYTES = 1 << 18


class Marker(msgspec.Struct, frozen=True):
    """One row of a table: `files` and `needs` are patterns of members, `classes` prefixes of names of classes."""

    name: str
    zh: str = ""
    does: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    id: tuple[Mapping[str, str], ...] = ()


@cache
def rows(table: str) -> Any:
    """A table that lies beside this file."""
    return msgspec.yaml.decode(files("apk_analysis.code").joinpath(table).read_bytes())


@cache
def markers(table: str) -> tuple[Marker, ...]:
    """The rows of a table of markers."""
    return msgspec.convert(rows(table), tuple[Marker, ...])


@cache
def _patterns(table: str) -> re.Pattern[str]:
    """All file patterns of a table as one expression, to pass over the many names that fit none."""
    return re.compile("|".join(fnmatch.translate(one) for row in markers(table) for one in (*row.files, *row.needs)))


def folded(names: Iterable[str]) -> set[str]:
    """Names of members in small letters, native libraries without their ABI: what patterns are compared with."""
    return {_LIBRARY.sub("lib/", name).lower() for name in names}


def find_markers(table: str, members: Collection[str], packages: Collection[str]) -> list[Marker]:
    """The rows that `members` (folded) or `packages` (`com.example.`, of classes that the APK defines) show."""
    hits = [name for name in members if _patterns(table).match(name)]
    prefixes = sorted(packages)
    return [row for row in markers(table) if _has_file(row, hits) or _has_class(row.classes, prefixes)]


def _has_file(row: Marker, names: list[str]) -> bool:
    wanted = row.needs or row.files
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in wanted for name in names)


def _has_class(prefixes: Iterable[str], packages: list[str]) -> bool:
    """Whether one of the packages, which are sorted, begins with one of the prefixes."""
    places = ((prefix, bisect_left(packages, prefix)) for prefix in prefixes)
    return any(place < len(packages) and packages[place].startswith(prefix) for prefix, place in places)


def find_frameworks(archive: Archive, members: Collection[str], packages: Collection[str]) -> tuple[Framework, ...]:
    """What the app was made with, and the ids that it has there."""
    found = []
    for row in find_markers("frameworks.yaml", members, packages):
        ids = sorted({one for rule in row.id for one in _ids(archive, rule)})
        found += [Framework(row.name, one) for one in ids] or [Framework(row.name)]
    return tuple(found)


def _ids(archive: Archive, rule: Mapping[str, str]) -> set[str]:
    if "path" in rule:
        return {hit[1] for entry in archive.entries if (hit := re.match(rule["path"], entry.name))}
    if rule["member"] not in archive:
        return set()
    try:
        text = archive.read(rule["member"])[:LONGEST_CONFIG_BYTES].decode("utf-8", "replace")
    except ApkError:
        return set()
    return {hit[1] for hit in re.finditer(rule["value"], text)}
