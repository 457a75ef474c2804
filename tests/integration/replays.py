"""Replays for tests: run one, read its files, and make a busy day out of the bench mix and scripted episodes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from datasets import episodes
from datasets.bench_mix import START_MS, bench_lines
from datasets.numbers import subject_number
from fraud_guard.adapters.reference_tables import read_stations, read_subjects
from fraud_guard.adapters.sealing import Keys, Sealer
from fraud_guard.app.golden import golden_day
from fraud_guard.app.replay.reading import Source
from fraud_guard.app.replay.results import Results
from fraud_guard.app.replay.run import DEMO_SITE_KEY, Plan, Summary, replay
from fraud_guard.app.rule_files import read_generation_files
from fraud_guard.shipped import shipped

DAY = golden_day()
RULES = read_generation_files(shipped("rules"))
SCRIPTS = (episodes.fake_customer_service, episodes.fake_police, episodes.long_overseas_call, episodes.brushing_rebate,
           episodes.fake_loan, episodes.failed_lure, episodes.failed_call)  # fmt: skip
RATE_PER_S = 2.0


class Given(NamedTuple):
    """What a replay wrote, byte for byte, and its counts."""

    alerts: bytes
    orders: bytes
    deadletters: bytes
    summary: Summary


def run(folder: Path, tags: Path, **options: Any) -> Given:
    """Replay a file with the tables of the golden day."""
    known: dict[str, Any] = {
        "rules": RULES, "stations": read_stations(DAY / "stations.csv"),
        "registry": read_subjects(DAY / "subjects.csv"), "closures": {},
    }  # fmt: skip
    places = [folder / name for name in ("alerts", "orders", "deadletters")]
    source = Source(str(tags))
    results = Results(*map(str, places), Sealer(Keys.from_site_key(DEMO_SITE_KEY).deadletter), "tags")
    summary = replay(Plan(**(known | options)), source, results)
    source.close()
    return Given(*(place.read_bytes() for place in places), summary)


def objects(data: bytes) -> list[dict[str, Any]]:
    """The objects of an NDJSON file."""
    return [msgspec.json.decode(line) for line in data.splitlines()]


def busy_day(tags: int, victims: int, seed: int = 1) -> list[bytes]:
    """The bench mix of `tags` lines on few people, with an episode for each victim; in order of arrival."""
    rng = np.random.Generator(np.random.PCG64(seed))
    lines = [(i * 1_000 / RATE_PER_S, line) for i, line in enumerate(bench_lines(tags, seed, 3_000, rate_per_s=RATE_PER_S))]
    span_s = tags / RATE_PER_S
    for victim in range(victims):
        begin_s = float(rng.uniform(0, span_s / 2))
        lines += episode(rng, victim, begin_s)
    return [line for _, line in sorted(lines, key=lambda one: one[0])]


def episode(rng: np.random.Generator, victim: int, begin_s: float) -> list[tuple[float, bytes]]:
    """(arrival, line) of a victim's episode: the scripts by turns, in their own pace."""
    found = []
    for n, (after_s, fields) in enumerate(SCRIPTS[victim % len(SCRIPTS)](rng, f"v{victim}", 0.2)):
        at_ms = int((begin_s + after_s) * 1_000)
        tag = {"id": f"v{victim}-{n}", "source": "script", "ts_ms": START_MS + at_ms, "subject": subject_number(700_000 + victim),
               "area": "329981001"}  # fmt: skip
        found.append((float(at_ms), msgspec.json.encode(tag | fields)))
    return found


def written(path: Path, lines: Sequence[bytes]) -> Path:
    """A file of these lines."""
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path
