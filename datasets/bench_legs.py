"""What spans time in the bench mix: legs of calls and steps of episodes, in order of arrival.

Both start long before the first second that is asked for, so the stream is stationary
from its first line: calls already under way end, and delayed legs of earlier calls come.
All times are milliseconds since the start of the stream; arrival = event time + delay.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from datasets.episodes import SCRIPTS

LATE_SHARE = 0.02
MAX_DELAY_MS = 600_000
MAX_CALL_MS = 1_800_000
MAX_RING_MS = 25_000
MAX_EPISODE_MS = 2_300_000
ANSWERED_SHARE = 0.72
LEGS_PER_CALL = 2.0 + ANSWERED_SHARE
WARM_UP_STEP_MS = 60_000

LEG = np.dtype(
    [
        ("arrival_ms", np.int64),
        ("ts_ms", np.int64),
        ("call", np.int64),
        ("phase", np.int8),
        ("subject", np.int32),
        ("peer", np.int32),
        ("outgoing", np.bool_),
        ("duration_s", np.int32),
    ]
)
"""One leg: phase 0 start, 1 answer, 2 end; `duration_s` counts on an end only."""

Legs = NDArray[np.void]


def delays_ms(rng: np.random.Generator, size: int) -> NDArray[np.int64]:
    """0 for most; 2 % are late by up to 10 min."""
    late = rng.random(size) < LATE_SHARE
    return np.where(late, rng.integers(1, MAX_DELAY_MS + 1, size), 0)


class CallLegs:
    """Ordinary calls of the whole city; `until(ms)` hands out the legs that arrived before."""

    def __init__(self, rng: np.random.Generator, calls_per_ms: float, subjects: int, peers: int) -> None:
        self._rng, self._calls_per_ms = rng, calls_per_ms
        self._subjects, self._peers = subjects, peers
        self._calls = 0
        self._begun_ms = -(MAX_CALL_MS + MAX_RING_MS + MAX_DELAY_MS)
        self._waiting: Legs = np.empty(0, LEG)
        while self._begun_ms < 0:
            early = self._begin(min(self._begun_ms + WARM_UP_STEP_MS, 0))
            self._waiting = np.concatenate([self._waiting, early[early["arrival_ms"] >= 0]])

    def until(self, end_ms: int) -> Legs:
        """Legs that arrive before `end_ms` and were not handed out yet, in no order."""
        legs = np.concatenate([self._waiting, self._begin(end_ms)])
        arrived = legs["arrival_ms"] < end_ms
        self._waiting = legs[~arrived]
        return legs[arrived]

    def _begin(self, end_ms: int) -> Legs:
        """Legs of the calls that start between the last end and `end_ms`."""
        size = max(0, round(self._calls_per_ms * (end_ms - self._begun_ms)))
        start = self._rng.integers(self._begun_ms, end_ms, size)
        self._begun_ms = end_ms
        answered = self._rng.random(size) < ANSWERED_SHARE
        ring_ms = self._rng.integers(3_000, MAX_RING_MS, size)
        talk_ms = (self._rng.lognormal(np.log(37_000), 1.1, size)).astype(np.int64).clip(1_000, MAX_CALL_MS)
        talk_ms[~answered] = 0
        legs = np.empty((3, size), LEG)
        legs["ts_ms"] = start, start + ring_ms, start + ring_ms + talk_ms
        legs["call"] = np.arange(self._calls, self._calls + size)
        legs["phase"] = [[0], [1], [2]]
        legs["subject"] = self._rng.integers(0, self._subjects, size)
        legs["peer"] = self._rng.integers(0, self._peers, size)
        legs["outgoing"] = self._rng.random(size) < 0.4
        legs["duration_s"] = talk_ms // 1_000
        self._calls += size
        flat = np.concatenate([legs[0], legs[1][answered], legs[2]])
        flat["arrival_ms"] = flat["ts_ms"] + delays_ms(self._rng, len(flat))
        return flat


class EpisodeSteps:
    """Scam episodes of the whole city, written as JSON lines."""

    def __init__(
        self, rng: np.random.Generator, tags_per_ms: float, subject_fields: Iterable[str], start_ms: int
    ) -> None:
        self._rng, self._start_ms = rng, start_ms
        self._subjects = list(subject_fields)
        self._gap_ms = steps_per_episode() / tags_per_ms if tags_per_ms else np.inf
        self._next_ms = -float(MAX_EPISODE_MS + MAX_DELAY_MS) if tags_per_ms else np.inf
        self._episodes = 0
        self._waiting: list[tuple[int, str]] = []
        self.until(0)

    def until(self, end_ms: int) -> tuple[NDArray[np.int64], list[str]]:
        """(arrival ms, lines) of the steps that arrive before `end_ms` and were not handed out yet."""
        while self._next_ms < end_ms:
            self._waiting += self._begin(self._next_ms)
            self._next_ms += self._rng.exponential(self._gap_ms)
        arrived = [step for step in self._waiting if step[0] < end_ms]
        self._waiting = [step for step in self._waiting if step[0] >= end_ms]
        return np.array([at for at, _ in arrived], np.int64), [line for _, line in arrived]

    def _begin(self, at_ms: float) -> list[tuple[int, str]]:
        """All steps of one new episode that starts at `at_ms`."""
        self._episodes += 1
        script = SCRIPTS[int(self._rng.integers(len(SCRIPTS)))]
        subject = self._subjects[int(self._rng.integers(len(self._subjects)))]
        steps = script(self._rng, f"e{self._episodes}", 1.0)
        delays = delays_ms(self._rng, len(steps)).tolist()
        return [
            (
                int(at_ms + offset_s * 1_000) + delay,
                self._line(i, int(at_ms + offset_s * 1_000), subject, fields),
            )
            for i, ((offset_s, fields), delay) in enumerate(zip(steps, delays, strict=True))
        ]

    def _line(self, step: int, ts_ms: int, subject: str, fields: dict[str, object]) -> str:
        rest = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))[1:]
        return f'{{"id":"e{self._episodes:08d}-{step}",{subject},"ts_ms":{self._start_ms + ts_ms},{rest}'


def steps_per_episode() -> float:
    """Mean number of tags an episode leaves, all scripts alike."""
    rng = np.random.Generator(np.random.PCG64(0))
    return sum(len(script(rng, "", 1.0)) for script in SCRIPTS) / len(SCRIPTS)
