"""`make bench`: measure, compare with the bars, and write docs/performance.md.

    python -m benchmarks --write            everything, about an hour of two idle cores
    python -m benchmarks --quick            the same in small, at most 10 minutes
    python -m benchmarks --only race,river  some of it
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks import apk_report
from benchmarks.embedded import embedded
from benchmarks.machine import describe
from benchmarks.pages import PAGE, Told, with_head, with_section
from benchmarks.race.report import Sizes, race
from benchmarks.river.report import Spans, river_report
from scripts.servers.broker import Unreachable

PARTS = ("embedded", "race", "river", "apk")


def main() -> int:
    """Run the parts; exit 1 when a bar is missed, 4 when the servers cannot be had."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="small sizes: to see that it runs, not to be written down")
    options.add_argument("--write", action="store_true", help="write docs/performance.md")
    options.add_argument("--only", default=",".join(PARTS), help="parts, set apart by commas")
    chosen = options.parse_args()
    parts = chosen.only.split(",")
    if chosen.quick and chosen.write:
        options.error("--quick measures too little to be written down; leave one of the two")
    if unknown := set(parts) - set(PARTS):
        options.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    met = True
    for name in PARTS:
        if name in parts:
            try:
                told = _measured(name, quick=chosen.quick)
            except Unreachable as why:
                print(f"the servers cannot be had: {why}", file=sys.stderr)
                return 4
            met &= told.met
            print(told.text, flush=True)
            if chosen.write:
                _write(name, told.text)
    return 0 if met else 1


def _measured(name: str, *, quick: bool) -> Told:
    where = describe()
    with tempfile.TemporaryDirectory(prefix="fraud-guard-bench-") as folder:
        if name == "embedded":
            return embedded(Path(folder), *((200_000, 10_000) if quick else (2_000_000, 40_000)))
        if name == "race":
            told = race(Path(folder), Sizes.quick() if quick else Sizes())
        elif name == "river":
            told = river_report(Path(folder), Spans.quick() if quick else Spans())
        else:
            told = apk_report.apk_report(Path(folder), apk_report.Sizes.quick() if quick else apk_report.Sizes())
    return told._replace(text=told.text.replace("{machine}", where))


def _write(name: str, text: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(with_head(page, text) if name == "embedded" else with_section(page, name, text), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
