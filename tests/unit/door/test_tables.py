"""The loader of the vendored tables, and the tables themselves."""

from __future__ import annotations

from importlib.resources import files

import pytest

from fraud_guard.door.tables import load_lines, parse_lines, parse_rows
from fraud_guard.errors import ConfigurationError

HEADER = "# source: here\n# date: 2026-01-05\n# licence: Apache-2.0\n"
TABLES = sorted(entry.name for entry in files("fraud_guard.door").joinpath("tables").iterdir())


def test_rows_keep_their_line_numbers() -> None:
    """Comments and blank lines are skipped but counted."""
    (row,) = parse_rows("t.csv", f'{HEADER}a,b\n\n# more\n x , "y,z" \n', ("a", "b"))
    assert row == (7, ("x", "y,z"))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (f"{HEADER}a,c\n1,2\n", "t.csv:4: the header line"),
        (f"{HEADER}a,b\n1,2\n1,2,3\n", "t.csv:6: 3 cells"),
        (HEADER, "t.csv:1: the header line"),
        ("# source: x\na,b\n", "t.csv:1: the comment header lacks '# date"),
    ],
)
def test_errors_name_file_and_line(text: str, place: str) -> None:
    """A broken table stops the start with its place."""
    with pytest.raises(ConfigurationError, match=place.replace("(", r"\(")):
        parse_rows("t.csv", text, ("a", "b"))


def test_a_missing_table_is_a_configuration_error() -> None:
    """A table that is not shipped is reported like a broken one."""
    with pytest.raises(ConfigurationError, match=r"no_such\.txt"):
        load_lines("no_such.txt")


@pytest.mark.parametrize("name", TABLES)
def test_every_table_says_where_it_is_from(name: str) -> None:
    """Source, date and licence stand in the header of every vendored table, and it has entries."""
    text = files("fraud_guard.door").joinpath("tables", name).read_text(encoding="utf-8")
    assert parse_lines(name, text)
