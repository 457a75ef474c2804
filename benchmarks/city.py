"""What the labelled city costs: tags a second and core, writing included."""

from __future__ import annotations

import time
from pathlib import Path

from datasets.city import simulate

PEOPLE, DAYS, SEED = 10_000, 3, 1


def city(folder: Path) -> float:
    """Tags a CPU second of a fresh city, loading of scripts and texts included."""
    began = time.process_time()
    tags = simulate(PEOPLE, DAYS, SEED, folder / "city").tags
    return tags / (time.process_time() - began)
