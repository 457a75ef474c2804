"""The races as tables, and their bars."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.race.engines import BARE, ENGINES, IDIOMS, OURS, STATEFUL, STOCK
from benchmarks.race.track import Place, Start, Track, opened

OF_BARE, OF_STOCK, OF_BEST = 0.8, 10.0, 3.0
"""Bars: of the bare loop in the race of engines; of stock Faust and of the best other among the idioms."""


class Sizes(NamedTuple):
    """Tags of each race, and turns."""

    engines: int = 400_000
    small: int = 200_000
    whole: int = 20_000
    turns: int = 3

    @classmethod
    def quick(cls) -> Sizes:
        """A few minutes."""
        return cls(100_000, 50_000, 5_000, 1)


class Told(NamedTuple):
    """Markdown, and whether every bar was met."""

    text: str
    met: bool


def race(folder: Path, sizes: Sizes, races: Collection[str]) -> Told:
    """Run the named races (`engines`, `small`, `whole`)."""
    with opened(folder) as (track, broker):
        told = [_RACES[name](track, sizes) for name in _RACES if name in races]
    head = f"Broker: {broker}, one partition. Median of {sizes.turns} turn(s).\n"
    return Told("\n".join([head, *(one.text for one in told)]), all(one.met for one in told))


def engines(track: Track, sizes: Sizes) -> Told:
    """The same `decide` over chunks behind every engine."""
    places = track.race([Start(entry, "whole-chunks", sizes.engines) for entry in ENGINES], sizes.turns)
    mine, bare = places[0].per_s, _of(places, BARE.name)
    others = max(place.per_s for place in places if place.start.entry not in (OURS, BARE))
    met = mine >= OF_BARE * bare and mine > others > 0
    title = f"Engines: the same vectorised decision, {sizes.engines:,} tags (bar: ours ≥ {OF_BARE} of the bare loop, ahead of every framework)"
    return Told(_table(title, places, mine) + _verdict(met), met)


def small(track: Track, sizes: Sizes) -> Told:
    """The small job per event, ours in chunks; frameworks that store their state are shown, and not held against them."""
    return _idioms(track, "small", "15 counts in three windows and 10 rules", sizes.small, sizes.turns, stateful=True)


def whole(track: Track, sizes: Sizes) -> Told:
    """The product's decision per event in plain Python."""
    return _idioms(track, "whole", "the product's decision with its shipped rules", sizes.whole, sizes.turns, stateful=False)


def _idioms(track: Track, job: str, words: str, tags: int, turns: int, *, stateful: bool) -> Told:
    starts = [Start(OURS, f"{job}-chunks", tags), *(Start(entry, f"{job}-events", tags) for entry in IDIOMS)]
    starts += [Start(entry, f"{job}-events", tags) for entry in STATEFUL if stateful]
    places = track.race(starts, turns)
    mine, stock = places[0].per_s, _of(places, STOCK.name)
    met = mine >= OF_STOCK * stock > 0 and mine >= OF_BEST * max(place.per_s for place in places[1:])
    title = f"Idioms: {words}, one event at a time, {tags:,} tags (bar: ours ≥ {OF_STOCK:.0f} × stock Faust, ≥ {OF_BEST:.0f} × the best other)"
    return Told(_table(title, places, mine) + _verdict(met), met)


def _of(places: Sequence[Place], name: str) -> float:
    return next(place.per_s for place in places if place.start.entry.name == name)


def _table(title: str, places: Sequence[Place], mine: float) -> str:
    rows = [f"{title}\n", "| runner | tags/s per core | ours is | peak memory |", "|---|---|---|---|"]
    for place in places:
        if place.cpu_s is None:
            rows.append(f"| {place.start.entry.name} | did not run: {' '.join(place.why.split())} | | |")
        else:
            rows.append(f"| {place.start.entry.name} | {place.per_s:,.0f} | {mine / place.per_s:.2f} × | {place.peak_rss_bytes / 1e6:,.0f} MB |")
    return "\n".join(rows) + "\n"


def _verdict(met: bool) -> str:  # noqa: FBT001
    return f"\nBar: {'met' if met else '**missed**'}.\n"


_RACES = {"engines": engines, "small": small, "whole": whole}
