"""Ordinary calls as columns, and the lines that their legs become.

A call inside the city is seen on both lines. Who is on the phone with a gang cannot answer: such
calls ring and end. Times are epoch milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np

from datasets.city.calibration import calibration
from datasets.city.chance import Ints, Rng, below, mixed
from datasets.city.contacts import SPECIAL, contact, is_inside, slots
from datasets.city.feeds import ENDS_ONLY, PREFIXES, TELLS_FORWARDING, Heads, Lines, Shares, kept
from datasets.city.hours import Activity, Block, working
from datasets.city.people import Bools, People
from datasets.numbers import SUBJECT_BASE

_DIRECTIONS = ("in", "out")
_MOBILE = 10**10
_FORWARDING_PER_MILLE = 3


class Engaged(NamedTuple):
    """A person's line is taken from `from_ms` to `to_ms`."""

    person: int
    from_ms: int
    to_ms: int


@dataclass(frozen=True)
class Calls:
    """Columns of one length; `talk_ms` is 0 when nobody answered."""

    person: Ints
    peer: Ints
    out: Ints
    start_ms: Ints
    ring_ms: Ints
    talk_ms: Ints

    def __add__(self, other: Calls) -> Calls:
        """Both, one after the other."""
        names = [field.name for field in fields(self)]
        return Calls(*(np.concatenate([getattr(self, n), getattr(other, n)]) for n in names))


def made(
    rng: Rng,
    person: Ints,
    peer: Ints,
    out: Ints | Bools,
    start_ms: Ints,
    *,
    answered: float,
    median_s: float,
    sigma: float,
) -> Calls:
    """Calls with ringing and talking times drawn."""
    size, most_s = len(person), calibration().people.talk_s.most
    talk_ms = (rng.lognormal(np.log(median_s), sigma, size).clip(1.0, most_s) * 1_000).astype(np.int64)
    talk_ms[rng.random(size) >= answered] = 0
    return Calls(person, peer, out.astype(np.int64), start_ms, rng.integers(2_000, 25_000, size), talk_ms)


class OrdinaryCalls:
    """Calls between people who know each other."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._activity = Activity(people.chattiness, people.rhythm)

    def draw(self, rng: Rng, block: Block) -> Calls:
        """The calls that begin in `block`, those inside the city on both lines."""
        people, folk = self._people, calibration().people
        person, start_ms = self._activity.draw(rng, block, calibration().volumes.calls)
        peer = contact(people, person, slots(people, person, rng.random(len(person))))
        out = rng.random(len(person)) < people.share_out[person]
        calls = made(
            rng, person, peer, out, start_ms,
            answered=folk.answered_share, median_s=folk.talk_s.median, sigma=folk.talk_s.sigma,
        )  # fmt: skip
        # a call inside the city would be drawn for each of the two: half as many are meant
        once = ~is_inside(people, peer) | (rng.random(len(person)) < 0.5)
        calls = _chosen(calls, once)
        return _mirrored(calls, is_inside(people, calls.peer))


def _mirrored(calls: Calls, inside: np.ndarray) -> Calls:
    """The calls and, of those inside the city, the other person's side."""
    twin = _chosen(calls, inside)
    other = twin.peer - SUBJECT_BASE
    return calls + Calls(
        other, SUBJECT_BASE + twin.person, 1 - twin.out, twin.start_ms, twin.ring_ms, twin.talk_ms
    )


def _chosen(calls: Calls, mask: np.ndarray) -> Calls:
    return Calls(*(getattr(calls, field.name)[mask] for field in fields(calls)))


def forwards(people: Ints) -> np.ndarray:
    """Who has call forwarding set, for reasons of their own."""
    return below(mixed(people, 909), 1_000) < _FORWARDING_PER_MILLE


def unanswered_while(calls: Calls, engaged: list[Engaged]) -> Calls:
    """The calls; those that meet an engaged line are not answered."""
    if not engaged:
        return calls
    talk_ms = calls.talk_ms.copy()
    order = np.argsort(calls.person, kind="stable")
    ranked = calls.person[order]
    for line in engaged:
        low, high = np.searchsorted(ranked, (line.person, line.person + 1))
        rows = order[low:high]
        busy = (calls.start_ms[rows] + talk_ms[rows] > line.from_ms) & (calls.start_ms[rows] < line.to_ms)
        talk_ms[rows[busy]] = 0
    return Calls(calls.person, calls.peer, calls.out, calls.start_ms, calls.ring_ms, talk_ms)


def call_lines(rng: Rng, people: People, heads: Heads, calls: Calls, block: Block, shares: Shares) -> Lines:
    """Start, answer and end of every call, as the person's feed sends them."""
    feed = people.telecom[calls.person]
    whole = feed != ENDS_ONLY
    legs = (
        _leg(rng, people, heads, calls, np.flatnonzero(whole), 0, block),
        _leg(rng, people, heads, calls, np.flatnonzero(whole & (calls.talk_ms > 0)), 1, block),
        _leg(rng, people, heads, calls, np.arange(len(feed)), 2, block),
    )
    ts_ms = np.concatenate([times for times, _ in legs])
    return ts_ms + shares.delays_ms(rng, len(ts_ms)), [line for _, lines in legs for line in lines]


def _leg(rng: Rng, people: People, heads: Heads, calls: Calls, rows: Ints, phase: int, block: Block) -> Lines:
    rows = rows[kept(rng, len(rows))]
    ts_ms = calls.start_ms[rows]
    if phase > 0:
        ts_ms = ts_ms + calls.ring_ms[rows]
    if phase == 2:
        ts_ms = ts_ms + calls.talk_ms[rows]
    person = calls.person[rows]
    tails = _tails(people, calls, rows, phase, block)
    place = person + heads.size * working(ts_ms)
    columns = (c.tolist() for c in (rows, place, people.telecom[person], calls.peer[rows], calls.out[rows]))
    name, head, special, of = ("start", "answer", "end")[phase], heads.telecom, SPECIAL, _DIRECTIONS
    lines = [
        f'{{"id":"c{block.number}-{i}{phase}","channel":"call",{head[w]}'
        f',"peer":"{special[p] if p < _MOBILE else PREFIXES[f] + str(p)}","direction":"{of[o]}"'
        f',"phase":"{name}"{tail},"ts_ms":{ts}}}'
        for i, w, f, p, o, tail, ts in zip(*columns, tails, ts_ms.tolist(), strict=True)
    ]
    return ts_ms, lines


def _tails(people: People, calls: Calls, rows: Ints, phase: int, block: Block) -> list[str]:
    """Call id, length and forwarding, as far as the feed tells them."""
    person = calls.person[rows]
    feed = people.telecom[person]
    ids = [f',"call_id":"k{block.number}-{i}"' for i in rows.tolist()]
    if phase == 1:
        return ids
    if phase == 2:
        lasted = (calls.talk_ms[rows] // 1_000).tolist()
        ends = (feed == ENDS_ONLY).tolist()
        return [f'{"" if only else i},"duration_s":{s}' for i, s, only in zip(ids, lasted, ends, strict=True)]
    set_ = forwards(person)
    told = np.where(set_, 2, feed == TELLS_FORWARDING).tolist()
    words = ("", ',"forwarded":false', ',"forwarded":true')
    return [f"{i}{words[t]}" for i, t in zip(ids, told, strict=True)]
