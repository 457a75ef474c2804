"""Promises of the reference tables: what is read, and how a wrong line is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraud_guard.adapters.reference_tables import read_stations, read_subjects
from fraud_guard.door.registry import person
from fraud_guard.errors import ConfigurationError

SUBJECTS = "subject,area,age_band,household\n"
STATIONS = "station_id,name,parent_id,areas,lon,lat\n"


def table(folder: Path, text: str | bytes) -> Path:
    path = folder / "table.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_subjects_are_found_by_their_normal_name(tmp_path: Path) -> None:
    """Numbers are read in any spelling and found by the normal one; opaque tokens stay as they are."""
    path = table(tmp_path, SUBJECTS + "199 0000 0101,329981001,60-69,独居\r\n\nres:7f3a,,,\n")
    assert read_subjects(path) == {
        "+8619900000101": person("329981001", "60-69", "独居"), "res:7f3a": person("", "", ""),
    }  # fmt: skip


def test_columns_are_found_by_name(tmp_path: Path) -> None:
    """Columns may stand in any order, with others between, behind a byte order mark, and quoted."""
    path = table(tmp_path, '\ufeffage_band,note,subject,household,area\n35-44,"a, b",res:1,family,329981001\n')
    assert read_subjects(path) == {"res:1": person("329981001", "35-44", "family")}


def test_stations(tmp_path: Path) -> None:
    """Stations come with parents, areas and place, and route at once."""
    path = table(tmp_path, STATIONS + "c,中心,,3299,120.31,31.57\ns,所,c,329981001; 329981002,,\n")
    stations = read_stations(path)
    assert (stations.route("329981002"), stations.route("1"), stations.parent("s")) == ("s", "c", "c")
    assert (stations.by_id["c"].lon, stations.by_id["s"].lat) == (120.31, None)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", r"table.csv:1: no column subject, area, age_band, household — the header line is"),
        ("subject,area,age_band\n", "table.csv:1: no column household"),
        (SUBJECTS + "res:1,12,,\n", "table.csv:2: area '12' is no area code — give 6, 9 or 12 digits"),
        (SUBJECTS + "res:1,,,\nres:2,,,\n,329981,,\n", "table.csv:4: the subject is empty"),
        (SUBJECTS + "19900000101,,,\n+8619900000101,,,\n", "table.csv:3: the same subject stands in line 2"),
        (SUBJECTS + "res:1,,\n", "table.csv:2: 3 fields instead of 4"),
        (SUBJECTS + 'res:1,"a"b,,\n', "table.csv:2: .* — write plain CSV"),
        (SUBJECTS.encode() + b"\xff\xfe,,,\n", "not UTF-8; save the table as UTF-8"),
    ],
)
def test_a_wrong_subject_line(tmp_path: Path, text: str | bytes, complaint: str) -> None:
    """Each complaint names file, line and remedy."""
    with pytest.raises(ConfigurationError, match=complaint):
        read_subjects(table(tmp_path, text))


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ("", "table.csv:1: no station"),
        (",x,,,,\n", "table.csv:2: station_id is empty"),
        ("a,x,,32x,,\n", "table.csv:2: area '32x' is no prefix"),
        ("a,x,,32,200,\n", "table.csv:2: lon '200' is no angle"),
        ("a,x,,32,,north\n", "table.csv:2: lat 'north' is no angle"),
        ("a,x,b,,,\n", "table.csv: stations: a has parent b"),
    ],
)
def test_a_wrong_station_line(tmp_path: Path, rows: str, complaint: str) -> None:
    """Each complaint names file, line where there is one, and remedy."""
    with pytest.raises(ConfigurationError, match=complaint):
        read_stations(table(tmp_path, STATIONS + rows))


def test_a_missing_file(tmp_path: Path) -> None:
    """A path that cannot be read is a setting to mend."""
    with pytest.raises(ConfigurationError, match="give the path of a readable CSV file"):
        read_stations(tmp_path / "none.csv")
