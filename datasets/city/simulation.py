"""The labelled city: ordinary life and scams of `people` over `days`, as files.

`tags.ndjson` (in order of arrival), `subjects.csv`, `stations.csv`, and `truth.ndjson`, which no
scorer sees. The same arguments give the same bytes; without slow scams a longer run begins like a
shorter one. Memory holds one block of a few hours and what is still to arrive.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from datasets.city.agents import agent_calls, could_mislead
from datasets.city.browsing import Browsing
from datasets.city.calibration import calibration, holding
from datasets.city.calls import Calls, Engaged, OrdinaryCalls, call_lines, forwards, unanswered_while
from datasets.city.chance import stream
from datasets.city.feeds import Heads, Shares, with_doubles
from datasets.city.hours import DAY_MS, Block, blocks
from datasets.city.messages import OrdinaryTexts
from datasets.city.output import TagFile, TruthFile, write_tables
from datasets.city.people import People, populate
from datasets.city.plan import Plan, Setting, Told, lookalike
from datasets.city.variety import other_figures

START_MS = 1_773_590_400_000
"""2026-03-16 00:00 in China (UTC+8), a Monday."""
MOST_PEOPLE = 1_000_000


@dataclass
class Summary:
    """What was written."""

    tags: int = 0
    size_bytes: int = 0
    episodes: Counter[str] = field(default_factory=Counter)
    lookalikes: int = 0


class City:
    """Everything that goes on in one run."""

    def __init__(self, people: People, setting: Setting) -> None:
        self._people, self._setting = people, setting
        self._heads, self._shares = Heads(people), Shares.of(evasion=setting.evasion)
        self._calls = OrdinaryCalls(people)
        self._texts = OrdinaryTexts(people, setting.seed)
        self._browsing = Browsing(people, setting.seed)
        self._plan = Plan(people, setting)
        self._engaged: list[Engaged] = []

    def run(
        self, tags: TagFile, truth: TruthFile, every: list[Block], told: Callable[[Block], None]
    ) -> Summary:
        """Write the whole run; `told` hears of every block that is done."""
        summary = Summary()
        truth.add(self._forwarding())
        self._take(self._plan.slow_episodes(), tags, truth, summary)
        for block in every:
            if block.first == 0:
                day = (block.day_ms - self._setting.start_ms) // DAY_MS
                self._take(self._plan.episodes(day), tags, truth, summary)
                self._take(self._plan.scenes(day), tags, truth, summary)
            self._live(block, tags, truth, summary)
            tags.flush(block)
            told(block)
        summary.tags, summary.size_bytes = tags.tags, tags.size_bytes
        return summary

    def _take(self, told: list[Told], tags: TagFile, truth: TruthFile, summary: Summary) -> None:
        for one in told:
            tags.add_later(one.lines)
            self._engaged += one.engaged
            if one.outcome == "lookalike":
                summary.lookalikes += 1
            else:
                summary.episodes[one.outcome] += 1
        truth.add(one.truth for one in told)

    def _live(self, block: Block, tags: TagFile, truth: TruthFile, summary: Summary) -> None:
        """Ordinary life of one block."""
        rng = stream(self._setting.seed, "life", block.number)
        people, heads, shares = self._people, self._heads, self._shares
        calls, labels = self._called(rng, block)
        texts, text_labels = self._texts.lines(rng, heads, block, shares)
        labels += [lookalike(what, person, ts, ts) for what, person, ts in text_labels]
        for lines in (
            call_lines(rng, people, heads, calls, block, shares),
            texts,
            self._browsing.lines(rng, heads, block, shares),
        ):
            tags.add(with_doubles(rng, lines, shares.doubled))
        truth.add(labels)
        summary.lookalikes += len(labels)

    def _called(self, rng: np.random.Generator, block: Block) -> tuple[Calls, list[str]]:
        """Calls of people and of agents; the latter are look-alikes where they could mislead."""
        agents, made = agent_calls(rng, self._people, block)
        what = np.repeat([name for name, _ in made], [calls for _, calls in made])
        shown = np.flatnonzero(could_mislead(agents))
        last_ms = agents.start_ms + agents.ring_ms + agents.talk_ms
        columns = (c[shown].tolist() for c in (what, agents.person, agents.start_ms, last_ms))
        labels = [lookalike(*row) for row in zip(*columns, strict=True)]
        self._engaged = [line for line in self._engaged if line.to_ms > block.start_ms]
        calls = self._calls.draw(rng, block) + agents
        return unanswered_while(
            calls, [line for line in self._engaged if line.from_ms < block.end_ms]
        ), labels

    def _forwarding(self) -> list[str]:
        """Those who always have call forwarding set."""
        people = np.flatnonzero(forwards(np.arange(self._people.size))).tolist()
        return [
            lookalike("call_forwarding_always", person, self._setting.start_ms, self._setting.end_ms - 1)
            for person in people
        ]


def simulate(
    people: int,
    days: int,
    seed: int,
    out_dir: Path | str,
    *,
    start_ms: int = START_MS,
    prior: str = "enriched",
    drift: bool = False,
    evasion: bool = False,
    slow: bool = False,
    dwell_scale: float = 1.0,
    variety: int = 0,
    progress: Callable[[float], None] | None = None,
) -> Summary:
    """Write a labelled city into `out_dir`; returns what was written.

    `start_ms` is a midnight in China; `prior` a name of `calibration.yaml`; `dwell_scale` multiplies the dwell
    times of scams; `variety` above 0 names another town than the calibrated one; `progress` hears the share done, 0 … 1. Raises ValueError.
    """
    _check(people, days, seed, prior, dwell_scale, variety)
    setting = Setting(seed, start_ms, days, prior, drift, evasion, slow, dwell_scale, variety)
    with holding(other_figures(calibration(), variety)):
        return _write(people, setting, Path(out_dir), progress)


def _write(people: int, setting: Setting, folder: Path, progress: Callable[[float], None] | None) -> Summary:
    folder.mkdir(parents=True, exist_ok=True)
    folk = populate(setting.seed, people)
    write_tables(folk, folder)
    every = blocks(setting.start_ms, setting.days, people)
    with TagFile(folder / "tags.ndjson", every[0]) as tags, TruthFile(folder / "truth.ndjson") as truth:
        city = City(folk, setting)
        summary = city.run(
            tags, truth, every, lambda block: progress((block.number + 1) / len(every)) if progress else None
        )
        given = asdict(setting)
        truth.finish(
            {
                "kind": "city",
                "v": 1,
                "people": people,
                **given,
                "end_ms": setting.end_ms,
                "tags": summary.tags,
            }
        )
    return summary


def _check(people: int, days: int, seed: int, prior: str, dwell_scale: float, variety: int) -> None:
    if not 2 <= people <= MOST_PEOPLE:
        raise ValueError(f"{people} people — ask for 2 to {MOST_PEOPLE}")
    if days < 1 or min(seed, variety) < 0:
        raise ValueError(
            f"{days} days, seed {seed}, variety {variety} — ask for at least one day, a seed and variety of 0 or more"
        )
    if prior not in calibration().priors:
        raise ValueError(f"prior {prior!r} — use one of {', '.join(calibration().priors)}")
    if not 0 < dwell_scale <= 100:
        raise ValueError(f"dwell_scale {dwell_scale} — give a number above 0, at most 100")
