"""A whole scan of the fast tier, fork and sandbox and judge and all, against androguard's full analysis of the same files in the same run.

    python -m benchmarks.apk_scan [FILE.apk…] [--size MIB] [--times N] [--ours-alone]

Beside the files two APKs of `--size` are measured, made of the files' code (or of generated classes): one with `--code` MiB of
packed code and a native library for the rest, as apps of that size are, and one of nothing but code, which no bar is set for.
Best of `--times` on one core; memory is the child's peak, which holds what the zygote has loaded.
The bar: a file of 20 MB within 1.5 s and 400 MB, and androguard takes ten times as long on every file of at least 1 MB.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

from apk_analysis.dissection.settings import ScanSettings
from apk_analysis.worker.finish import Court, finish
from apk_analysis.worker.scanner import Zygote, sha256_of
from benchmarks.apk_code import joined, measured, theirs
from datasets.reskin.base_app import AppPlan, make_app
from datasets.reskin.packing import pack, unpack
from fraud_guard.shipped import shipped

BAR_S, BAR_MB, BAR_TIMES, LEAST_BYTES, BAR_BYTES = 1.5, 400, 10, 1_000_000, 22_000_000


class Row(NamedTuple):
    """One file: seconds from the file to the report, of CPU in the child, the child's peak; androguard's seconds and MB (None: not asked)."""

    name: str
    size_bytes: int
    verdict: str
    seconds: float
    cpu_s: float
    megabytes: float
    sandbox: str
    longest: str
    barred: bool
    rival: tuple[float, float] | None = None

    @property
    def times(self) -> float | None:
        """How many times as long androguard takes."""
        return None if self.rival is None else self.rival[0] / self.seconds

    @property
    def met(self) -> bool:
        """Whether the bars that are set for this file are met."""
        fits = not self.barred or self.size_bytes > BAR_BYTES or (self.seconds <= BAR_S and self.megabytes <= BAR_MB)
        return fits and (self.times is None or self.size_bytes < LEAST_BYTES or self.times >= BAR_TIMES)


def scanned(zygote: Zygote, court: Court, path: Path, *, barred: bool = True) -> Row:
    """One scan."""
    started = time.perf_counter()
    sha256, size_bytes = sha256_of(path)
    answer = zygote.dissect(path, sha256)
    report, _ = finish(sha256, size_bytes, path.name, answer, court, None)
    slow = max(report.stages, key=lambda stage: stage.ms)
    seconds = time.perf_counter() - started
    verdict = f"{report.verdict}{' partial' if report.partial else ''}"
    return Row(path.name, size_bytes, verdict, seconds, answer.cpu_s, answer.peak_rss_bytes / 1e6, answer.level, f"{slow.name} {slow.ms:.0f} ms", barred)


def rows(files: Sequence[Path] = (), *, mebibytes: int = 19, code_mebibytes: int = 7, times: int = 3, rival: bool = True) -> Iterator[Row]:
    """The best scan of each of the files, and of two made ones, by this process on one core."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})      # one core for us, our sandbox, and androguard
    rules = shipped("rules") / "apk"
    court = Court.of(rules)
    with tempfile.TemporaryDirectory() as name, Zygote(ScanSettings(rules=rules)) as zygote:
        folder = Path(name)
        warm = folder / "warm.apk"
        warm.write_bytes(make_app(AppPlan(1, classes=4)))
        scanned(zygote, court, warm)
        code = list(files) or [_made(folder)]
        worst = joined(code, mebibytes, folder)
        for path in (*files, _usual(joined(code, code_mebibytes, folder), mebibytes, folder), worst):
            best = min((scanned(zygote, court, path, barred=path != worst) for _ in range(times)), key=lambda one: one.seconds)
            yield best._replace(rival=measured(theirs, path, warm)[1:] if rival and path != worst else None)     # theirs takes minutes for it


def main() -> int:
    """Print a row a file; exit 1 when a bar is missed."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("files", nargs="*", type=Path)
    options.add_argument("--size", type=int, default=19, metavar="MIB")
    options.add_argument("--code", type=int, default=7, metavar="MIB")
    options.add_argument("--times", type=int, default=3)
    options.add_argument("--ours-alone", action="store_true", help="androguard is left out")
    given = options.parse_args()
    met = True
    for one in rows(given.files, mebibytes=given.size, code_mebibytes=given.code, times=given.times, rival=not given.ours_alone):
        rival = "" if one.rival is None else f"   androguard {one.rival[0]:7.2f} s {one.rival[1]:6.0f} MB   {one.times:5.0f} times"
        print(f"{one.name[:44]:44} {one.size_bytes / 1e6:6.1f} MB {one.seconds:7.3f} s (CPU {one.cpu_s:.3f}) {one.megabytes:5.0f} MB {one.sandbox}  {one.verdict} (longest: {one.longest}){rival}", flush=True)
        met &= one.met
    return 0 if met else 1


def _usual(path: Path, mebibytes: int, folder: Path) -> Path:
    """An APK with a native library up to this size."""
    members = unpack(path.read_bytes())
    members["lib/arm64-v8a/libapp.so"] = b"\x7fELF" + Random(1).randbytes(max(0, (mebibytes << 20) - path.stat().st_size))
    made = folder / f"usual-{mebibytes}MiB.apk"
    made.write_bytes(pack(members))
    return made


def _made(folder: Path) -> Path:
    path = folder / "made.apk"
    path.write_bytes(make_app(AppPlan(20, classes=400, images=40)))
    return path


if __name__ == "__main__":
    sys.exit(main())
