"""From a story to lines: what the person's feeds make of its tags, with arrival times and truth."""

from __future__ import annotations

import json
from dataclasses import dataclass

from datasets.city.calls import Engaged
from datasets.city.chance import Rng
from datasets.city.feeds import MAX_DELAY_MS, Fields, Shares, kept, seen
from datasets.city.hours import working
from datasets.city.people import People
from datasets.city.walk import Story

Line = tuple[int, str]
"""(arrival in ms, JSON line)."""


@dataclass(frozen=True)
class Placed:
    """A story at its place in time."""

    name: str
    person: int
    begin_ms: int
    story: Story

    @property
    def last_ms(self) -> int:
        """End of the story."""
        return self.at(self.story.end_s)

    @property
    def no_return_ms(self) -> int | None:
        """When the money was gone."""
        return None if self.story.no_return_s is None else self.at(self.story.no_return_s)

    def at(self, second: float) -> int:
        """Epoch ms of a second of the story."""
        return self.begin_ms + int(second * 1_000)

    def engaged(self) -> list[Engaged]:
        """When the person's line was taken."""
        return [Engaged(self.person, self.at(a), self.at(b)) for a, b in self.story.engaged]


def observed(rng: Rng, people: People, placed: Placed, before_ms: int) -> list[tuple[int, Fields]]:
    """(time in ms, whole tag) of what the feeds see of a story before `before_ms`, in order of time."""
    tags: list[tuple[int, Fields]] = []
    some = kept(rng, len(placed.story.tags)).tolist()
    for i, (second, fields) in enumerate(placed.story.tags):
        ts_ms = placed.at(second)
        if not some[i] or ts_ms >= before_ms:
            continue
        tag = seen(people, placed.person, _named(fields, placed.name, i))
        if tag is not None:
            tags.append((ts_ms, _dated(people, placed.person, tag, ts_ms)))
    return tags


def lines(rng: Rng, tags: list[tuple[int, Fields]], shares: Shares, end_ms: int) -> list[Line]:
    """The tags as JSON with their arrival, none after the end of the run; a few are late or doubled."""
    delays = shares.delays_ms(rng, len(tags)).tolist()
    doubled = (rng.random(len(tags)) < shares.doubled).tolist()
    found: list[Line] = []
    for (ts_ms, tag), delay, twice in zip(tags, delays, doubled, strict=True):
        line = json.dumps(tag, ensure_ascii=False, separators=(",", ":"))
        found.append((min(ts_ms + delay, end_ms - 1), line))
        if twice:
            found.append((min(ts_ms + delay + int(rng.integers(1, MAX_DELAY_MS)), end_ms - 1), line))
    return found


def _named(fields: Fields, name: str, place: int) -> Fields:
    named: Fields = {"id": f"{name}-{place}", **fields}
    if "call_id" in fields:
        named["call_id"] = f"{name}-k{fields['call_id']}"
    return named


def _dated(people: People, person: int, tag: Fields, ts_ms: int) -> Fields:
    area = "" if tag["channel"] == "net" else people.area(person, working=bool(working(ts_ms)))
    return {**tag, **({"area": area} if area else {}), "ts_ms": ts_ms}
