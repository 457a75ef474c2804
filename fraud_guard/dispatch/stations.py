"""Stations and their jurisdictions: the longest area prefix wins, the parent is the fallback."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from fraud_guard.errors import ConfigurationError

MAX_DEPTH = 8


class Station(msgspec.Struct, frozen=True):
    """One row of `stations.csv`; `areas` are GB/T 2260 prefixes, `parent_id` may be empty."""

    station_id: str
    name: str
    parent_id: str = ""
    areas: tuple[str, ...] = ()
    lon: float | None = None
    lat: float | None = None


class Stations:
    """All stations of a site, checked: unique ids and prefixes, known parents, no cycle."""

    def __init__(self, stations: Iterable[Station]) -> None:
        self.by_id: dict[str, Station] = {}
        self._by_prefix: dict[str, str] = {}
        for station in stations:
            self._add(station)
        for station in self.by_id.values():
            self._check_parents(station)
        self._root = next((s.station_id for s in self.by_id.values() if not s.parent_id), "")

    def route(self, area: str) -> str:
        """The station whose prefix of `area` is longest; the root station if none; "" without stations."""
        for length in range(len(area), 0, -1):
            station = self._by_prefix.get(area[:length])
            if station is not None:
                return station
        return self._root

    def parent(self, station_id: str) -> str:
        """Who an unanswered order rises to; "" at the top or for an unknown station."""
        station = self.by_id.get(station_id)
        return station.parent_id if station else ""

    def _add(self, station: Station) -> None:
        if station.station_id in self.by_id:
            raise ConfigurationError(f"stations: {station.station_id} stands there twice; keep one row")
        self.by_id[station.station_id] = station
        for prefix in station.areas:
            owner = self._by_prefix.setdefault(prefix, station.station_id)
            if owner != station.station_id:
                raise ConfigurationError(
                    f"stations: area {prefix} belongs to {owner} and to {station.station_id}; give it to one"
                )

    def _check_parents(self, station: Station) -> None:
        at = station
        for _ in range(MAX_DEPTH):
            if not at.parent_id:
                return
            if at.parent_id not in self.by_id:
                raise ConfigurationError(
                    f"stations: {at.station_id} has parent {at.parent_id}, which is not in the table; add or mend it"
                )
            at = self.by_id[at.parent_id]
        raise ConfigurationError(f"stations: the parents of {station.station_id} form a cycle; break it")
