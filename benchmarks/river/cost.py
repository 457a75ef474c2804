"""What a tag costs a worker: CPU seconds between the first tag and the last, start and end left out."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.river.river import Shape, lines_of, river


class Spent(NamedTuple):
    """What `shape` took: all workers' CPU seconds, and the most memory of one."""

    shape: Shape
    cpu_s: float
    wall_s: float
    peak_rss_bytes: int

    @property
    def per_core_s(self) -> float:
        """Tags a second and core."""
        return self.shape.tags / self.cpu_s


def spend(folder: Path, shape: Shape) -> Spent:
    """Run one shape on servers of its own."""
    print(f"· {shape}", file=sys.stderr, flush=True)
    lines = lines_of(shape)
    with tempfile.TemporaryDirectory(dir=folder, prefix="river-") as here, river(Path(here), shape) as one:
        one.feed(lines[: shape.warm])
        one.wait()
        cpu_s, began = one.cpu_s(), time.monotonic()
        one.feed(lines[shape.warm :])
        one.wait()
        return Spent(shape, one.cpu_s() - cpu_s, time.monotonic() - began, one.peak_rss_bytes())
