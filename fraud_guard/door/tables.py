"""Loader of the vendored tables in `door/tables/`.

A table is UTF-8 text that begins with comment lines (`# source:`, `# date:`, `# licence:`,
all three required) followed by one entry a line (`.txt`) or a CSV with a header line
(`.csv`). Blank lines and further `#` lines are skipped. Tables are read once, at first use;
others may take the place of some (`lists`), and what was made of the old ones is made anew.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple, TypeVar

from fraud_guard.errors import ConfigurationError

_HEADER_KEYS = ("source", "date", "licence")
_TABLES = files("fraud_guard.door").joinpath("tables")
_replaced: dict[str, str] = {}  # texts that stand for vendored ones, by name
_cleared: list[Callable[[], None]] = []
T = TypeVar("T")


class Line(NamedTuple):
    """One entry of a `.txt` table; `number` is 1-based in the file."""

    number: int
    text: str


class Row(NamedTuple):
    """One row of a `.csv` table, cells stripped, in the order of the columns asked for."""

    number: int
    cells: tuple[str, ...]


def table_error(name: str, number: int, message: str) -> ConfigurationError:
    """The error for entry `number` of table `name`, to be raised by whoever found it."""
    return ConfigurationError(f"{'' if name in _replaced else 'door/tables/'}{name}:{number}: {message}")


def made_of_tables(make: Callable[[], T]) -> Callable[[], T]:
    """Keep what `make` makes of tables until others take their place."""
    kept = lru_cache(maxsize=1)(make)
    forget_with_tables(kept.cache_clear)
    return kept


def forget_with_tables(forget: Callable[[], None]) -> None:
    """Call `forget` whenever other tables take the place of some."""
    _cleared.append(forget)


def names() -> list[str]:
    """All vendored tables."""
    return sorted(entry.name for entry in _TABLES.iterdir())


def replaced() -> Mapping[str, str]:
    """The texts that stand in the place of vendored tables now."""
    return dict(_replaced)


def replace(texts: Mapping[str, str]) -> None:
    """From here on these texts, and no others, stand in the place of the vendored tables of their names. Not safe for threads."""
    _replaced.clear()
    _replaced.update(texts)
    for forget in _cleared:
        forget()


def load_lines(name: str) -> list[Line]:
    """Entries of the vendored table `name` without comments and blank lines."""
    return parse_lines(name, _read(name))


def load_rows(name: str, columns: tuple[str, ...]) -> list[Row]:
    """Rows of the vendored CSV table `name`, whose header must be exactly `columns`."""
    return parse_rows(name, _read(name), columns)


def parse_lines(name: str, text: str) -> list[Line]:
    """Like `load_lines`, for a table already read; raises ConfigurationError with file:line."""
    numbered = list(enumerate(text.splitlines(), start=1))
    _check_header(name, (raw for _, raw in numbered if raw.startswith("#")))
    return [Line(number, raw.strip()) for number, raw in numbered if raw.strip() and not raw.startswith("#")]


def parse_rows(name: str, text: str, columns: tuple[str, ...]) -> list[Row]:
    """Like `load_rows`, for a table already read; raises ConfigurationError with file:line."""
    lines = parse_lines(name, text)
    if not lines or tuple(_cells(lines[0].text)) != columns:
        number = lines[0].number if lines else 1
        raise table_error(name, number, f"the header line must be {','.join(columns)}")
    return list(_rows(name, lines[1:], len(columns)))


def _rows(name: str, lines: Iterable[Line], width: int) -> Iterator[Row]:
    for number, text in lines:
        cells = tuple(_cells(text))
        if len(cells) != width:
            raise table_error(name, number, f"{len(cells)} cells, {width} expected")
        yield Row(number, cells)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([line], skipinitialspace=True))]


def _check_header(name: str, comments: Iterable[str]) -> None:
    present = {comment.lstrip("# ").partition(":")[0].strip().lower() for comment in comments}
    for key in _HEADER_KEYS:
        if key not in present:
            raise table_error(name, 1, f"the comment header lacks '# {key}: …'")


def _read(name: str) -> str:
    return _replaced[name] if name in _replaced else shipped_text(name)


def shipped_text(name: str) -> str:
    """The vendored table as it is in this release. Raises ConfigurationError."""
    try:
        return _TABLES.joinpath(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise table_error(name, 0, f"cannot be read: {error}") from error
