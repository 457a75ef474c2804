"""The races as tables, and their bars."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.pages import Told, verdict
from benchmarks.race.engines import BARE, ENGINES, IDIOMS, OURS, STATEFUL, STOCK
from benchmarks.race.track import Place, Start, Track, opened

HEAD = """## The race

Written by `python -m benchmarks --only race --write` on {machine}. Broker: {broker}, one partition, the bench mix, not compressed. Each runner
has a process and a group of its own; they run in turns, the figure is the median of {turns}. Tags a second and core are tags ÷ CPU seconds (user
and system, all threads) from the first tag to the last; start and end are left out. All runners of a job must have decided the same, to the tag: the
changes of alerts with their level and time, the tags scored and those dropped as repeats (the small job: what hit at each tag), or there is no result.
Frameworks are those of the dependency group `bench`; one that does not run is told so.

- *The whole job* is the product's decision in one process, with nothing stored: validation, numbers, tokens, the models of texts and hosts, features,
  duplicates, shipped rules, fusion, levels. In chunks it is the real door and the real `decide`; per event it is the plain reference scorer
  that the tests hold equal to it, its state in a dict, which flatters the frameworks: it forgets all in a crash.
- *The small job* (`benchmarks/race/small.py`) counts five kinds of tags of each subject in three windows and asks ten conditions; nothing is
  normalised, tokenised or stored. So little is left to do that the price of handing a record over decides. Runners that let the framework keep the
  state store it; they are shown, and not counted as others.

"""
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


def race(folder: Path, sizes: Sizes) -> Told:
    """Run all races; `{machine}` in the text is to be filled in."""
    with opened(folder) as (track, broker):
        told = [run(track, sizes) for run in (engines, whole, small)]
    text = HEAD.replace("{broker}", broker).replace("{turns}", str(sizes.turns)) + "\n\n".join(one.text for one in told)
    return Told(text, all(one.met for one in told))


def engines(track: Track, sizes: Sizes) -> Told:
    """The same `decide` over chunks behind every engine."""
    places = track.race([Start(entry, "whole-chunks", sizes.engines) for entry in ENGINES], sizes.turns)
    mine, bare = places[0].per_s, _of(places, BARE.name)
    others = max(place.per_s for place in places if place.start.entry not in (OURS, BARE))
    met = mine >= OF_BARE * bare and mine > others > 0
    title = f"Engines: the same vectorised decision, {sizes.engines:,} tags (bar: ours ≥ {OF_BARE} of the bare loop, ahead of every framework)"
    return Told(_table(title, places, mine) + f"\nBar: {verdict(met=met)}.\n", met)


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
    met = mine >= OF_STOCK * stock > 0 and mine >= OF_BEST * max(place.per_s for place in places[1 : 1 + len(IDIOMS)])
    title = f"Idioms: {words}, one event at a time, {tags:,} tags (bar: ours ≥ {OF_STOCK:.0f} × stock Faust, ≥ {OF_BEST:.0f} × the best other)"
    return Told(_table(title, places, mine) + f"\nBar: {verdict(met=met)}.\n", met)


def _of(places: Sequence[Place], name: str) -> float:
    return next(place.per_s for place in places if place.start.entry.name == name)


def _table(title: str, places: Sequence[Place], mine: float) -> str:
    rows = [f"### {title}\n", "| runner | tags/s per core | ours is | peak memory |", "|---|---|---|---|"]
    for place in places:
        if place.cpu_s is None:
            rows.append(f"| {place.start.entry.name} | did not run: {' '.join(place.why.split())} | | |")
        else:
            rows.append(f"| {place.start.entry.name} | {place.per_s:,.0f} | {mine / place.per_s:.2f} × | {place.peak_rss_bytes / 1e6:,.0f} MB |")
    return "\n".join(rows) + "\n"
