"""The cities that the behaviour model learns from: `python -m datasets.teaching_cities DIR` (203 s of one core).

A model that has seen one town only takes its habits for the truth. So most lessons are of other towns (`datasets.city.variety`): plain,
evasive, slow. Some are random traffic without any scam, sparse to very dense: being busy is no crime.
Seeds from 401 on are for judging and never learned from.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

from datasets.bench_mix import write_bench_mix
from datasets.city import START_MS, simulate
from datasets.city.output import TruthFile, write_tables
from datasets.city.people import populate

DAY_MS = 86_400_000
PACES = (0.6, 1.0, 1.6)


class Lesson(NamedTuple):
    """One city. `dwell_scale` is the pace of its scams; `varied`: another town than the calibrated one."""

    name: str
    seed: int
    dwell_scale: float = 1.0
    evasion: bool = False
    slow: bool = False
    varied: bool = False


class Noise(NamedTuple):
    """Random traffic: `people` with `tags_a_day` each, for `days`."""

    name: str
    seed: int
    people: int
    tags_a_day: int
    days: float


PLAIN = tuple(Lesson(f"plain-{i:02}", 100 + i, PACES[i % 3]) for i in range(1, 15))
VARIED = tuple(Lesson(f"varied-{i:02}", 120 + i, PACES[i % 3], varied=True) for i in range(1, 37))
EVASIVE = tuple(Lesson(f"evasive-{i:02}", 200 + i, evasion=True, varied=i > 3) for i in range(1, 13))
SLOW = tuple(Lesson(f"slow-{i}", 300 + i, slow=True, varied=i > 2) for i in range(1, 7))
NOISE = (
    Noise("noise-1", 351, 6_000, 40, 4), Noise("noise-2", 352, 6_000, 200, 1), Noise("noise-3", 353, 12_000, 2_000, 0.05),
    Noise("noise-4", 354, 24_000, 2_000, 0.02),
)  # fmt: skip
LESSONS = (*PLAIN, *VARIED, *EVASIVE, *SLOW)


def write(folder: Path, lessons: tuple[Lesson, ...] = LESSONS, *, people: int = 6_000, days: int = 4) -> None:
    """Write the cities below `folder`; a slow one has a quarter of the people and 35 days."""
    for one in lessons:
        size = (people // 4, 35) if one.slow else (people, days)
        simulate(
            *size, one.seed, folder / one.name, start_ms=START_MS + one.seed % 7 * DAY_MS, prior="teaching",
            evasion=one.evasion, slow=one.slow, dwell_scale=one.dwell_scale, variety=one.seed if one.varied else 0,
        )  # fmt: skip
        print(folder / one.name, flush=True)


def write_noise(folder: Path, lessons: tuple[Noise, ...] = NOISE) -> None:
    """Write random traffic without scams below `folder`, in the shape of a city."""
    for one in lessons:
        place = folder / one.name
        place.mkdir(parents=True, exist_ok=True)
        rate_per_s = one.people * one.tags_a_day / 86_400
        write_bench_mix(
            place / "tags.ndjson",
            round(rate_per_s * 86_400 * one.days),
            one.seed,
            one.people,
            rate_per_s=rate_per_s,
            episode_share=0.0,
        )
        write_tables(populate(one.seed, one.people), place)
        with TruthFile(place / "truth.ndjson") as truth:
            truth.finish({"kind": "city", "v": 1, **one._asdict()})
        print(place, flush=True)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
    write_noise(Path(sys.argv[1]))
