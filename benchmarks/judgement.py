"""How well scams are seen: cities nobody learned from, judged by rules, by models and by both; writes docs/judgement.md.

`python -m benchmarks.judgement --write` (about 25 minutes on one core; `--jobs 2` halves it). Rules and models alone are heard in the first city
of each kind.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import asdict

from fraud_guard.evaluation.intervals import share

PAGE = Path(__file__).parent.parent / "docs" / "judgement.md"
VOICES = ("both", "rules", "models")
HEAD = """# How well scams are seen

Written by `python -m benchmarks.judgement --write`: `simulate`, `replay --voices …`, `evaluate` for each city; rules and models alone in the first city of a kind. No model learned from these seeds and nobody tuned a number on them;
levels and mixings were chosen on cities of other seeds (`datasets/teaching_cities.py`, 21–23, 31, 41, 401–404, 411–414, 471–473, 501–503, 701–704). Definitions: [evaluation.md](evaluation.md). Cities of {people:,} people, {days} days
(slow: {slow_people:,} people, {slow_days} days), default prior: 25 losses, 25 broken off, 150 ignored attempts a day and 10,000 people. Towns: other towns than the calibrated city, each as its seed has it. Intervals are 95 %.

**Read this with care.** The cities come from our own simulator: same authors, same wording as the text model learned from. They show that the parts work together, not how a real city would be judged.

{tables}
## What is missed
Recall at level ≤ 3 before the point of no return by type, all plain, drift and evasion cities, both voices:

{types}
"""


class Case(NamedTuple):
    """One kind of city. `recall`: the bar at level ≤ 3."""

    kind: str
    seeds: tuple[int, ...]
    flags: tuple[str, ...] = ()
    recall: float | None = None


VARIETY = "--variety"
"""Each city of such a case is the town of its own seed."""
CASES = (
    Case("plain", (601, 602, 603), (), 0.80), Case("drift", (611, 612, 613), ("--drift",), 0.70),
    Case("evasion", (621, 622, 623), ("--evasion",), 0.65), Case("towns", (651, 652, 653), (VARIETY,)), Case("slow", (631,), ("--slow",), 0.70),
    Case("quiet", (641,), ("--prior", "none")),
)  # fmt: skip
PEOPLE, DAYS, SLOW_PEOPLE, SLOW_DAYS = 10_000, 7, 2_500, 60


def main() -> int:
    """Measure and print; with `--write` write the page."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--jobs", type=int, default=1)
    options.add_argument("--write", action="store_true", help="write docs/judgement.md")
    options.add_argument("--only", default="", help="kinds of cities, set apart by commas")
    chosen = options.parse_args()
    cases = [case for case in CASES if not chosen.only or case.kind in chosen.only.split(",")]
    with tempfile.TemporaryDirectory(prefix="fraud-guard-judged-") as folder:
        work = [(case, seed, Path(folder) / f"{case.kind}-{seed}") for case in cases for seed in case.seeds]
        with ThreadPoolExecutor(chosen.jobs) as pool:
            cards = dict(zip([(case.kind, seed) for case, seed, _ in work], pool.map(_judged, work), strict=True))
    page = _page(cases, cards)
    sys.stdout.write(page)
    if chosen.write:
        PAGE.write_text(page, encoding="utf-8")
    return 0


def _judged(work: tuple[Case, int, Path]) -> dict[str, dict[str, Any]]:
    """The score card of each voice."""
    case, seed, folder = work
    people, days = (SLOW_PEOPLE, SLOW_DAYS) if case.kind == "slow" else (PEOPLE, DAYS)
    flags = (*case.flags, seed) if VARIETY in case.flags else case.flags
    _run("simulate", "--people", people, "--days", days, "--seed", seed, "--out", folder, "--quiet", *flags)
    cards = {}
    for voices in VOICES if seed == case.seeds[0] else VOICES[:1]:
        alerts, card = folder / f"{voices}.ndjson", folder / f"{voices}.json"
        _run("replay", folder / "tags.ndjson", "--stations", folder / "stations.csv", "--subjects", folder / "subjects.csv",
             "--alerts", alerts, "--voices", voices, "--quiet")  # fmt: skip
        _run("evaluate", "--alerts", alerts, "--truth", folder / "truth.ndjson", "--subjects", folder / "subjects.csv", "--json", card)
        cards[voices] = json.loads(card.read_text(encoding="utf-8"))
    (folder / "tags.ndjson").unlink()
    sys.stderr.write(f"{case.kind} {seed}\n")
    return cards


def _run(*arguments: object) -> None:
    subprocess.run([sys.executable, "-m", "fraud_guard", *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)


Cards = dict[tuple[str, int], dict[str, dict[str, Any]]]


def _page(cases: Sequence[Case], cards: Cards) -> str:
    tables = "\n".join(_table(case, [cards[case.kind, seed] for seed in case.seeds]) for case in cases)
    types = _types([c["both"] for (kind, _), c in cards.items() if kind in ("plain", "drift", "evasion")])
    return HEAD.format(
        people=PEOPLE, days=DAYS, slow_people=SLOW_PEOPLE, slow_days=SLOW_DAYS, tables=tables, types="\n".join(types)
    )


def _table(case: Case, cards: Sequence[dict[str, dict[str, Any]]]) -> str:
    flags = " ".join(case.flags)
    lines = [f"## {case.kind.capitalize()}{f' (`{flags}`)' if flags else ''}, seeds {', '.join(map(str, case.seeds))}", "",
             f"| figure | bar | both | rules alone, seed {case.seeds[0]} | models alone, seed {case.seeds[0]} |", "|---|---|---|---|---|"]  # fmt: skip
    figures = [_figures(case, [card[voices] for card in cards if voices in card]) for voices in VOICES]
    for (what, bar, both), (_, _, rules), (_, _, models) in zip(*figures, strict=True):
        lines.append(f"| {what} | {bar} | {both} | {rules} | {models} |")
    return "\n".join([*lines, ""])


def _figures(case: Case, cards: Sequence[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """(figure, bar, measured) of all cities of a kind together."""
    if case.kind == "quiet":
        return [(f"alerts at level ≤ {n} per 10,000 people a day", "0" if n == 2 else "", _rate(cards, n)) for n in (1, 2, 3)]
    found = [
        ("recall before the point of no return, level ≤ 3", f"≥ {case.recall}" if case.recall else "", _pooled(cards, 3, "recall")),
        ("recall, level ≤ 2", "", _pooled(cards, 2, "recall")),
        ("precision, level ≤ 2", "≥ 0.5", _pooled(cards, 2, "precision")),
        ("precision, level 1", "≥ 0.9", _pooled(cards, 1, "precision")),
        ("alerts at level ≤ 3 per 10,000 people a day", "≤ 60", _rate(cards, 3)),
        ("alerts at level ≤ 2", "≤ 30", _rate(cards, 2)),
        ("median lead, level ≤ 3, by city", "≥ 20 min", _each(cards, lambda c: c["levels"][2]["lead_min"], " min")),
        ("scam type of true alerts, macro-F1, all cities (by city)", "≥ 0.60", _macro_f1(cards)),
        ("alerts per episode, by city", "≤ 1.2", _each(cards, lambda c: c["alerts_per_episode"])),
        ("true alerts for each one expected, level 1 · 2 · 3", "1", _calibration(cards)),
    ]
    if case.kind == "slow":
        slow = [next(p for p in c["paces"] if p["key"] == "slow") for c in cards]
        n = sum(p["episodes"] for p in slow)
        hits = sum(round((p["recall"][2]["value"] or 0) * p["episodes"]) for p in slow)
        lead = _each(slow, lambda p: p["lead_min"][2], " min")
        found = [("slow episodes: recall, level ≤ 3", "≥ 0.7", _told(asdict(share(hits, n)))), ("slow episodes: median lead", "≥ 1 d", lead), *found[2:6]]
    return found


def _pooled(cards: Sequence[dict[str, Any]], level: int, what: str) -> str:
    figures = [card["levels"][level - 1][what] for card in cards]
    return _told(asdict(share(sum(round((f["value"] or 0) * f["n"]) for f in figures), sum(f["n"] for f in figures))))


def _told(figure: dict[str, Any]) -> str:
    if figure["value"] is None:
        return "—"
    return f"**{figure['value']:.3f}** ({figure['low']:.3f}–{figure['high']:.3f}, n = {figure['n']})"


def _rate(cards: Sequence[dict[str, Any]], level: int) -> str:
    return " · ".join(f"{card['levels'][level - 1]['alerts_per_10k_days']['value']:.1f}" for card in cards)


def _each(cards: Sequence[dict[str, Any]], figure: Any, unit: str = "") -> str:
    values = [figure(card)["value"] for card in cards]
    return " · ".join("—" if v is None else f"{v:.0f}{unit}" if unit else f"{v:.2f}" for v in values)


def _macro_f1(cards: Sequence[dict[str, Any]]) -> str:
    """Of all cities' alerts together, because one city has a handful of a rare type; and of each city."""
    total: dict[str, list[int]] = {}
    for row in (row for card in cards for row in card["typing"]["rows"]):
        one = total.setdefault(row["key"], [0, 0, 0])
        for i, name in enumerate(("true", "said", "right")):
            one[i] += row[name]
    f1 = [2 * right / (true + said) for true, said, right in total.values() if true]
    return f"**{sum(f1) / len(f1):.2f}** ({_each(cards, lambda c: c['typing']['macro_f1'])})" if f1 else "—"


def _calibration(cards: Sequence[dict[str, Any]]) -> str:
    told = []
    for level in "123":
        rows = [row for card in cards for row in card["calibration"]["levels"] if row["key"] == level]
        expected = sum(row["expected"] for row in rows)
        told.append(f"{sum(row['observed'] for row in rows) / expected:.2f}" if expected else "—")
    return " · ".join(told)


def _types(cards: Sequence[dict[str, Any]]) -> Iterator[str]:
    yield "| type | losses | seen in time |"
    yield "|---|---|---|"
    total: dict[str, list[int]] = {}
    for row in (row for card in cards for row in card["types"]):
        one = total.setdefault(row["key"], [0, 0])
        one[0] += row["episodes"]
        one[1] += round((row["recall"][2]["value"] or 0) * row["episodes"])
    for key, (n, seen) in sorted(total.items(), key=lambda item: -item[1][0]):
        yield f"| {key} | {n} | {_told(asdict(share(seen, n)))} |"


if __name__ == "__main__":
    raise SystemExit(main())
