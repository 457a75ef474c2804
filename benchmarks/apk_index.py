"""The index of fingerprints at size: `python -m benchmarks.apk_index [APPS]` (1,000,000 take about half an hour on one core).

Each app has 40–120 methods of its own, and libraries drawn from a pool of 20,000 by Zipf's law, 5–30 methods each. One app in
ten is a skin of an earlier one: another signer, a tenth of its own methods changed, two libraries more. Asked are skins of the planted families
that were never added.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from apk_analysis.code.mixing import mix
from apk_analysis.reskin.fingerprint import Fingerprint, sketch
from apk_analysis.reskin.index import Index

LIBRARIES, ASKED, AT_ONCE = 20_000, 2_000, 5_000
PLANTED_SHARE, CHANGED, MORE = 0.1, 0.1, 2


class City:
    """Apps by number, made anew whenever they are asked for."""

    def __init__(self, seed: int) -> None:
        self._chance = np.random.default_rng(seed)
        self._popular = np.minimum(self._chance.zipf(1.3, 4_000_000) - 1, LIBRARIES - 1)
        self._sizes = self._chance.integers(5, 31, LIBRARIES)

    def app(self, number: int, of: int | None = None) -> Fingerprint:
        """App `number`; a skin of app `of` when there is one."""
        chance = np.random.default_rng(number * 2 + 1)
        base = np.random.default_rng((number if of is None else of) * 2)
        own = mix(base.integers(0, 1 << 63, int(base.integers(40, 121))).astype(np.uint64))
        if of is not None:
            changed = chance.random(len(own)) < CHANGED
            own = np.where(changed, mix(own ^ np.uint64(number)), own)
        libraries = self._popular[base.integers(0, len(self._popular), int(base.integers(2, 9)))]
        if of is not None:
            libraries = np.concatenate([libraries, self._popular[chance.integers(0, len(self._popular), MORE)]])
        methods = np.concatenate([own, *(self._library(one) for one in np.unique(libraries))])
        return Fingerprint(f"{number:064x}", package=f"app{number}.example", signers=(f"signer{number}",), methods=sketch(methods))

    def _library(self, number: int) -> np.ndarray:
        return mix(np.arange(self._sizes[number], dtype=np.uint64) + np.uint64(1 << 40) + np.uint64(int(number) << 8))


class Filled(NamedTuple):
    """What an index of `apps` cost, and how it answered `asked` skins of planted families: `found` of them, in so many ms."""

    apps: int
    added_s: float
    compacted_s: float
    asked: int
    found: int
    p50_ms: float
    p99_ms: float
    peak_bytes: int
    disk_bytes: int


def fill_and_ask(count: int) -> Filled:
    """Fill, compact, open again, ask; the peak is that of this process."""
    city, chance = City(7), np.random.default_rng(11)
    of = {n: int(chance.integers(0, n)) for n in range(1, count) if chance.random() < PLANTED_SHARE}
    parents = {n for n in set(of.values()) if n not in of}
    with tempfile.TemporaryDirectory(prefix="fraud-guard-index-") as folder:
        with Index(Path(folder)) as index:
            began = time.perf_counter()
            for batch in _batches(city, count, of):
                index.add_many(batch)
            added_s = time.perf_counter() - began
            index.compact()
            compacted_s = time.perf_counter() - began - added_s
        asked, found, times = sorted(parents)[:: max(1, len(parents) // ASKED)][:ASKED], 0, []
        with Index(Path(folder)) as index:
            for parent in asked:
                skin = city.app(count + parent, parent)
                start = time.perf_counter()
                matches = index.query(skin)
                times.append(1000 * (time.perf_counter() - start))
                found += any(int(one.sha256, 16) == parent or of.get(int(one.sha256, 16)) == parent for one in matches)
        disk = sum(path.stat().st_size for path in Path(folder).iterdir())
    p50, p99 = np.percentile(times, (50, 99))
    return Filled(count, added_s, compacted_s, len(asked), found, float(p50), float(p99), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, disk)


def main() -> None:
    """Fill, compact, ask, tell."""
    one = fill_and_ask(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
    print(f"{one.apps:,} apps: added in {one.added_s:.0f} s, compacted in {one.compacted_s:.0f} s; planted found {one.found / one.asked:.4f} of {one.asked}; "
          f"query p50 {one.p50_ms:.1f} ms, p99 {one.p99_ms:.1f} ms; peak {one.peak_bytes / 2**20:,.0f} MiB, disk {one.disk_bytes / 2**20:,.0f} MiB")  # fmt: skip


def _batches(city: City, count: int, of: dict[int, int]) -> Iterator[list[tuple[Fingerprint, str, str]]]:
    for start in range(0, count, AT_ONCE):
        yield [(city.app(n, of.get(n)), f"f{of.get(n, n)}", "") for n in range(start, min(start + AT_ONCE, count))]


if __name__ == "__main__":
    main()
