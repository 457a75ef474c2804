"""Promises of stations and their jurisdictions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_guard.dispatch.stations import Station, Stations
from fraud_guard.errors import ConfigurationError
from tests.histories import STATIONS


@pytest.mark.parametrize(
    ("area", "station"),
    [("329981001", "north"), ("329981001007", "north"), ("329981", "county"), ("3299", "city"), ("110101", "city"), ("", "city")],
)  # fmt: skip
def test_the_longest_prefix_wins(area: str, station: str) -> None:
    """An area belongs to the station with the longest prefix of it, else to the root."""
    assert STATIONS.route(area) == station


def test_parents() -> None:
    """An unanswered order rises one step; above the root, and for a stranger, there is nobody."""
    assert [STATIONS.parent(s) for s in ("north", "county", "city", "nobody")] == ["county", "city", "", ""]


def test_without_stations_nobody_is_sent() -> None:
    """A site without stations routes to the empty name."""
    assert Stations([]).route("329981") == ""


@pytest.mark.parametrize(
    ("stations", "complaint"),
    [
        ([Station("a", "A"), Station("a", "B")], "a stands there twice"),
        ([Station("a", "A", areas=("3",)), Station("b", "B", areas=("3",))], "area 3 belongs to a and to b"),
        ([Station("a", "A", "b")], "has parent b, which is not in the table"),
        ([Station("a", "A", "b"), Station("b", "B", "a")], "form a cycle"),
    ],
)
def test_a_wrong_table_is_refused(stations: list[Station], complaint: str) -> None:
    """Double ids or areas, unknown parents and cycles are refused with a sentence that names them."""
    with pytest.raises(ConfigurationError, match=complaint):
        Stations(stations)


@given(st.text("0123456789", min_size=1, max_size=12), st.sets(st.text("0123456789", min_size=1, max_size=6), min_size=1))
def test_routing_equals_its_definition(area: str, prefixes: set[str]) -> None:
    """For any table, the station is that of the longest prefix, or the root."""
    stations = Stations([Station("root", "R"), *(Station(p, p, "root", (p,)) for p in sorted(prefixes))])
    fitting = [p for p in prefixes if area.startswith(p)]
    assert stations.route(area) == max(fitting, key=len, default="root")
