"""Two races on one broker: engines around the same vectorised decision, and the same job as each documentation teaches it.

    python -m benchmarks.race --quick
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.race.report import Sizes, race


def main() -> int:
    """Print both; exit 1 when a bar is missed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="small sizes, one turn")
    options.add_argument("--only", default="engines,small,whole", help="which races, set apart by commas")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="fraud-guard-race-") as folder:
        told = race(Path(folder), Sizes.quick() if chosen.quick else Sizes(), set(chosen.only.split(",")))
    print(told.text)
    return 0 if told.met else 1


if __name__ == "__main__":
    sys.exit(main())
