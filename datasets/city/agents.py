"""People and desks that call many and mean no harm: couriers, clinics, telemarketing, the police.

They are the hard negatives of caller reputation: high fan-out, short calls, few calls back, some
from virtual-operator and 400 numbers. Every such call is a look-alike in the truth.
"""

from __future__ import annotations

import numpy as np

from datasets.city.calibration import Agent, calibration
from datasets.city.calls import Calls, made
from datasets.city.chance import Ints, Rng, below, mixed
from datasets.city.contacts import AGENT_BASE, SIZE, special
from datasets.city.hours import HOUR_MS, Block
from datasets.city.people import People

_MOST_MOBILE_AGENTS = 100_000


def agent_calls(rng: Rng, people: People, block: Block) -> tuple[Calls, list[tuple[str, int]]]:
    """All calls of agents that begin in `block`, and how many of them, in order, each kind made."""
    drawn = [
        (what, _calls(rng, people, block, number, agent))
        for number, (what, agent) in enumerate(calibration().agents.items())
    ]
    total = drawn[0][1]
    for _, calls in drawn[1:]:
        total = total + calls
    return total, [(what, len(calls.person)) for what, calls in drawn]


def _calls(rng: Rng, people: People, block: Block, kind: int, agent: Agent) -> Calls:
    first, last = max(agent.hours[0], block.first), min(agent.hours[1], block.last)
    span = max(0, last - first)
    mean = people.size * agent.rate * span / (agent.hours[1] - agent.hours[0])
    size = int(rng.poisson(mean))
    person = rng.integers(0, people.size, size)
    start_ms = block.day_ms + first * HOUR_MS + rng.integers(0, max(1, span * HOUR_MS), size)
    peer = _numbers(rng, agent, kind, people.home[person], people.size)
    out = rng.random(size) < agent.returned
    return made(
        rng, person, peer, out, start_ms,
        answered=agent.answered, median_s=agent.talk_median_s, sigma=agent.sigma,
    )  # fmt: skip


def _numbers(rng: Rng, agent: Agent, kind: int, area: Ints, people: int) -> Ints:
    """Which agent calls: a few do most of the calls; couriers and clinics keep to their town."""
    agents = max(1, round(agent.agents * people / 10_000))
    rank = (agents * rng.random(len(area)) ** 1.5).astype(np.int64)
    town = area % max(1, agents // 3)
    who = mixed(np.full(len(area), kind), rank, town)
    classes = list(agent.numbers)
    chosen = (below(mixed(who.astype(np.int64) >> 1, 5), 10_000) / 10_000.0)[:, None]
    edges = np.cumsum(list(agent.numbers.values()))
    index = (chosen >= edges[:-1] / edges[-1]).sum(axis=1)
    codes = np.zeros(len(area), np.int64)
    for place, name in enumerate(classes):
        at = index == place
        codes[at] = _of_class(name, below(who[at], 1 << 40))
    return codes


def _of_class(name: str, index: Ints) -> Ints:
    if name == "mobile":
        return AGENT_BASE + index % _MOST_MOBILE_AGENTS
    return special(name, index % SIZE[name])
