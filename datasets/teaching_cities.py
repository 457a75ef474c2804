"""The cities that the behaviour model learns from: `python -m datasets.teaching_cities DIR` (about 8 GB, ten minutes).

Plain ones at three paces, evasive ones and two with slow scams, each of its own seed and first weekday.
Seeds from 401 on are for judging and never learned from.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

from datasets.city import START_MS, simulate

DAY_MS = 86_400_000
PACES = (0.6, 1.0, 1.6)


class Lesson(NamedTuple):
    """One city: `dwell_scale` is the pace of its scams."""

    name: str
    seed: int
    dwell_scale: float = 1.0
    evasion: bool = False
    slow: bool = False


PLAIN = tuple(Lesson(f"plain-{i:02}", 100 + i, PACES[i % 3]) for i in range(1, 19))
EVASIVE = tuple(Lesson(f"evasive-{i}", 200 + i, evasion=True) for i in range(1, 7))
SLOW = tuple(Lesson(f"slow-{i}", 300 + i, slow=True) for i in (1, 2))


def write(folder: Path, lessons: tuple[Lesson, ...] = (*PLAIN, *EVASIVE, *SLOW), *, people: int = 6_000, days: int = 4) -> None:
    """Write the cities below `folder`; a slow one has a quarter of the people and 35 days."""
    for one in lessons:
        size = (people // 4, 35) if one.slow else (people, days)
        simulate(
            *size, one.seed, folder / one.name, start_ms=START_MS + one.seed % 7 * DAY_MS, prior="teaching",
            evasion=one.evasion, slow=one.slow, dwell_scale=one.dwell_scale,
        )  # fmt: skip
        print(folder / one.name, flush=True)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
