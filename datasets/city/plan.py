"""Who is approached when, by whom, and how it ends: the episodes and scenes of each day.

How many there are follows from the prior; whom they meet from the script's targets. Half of the
losses and most of the ignored attempts belong to the few campaigns of these days, so the same
numbers call many. No two episodes of a person overlap. An episode always fits into the run; where
slow scams are wanted they are placed over the whole run first.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from datasets.city import walk
from datasets.city.calibration import calibration
from datasets.city.calls import Engaged
from datasets.city.cast import Cast
from datasets.city.chance import Floats, Rng, picks, rounded, stream
from datasets.city.evasion import HARD, PLAIN, Evasion
from datasets.city.feeds import Shares
from datasets.city.gangs import Gang
from datasets.city.hours import DAY_MS, HOUR_MS, LOCAL_MS
from datasets.city.people import People, number
from datasets.city.render import Line, Placed, lines, observed
from datasets.city.script import HOUR_SHARES, Script, scenes, scripts
from datasets.city.story import Pace, Story
from datasets.city.targets import liking, mix
from datasets.city.variety import other_scripts

OUTCOMES = ("loss", "aborted", "ignored")
FEWEST_SEEN = {"loss": 2, "aborted": 1, "ignored": 1}
"""An episode nobody could see is no test of anything: another person is chosen."""
_TRIES = 30
_APART_MS = 2 * HOUR_MS
_CAMPAIGN_DAYS = 2


@dataclass(frozen=True)
class Setting:
    """What kind of run this is; times in ms."""

    seed: int
    start_ms: int
    days: int
    prior: str = "enriched"
    drift: bool = False
    evasion: bool = False
    slow: bool = False
    dwell_scale: float = 1.0
    variety: int = 0

    @property
    def end_ms(self) -> int:
        """First millisecond after the run."""
        return self.start_ms + self.days * DAY_MS


@dataclass(frozen=True)
class Told:
    """What one episode or scene leaves: lines, its row of the truth, engaged lines, and how it ended."""

    lines: list[Line]
    truth: str
    engaged: list[Engaged]
    outcome: str


class Plan:
    """Draws the episodes and scenes of a run, day after day."""

    def __init__(self, people: People, setting: Setting) -> None:
        self._people, self._setting = people, setting
        self._shares = Shares.of(evasion=setting.evasion)
        self._evasion: Evasion = HARD if setting.evasion else PLAIN
        self._scripts = [s for s in other_scripts(scripts(), setting.variety) if setting.drift or not s.novel]
        self._scenes = list(other_scripts(scenes(), setting.variety))
        self._mix = mix(self._scripts, drift=setting.drift)
        self._is_slow = np.array([setting.slow and s.slow for s in self._scripts])
        self._cdfs: dict[str, Floats] = {}
        self._busy: dict[int, list[tuple[int, int]]] = {}
        self._victims: list[tuple[int, int]] = []
        self._numbers = count(1)

    def slow_episodes(self) -> list[Told]:
        """The episodes that take weeks, over the whole run; none without slow scams."""
        rng, told = stream(self._setting.seed, "slow"), []
        slow_share = float(self._mix[self._is_slow].sum())
        for outcome in ("loss", "aborted"):
            for _ in range(rounded(rng, self._a_day(outcome) * self._setting.days * slow_share)):
                script = self._scripts[int(picks(rng, self._mix * self._is_slow, 1)[0])]
                day = int(rng.integers(self._setting.days))
                begin_ms = self._begin_ms(rng, script, day)
                told.append(self._episode(script, outcome, begin_ms, self._setting.start_ms))
        return [episode for episode in told if episode]

    def episodes(self, day: int) -> list[Told]:
        """The episodes that begin on a day, without the slow ones."""
        rng, told = stream(self._setting.seed, "episodes", day), []
        active = self._campaigns(day)
        for outcome in OUTCOMES:
            quick = np.ones(len(self._mix)) if outcome == "ignored" else ~self._is_slow
            for _ in range(rounded(rng, self._a_day(outcome) * float((self._mix * quick).sum()))):
                in_campaign = rng.random() < calibration().campaign_share[outcome]
                weights = (active if in_campaign and (active * quick).any() else self._mix) * quick
                script = self._scripts[int(picks(rng, weights, 1)[0])]
                told.append(
                    self._episode(script, outcome, self._begin_ms(rng, script, day), self._day_ms(day))
                )
        return [episode for episode in told if episode]

    def scenes(self, day: int) -> list[Told]:
        """The innocent scenes that begin on a day."""
        rng, told = stream(self._setting.seed, "scenes", day), []
        for scene in self._scenes:
            wanted = rounded(rng, scene.rate * self._people.size / 10_000)
            told += [self._scene(scene, self._begin_ms(rng, scene, day)) for _ in range(wanted)]
        return told

    def _a_day(self, outcome: str) -> float:
        return float(getattr(calibration().priors[self._setting.prior], outcome)) * self._people.size / 10_000

    def _campaigns(self, day: int) -> Floats:
        """How much each script is worked in these days: a few gangs at a time."""
        rng = stream(self._setting.seed, "campaigns", day // _CAMPAIGN_DAYS)
        size = max(2, rounded(rng, calibration().campaigns * max(1.0, self._people.size / 10_000) ** 0.5))
        return np.bincount(picks(rng, self._mix, size), minlength=len(self._mix)).astype(np.float64)

    def _begin_ms(self, rng: Rng, script: Script, day: int) -> int:
        hour = int(picks(rng, HOUR_SHARES[script.hours], 1)[0])
        return self._day_ms(day) + hour * HOUR_MS + int(rng.integers(HOUR_MS))

    def _day_ms(self, day: int) -> int:
        return self._setting.start_ms + day * DAY_MS

    def _episode(self, script: Script, outcome: str, begin_ms: int, earliest_ms: int) -> Told | None:
        """One episode; None when nobody was found who is free and can be seen."""
        serial = next(self._numbers)
        rng = stream(self._setting.seed, "episode", serial)
        for _ in range(_TRIES):
            cast = self._cast(rng, script, begin_ms)
            placed = self._placed(script, cast, outcome, (earliest_ms, begin_ms), serial)
            if not self._is_free(placed, outcome):
                continue
            tags = observed(rng, self._people, placed, self._setting.end_ms)
            in_time = [tag for tag in tags if placed.no_return_ms is None or tag[0] < placed.no_return_ms]
            if len(in_time) >= FEWEST_SEEN[outcome]:
                self._remember(placed, outcome)
                truth = self._truth(rng, script, cast, placed, outcome, len(tags))
                told = lines(rng, tags, self._shares, self._setting.end_ms)
                return Told(told, json.dumps(truth, ensure_ascii=False), placed.engaged(), outcome)
        return None

    def _scene(self, scene: Script, begin_ms: int) -> Told:
        serial = next(self._numbers)
        rng = stream(self._setting.seed, "scene", serial)
        cast = self._cast(rng, scene, begin_ms, innocent=True)
        story = walk.to_the_end(scene, cast, Pace())
        placed = Placed(serial, cast.person, begin_ms, story)
        tags = observed(rng, self._people, placed, self._setting.end_ms)
        truth = lookalike(
            scene.what, cast.person, placed.begin_ms, min(placed.last_ms, self._setting.end_ms - 1)
        )
        return Told(
            lines(rng, tags, self._shares, self._setting.end_ms), truth, placed.engaged(), "lookalike"
        )

    def _cast(self, rng: Rng, script: Script, begin_ms: int, *, innocent: bool = False) -> Cast:
        day = (begin_ms - self._setting.start_ms) // DAY_MS
        gang = None
        if not innocent:
            gang = Gang(
                self._setting.seed, self._scripts.index(script), script.scam_type, self._setting.drift
            )
        return Cast(
            rng, self._people, self._person(rng, script, begin_ms), day, script.numbers, gang,
            generations=(2, 3) if self._setting.drift else (1,), evasion=self._evasion,
            clock_s=(begin_ms + LOCAL_MS) % DAY_MS / 1_000,
        )  # fmt: skip

    def _placed(
        self, script: Script, cast: Cast, outcome: str, between_ms: tuple[int, int], serial: int
    ) -> Placed:
        """The story, begun early enough to end within the run; one with too little room is made shorter.

        It begins at the second of `between_ms`, or before, but never before the first.
        """
        (earliest_ms, begin_ms), setting = between_ms, self._setting
        pace = Pace(setting.dwell_scale, slow=setting.slow and script.slow)
        story = _story(script, cast, outcome, pace)
        room_s = (setting.end_ms - earliest_ms) / 1_000
        while story.end_s > 0.9 * room_s:
            pace = replace(pace, scale=pace.scale * 0.75 * room_s / story.end_s)
            story = _story(script, cast, outcome, pace)
        latest_ms = setting.end_ms - int(story.end_s * 1_000) - int(cast.rng.integers(1, 600_000))
        if begin_ms > latest_ms:  # whole days earlier, so that it begins at the same hour
            begin_ms -= -(-(begin_ms - latest_ms) // DAY_MS) * DAY_MS
        return Placed(
            serial, cast.person, begin_ms if begin_ms >= earliest_ms else max(earliest_ms, latest_ms), story
        )

    def _person(self, rng: Rng, script: Script, begin_ms: int) -> int:
        before = [person for person, end_ms in self._victims if end_ms < begin_ms - DAY_MS]
        if before and rng.random() < script.past_victims:
            return before[int(rng.integers(len(before)))]
        if script.script not in self._cdfs:
            self._cdfs[script.script] = np.cumsum(liking(self._people, script))
        cdf = self._cdfs[script.script]
        return int(np.searchsorted(cdf[:-1], rng.random() * cdf[-1], "right"))

    def _is_free(self, placed: Placed, outcome: str) -> bool:
        margin = 0 if outcome == "ignored" else _APART_MS
        return all(
            placed.last_ms + margin < begin or placed.begin_ms - margin > end
            for begin, end in self._busy.get(placed.person, ())
        )

    def _remember(self, placed: Placed, outcome: str) -> None:
        self._busy.setdefault(placed.person, []).append((placed.begin_ms, placed.last_ms))
        if outcome == "loss":
            self._victims.append((placed.person, placed.last_ms))

    def _truth(
        self, rng: Rng, script: Script, cast: Cast, placed: Placed, outcome: str, seen: int
    ) -> dict[str, object]:
        assert cast.gang is not None  # noqa: S101  only scenes have no gang
        lost = outcome == "loss"
        loss_cny = int(rng.lognormal(np.log(script.loss_cny.median), script.loss_cny.sigma)) if lost else 0
        return {
            "kind": "episode", "episode_id": f"e{placed.serial}", "subject": number(placed.person),
            "scam_type": script.scam_type, "variant": script.variant, "gang": cast.gang.name,
            "script": script.script, "novel": script.novel, "t_first_ms": placed.begin_ms,
            "t_point_of_no_return_ms": placed.no_return_ms if lost else None, "t_last_ms": placed.last_ms,
            "outcome": outcome, "loss_cny": loss_cny, "mule": cast.gang.mule(int(rng.integers(9))) if lost else None,
            "slow": self._setting.slow and script.slow and outcome != "ignored", "observed_tags": seen,
            "stages": [{"stage": stage, "ts_ms": placed.at(at)} for stage, at in placed.story.stages],
        }  # fmt: skip


def lookalike(what: str, person: int, first_ms: int, last_ms: int) -> str:
    """A row of the truth about something innocent that looks like a scam."""
    return (
        f'{{"kind": "lookalike", "what": "{what}", "subject": "{number(person)}"'
        f', "t_first_ms": {first_ms}, "t_last_ms": {last_ms}}}'
    )


def _story(script: Script, cast: Cast, outcome: str, pace: Pace) -> Story:
    if outcome == "loss":
        return walk.to_the_end(script, cast, pace)
    return walk.broken_off(script, cast, pace) if outcome == "aborted" else walk.ignored(script, cast)
