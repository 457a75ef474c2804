"""The scripted demo city: endless tags of a small city in real time, scam episodes included.

Offsets are seconds since the start of the demo; the caller waits until they are due and
stamps `ts_ms` with its clock. Scams are compressed: the first, a fake customer service,
begins at second 3 and is complete by second 12; another begins every 10 to 20 s. Only the
call from abroad that just stays on the line keeps its real pace, so that its timer can
fire after 15 minutes. A record that is no tag comes about every 8 s.
"""

from __future__ import annotations

import csv
import heapq
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import numpy as np

from datasets import episodes
from datasets.demo_life import OrdinaryLife
from datasets.episodes import Fields, Script
from datasets.numbers import contact_number, subject_number

FIRST_PERSON = 500_000
FIRST_EPISODE_S = 3.0
EPISODE_GAP_S = (10.0, 20.0)
BAD_RECORD_GAP_S = (4.0, 12.0)
WINDOW_S = 0.5
CALL_SHARE, TEXT_SHARE = 0.30, 0.20
STEPS_PER_CALL = 2.72
AREAS = (
    "329981001", "329981002", "329981100", "329981101", "329981103", "329981104",
    "329982100", "329982101", "329982102",
)  # fmt: skip
AGE_BANDS = ("18-24", "25-34", "35-44", "45-54", "55-64", "65-74", "75+")
OLD = AGE_BANDS.index("65-74")
HOUSEHOLDS = ("family", "couple", "shared", "alone")
STATIONS = Path(__file__).parent / "golden" / "day" / "stations.csv"

PLAYBILL: tuple[tuple[Script, float], ...] = (
    (episodes.fake_customer_service, 0.0115),
    (episodes.fake_police, 0.015),
    (episodes.long_overseas_call, 1.0),
    (episodes.brushing_rebate, 0.02),
    (episodes.failed_lure, 0.02),
    (episodes.fake_loan, 0.02),
    (episodes.fake_customer_service, 0.02),
    (episodes.failed_call, 1.0),
)
"""Which episode follows which, with its pace; the list starts again at its end."""


class DemoCity:
    """A city of `people`, the same for the same `seed`.

    Ids begin with `run`: give each start of the demo its own, or the ids of the last one
    come again with other times. Iterate once for the city's tags.
    """

    def __init__(self, seed: int, people: int = 2_000, *, rate_per_s: float = 100.0, run: str = "d") -> None:
        self._rng = np.random.Generator(np.random.PCG64(seed))
        self._people, self._rate_per_s, self._run = people, rate_per_s, run
        self._areas = self._rng.integers(0, len(AREAS), people).tolist()
        self._ages = self._rng.integers(0, len(AGE_BANDS), people).tolist()
        self._households = self._rng.choice(len(HOUSEHOLDS), people, p=(0.5, 0.25, 0.1, 0.15)).tolist()
        order: list[int] = self._rng.permutation(people).tolist()
        self._alone = [p for p in order if self._old_and_alone(p)]
        self._others = [p for p in order if not self._old_and_alone(p)]
        self._reserved = self._victims_around(0)
        self._life = OrdinaryLife(self._rng)
        self._ids = count(1)
        self._due: list[tuple[float, int, Fields]] = []

    def __iter__(self) -> Iterator[tuple[float, Fields]]:
        """Yield (due offset in s, tag without `ts_ms`) for ever, offsets never falling."""
        episode_s, bad_s, begin_s = FIRST_EPISODE_S, 6.0, 0.0
        bill = count()
        bad = count()
        while True:
            end_s = begin_s + WINDOW_S
            self._live(begin_s)
            while episode_s < end_s:
                self._cheat(episode_s, next(bill))
                episode_s += float(self._rng.uniform(*EPISODE_GAP_S))
            while bad_s < end_s:
                self._push(bad_s, self._bad_record(next(bad)))
                bad_s += float(self._rng.uniform(*BAD_RECORD_GAP_S))
            while self._due and self._due[0][0] < end_s:
                due_s, _, tag = heapq.heappop(self._due)
                yield due_s, tag
            begin_s = end_s

    def tables(self, folder: Path) -> tuple[Path, Path]:
        """Write `subjects.csv` and `stations.csv` into `folder`; returns their paths."""
        folder.mkdir(parents=True, exist_ok=True)
        subjects, stations = folder / "subjects.csv", folder / "stations.csv"
        with subjects.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(("subject", "area", "age_band", "household"))
            rows.writerows(self._row(person) for person in range(self._people))
        shutil.copyfile(STATIONS, stations)
        return subjects, stations

    def _row(self, person: int) -> tuple[str, str, str, str]:
        return (
            subject_number(FIRST_PERSON + person),
            AREAS[self._areas[person]],
            AGE_BANDS[self._ages[person]],
            HOUSEHOLDS[self._households[person]],
        )

    def _live(self, begin_s: float) -> None:
        """Half a second of ordinary life of the whole city."""
        budget = self._rate_per_s * WINDOW_S
        for _ in range(int(self._rng.poisson(budget * CALL_SHARE / STEPS_PER_CALL))):
            person, call_id = self._anyone(), f"{self._run}c{next(self._ids)}"
            at_s = self._within(begin_s)
            for offset_s, leg in self._life.call(person):
                self._tag(at_s + offset_s, person, {**leg, "call_id": call_id})
        for _ in range(int(self._rng.poisson(budget * TEXT_SHARE))):
            person = self._anyone()
            self._tag(self._within(begin_s), person, self._life.text(person))
        for _ in range(int(self._rng.poisson(budget * (1 - CALL_SHARE - TEXT_SHARE)))):
            self._tag(self._within(begin_s), self._anyone(), self._life.net())

    def _cheat(self, at_s: float, nth: int) -> None:
        """Queue the nth episode."""
        script, pace = PLAYBILL[nth % len(PLAYBILL)]
        person = self._victim(nth)
        self._reserved = self._victims_around(nth)
        for offset_s, fields in script(self._rng, f"{self._run}e{nth}", pace):
            self._tag(at_s + offset_s, person, fields)

    def _old_and_alone(self, person: int) -> bool:
        return self._ages[person] >= OLD and HOUSEHOLDS[self._households[person]] == "alone"

    def _victim(self, nth: int) -> int:
        """Who the nth episode meets; the long call finds old people who live alone."""
        if PLAYBILL[nth % len(PLAYBILL)][0] is episodes.long_overseas_call and self._alone:
            return self._alone[nth // len(PLAYBILL) % len(self._alone)]
        return self._others[nth % len(self._others)]

    def _victims_around(self, nth: int) -> set[int]:
        """Who is, was just or will soon be cheated: an ordinary call of theirs would blur the picture."""
        behind, ahead = min(90, self._people // 4), min(20, self._people // 4)
        return {self._victim(n) for n in range(max(0, nth - behind), nth + ahead)}

    def _tag(self, due_s: float, person: int, fields: Fields) -> None:
        """Queue a tag of a person, written as its feed writes it."""
        number, net = subject_number(FIRST_PERSON + person), fields["channel"] == "net"
        source = "net-a" if net else ("telecom-a", "telecom-b")[person % 2]
        tag: Fields = {"id": f"{self._run}{next(self._ids)}", "source": source}
        tag["subject"] = f"+86{number}" if source == "telecom-a" else number
        if not net:
            tag["area"] = AREAS[self._areas[person]]
        self._push(due_s, tag | fields)

    def _bad_record(self, nth: int) -> Fields:
        """A record that no door may let in; each kind in turn."""
        person = subject_number(FIRST_PERSON + self._anyone())
        base: Fields = {"id": f"{self._run}{next(self._ids)}", "source": "telecom-b", "subject": person}
        kinds: tuple[Fields, ...] = (
            {**base, "channel": "net", "kind": "visit"},
            {
                **base,
                "channel": "call",
                "peer": contact_number(1),
                "direction": "in",
                "phase": "end",
                "duration_s": "9",
            },
            {**base, "channel": "fax", "peer": contact_number(2)},
            {**base, "channel": "sms", "peer": contact_number(3), "direction": "in", "text": "明天\0见"},
        )
        return kinds[nth % len(kinds)]

    def _push(self, due_s: float, tag: Fields) -> None:
        heapq.heappush(self._due, (due_s, next(self._ids), tag))

    def _anyone(self) -> int:
        """A person whom no episode needs now."""
        while (person := int(self._rng.integers(self._people))) in self._reserved:
            pass
        return person

    def _within(self, begin_s: float) -> float:
        return begin_s + float(self._rng.uniform(0, WINDOW_S))
