"""A story: the stages that were walked, when, and what came of them.

Times are seconds since the story began.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from datasets.city.chance import Rng, pick
from datasets.city.feeds import Fields
from datasets.city.nights import Nights
from datasets.city.script import END, Script

MOST_STAGES = 40
_WAITS_FROM_S = 1_800.0
"""Stages from this length on end in the morning instead of the night."""


@dataclass
class Story:
    """What happened: tags with their second, stages, when it was too late, lines that were engaged."""

    tags: list[tuple[float, Fields]] = field(default_factory=list)
    stages: list[tuple[str, float]] = field(default_factory=list)
    engaged: list[tuple[float, float]] = field(default_factory=list)
    no_return_s: float | None = None
    end_s: float = 0.0

    def moved(self) -> Story:
        """The same, its seconds counted from the first tag: a call that warms up comes before the first stage."""
        begin = min([0.0, *(at for at, _ in self.tags)])
        self.tags = sorted(((at - begin, tag) for at, tag in self.tags), key=lambda pair: pair[0])
        self.stages = [(name, at - begin) for name, at in self.stages]
        self.engaged = [(a - begin, b - begin) for a, b in self.engaged]
        self.no_return_s = None if self.no_return_s is None else self.no_return_s - begin
        self.end_s = max([self.end_s - begin, *(at for at, _ in self.tags)])
        return self


@dataclass(frozen=True)
class Pace:
    """`scale` multiplies every dwell time; `slow` takes the slow medians."""

    scale: float = 1.0
    slow: bool = False


Path = list[tuple[str, float, float]]
"""(stage, begin, dwell) in s."""


def drawn_path(script: Script, rng: Rng, pace: Pace, nights: Nights) -> Path:
    """Stages until the end, each with its dwell time; one that would end in the night ends in the morning."""
    path: Path = []
    name, now = pick(rng, script.begin), 0.0
    while name != END and len(path) < MOST_STAGES:
        stage = script.stages[name]
        median_s = stage.dwell.median_s(slow=pace.slow) * pace.scale
        dwell = float(rng.lognormal(np.log(median_s), stage.dwell.sigma))
        dwell = min(dwell, 4 * median_s)
        end = nights.awake(now + dwell) if dwell >= _WAITS_FROM_S else now + dwell
        path.append((name, now, end - now))
        now = end
        name = pick(rng, stage.next)
    return path
