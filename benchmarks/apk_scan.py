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
from pathlib import Path
from random import Random

from apk_analysis.dissection.settings import ScanSettings
from apk_analysis.worker.finish import Court, finish
from apk_analysis.worker.scanner import Zygote, sha256_of
from benchmarks.apk_code import joined, measured, theirs
from datasets.reskin.base_app import AppPlan, make_app
from datasets.reskin.packing import pack, unpack
from fraud_guard.shipped import shipped

BAR_S, BAR_MB, BAR_TIMES, LEAST_BYTES, BAR_BYTES = 1.5, 400, 10, 1_000_000, 22_000_000


def scanned(zygote: Zygote, court: Court, path: Path) -> tuple[str, float, float, float, str]:
    """Verdict, seconds from the file to the report, seconds of CPU in the child, its peak in MB, the sandbox."""
    started = time.perf_counter()
    sha256, size_bytes = sha256_of(path)
    answer = zygote.dissect(path, sha256)
    report, _ = finish(sha256, size_bytes, path.name, answer, court, None)
    slow = max(report.stages, key=lambda stage: stage.ms)
    return f"{report.verdict}{' partial' if report.partial else ''} (longest: {slow.name} {slow.ms:.0f} ms)", time.perf_counter() - started, answer.cpu_s, answer.peak_rss_bytes / 1e6, answer.level


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("files", nargs="*", type=Path)
    options.add_argument("--size", type=int, default=19, metavar="MIB")
    options.add_argument("--code", type=int, default=7, metavar="MIB")
    options.add_argument("--times", type=int, default=3)
    options.add_argument("--ours-alone", action="store_true", help="androguard is left out")
    given = options.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})      # one core for us, our sandbox, and androguard
    rules, met = shipped("rules") / "apk", True
    court = Court.of(rules)
    with tempfile.TemporaryDirectory() as folder, Zygote(ScanSettings(rules=rules)) as zygote:
        warm = Path(folder) / "warm.apk"
        warm.write_bytes(make_app(AppPlan(1, classes=4)))
        scanned(zygote, court, warm)
        code = given.files or [_made(Path(folder))]
        worst = joined(code, given.size, Path(folder))
        files = [*given.files, _usual(joined(code, given.code, Path(folder)), given.size, Path(folder)), worst]
        for path in files:
            size_bytes = path.stat().st_size
            verdict, seconds, cpu_s, megabytes, level = min((scanned(zygote, court, path) for _ in range(given.times)), key=lambda one: one[1])
            row = f"{path.name[:44]:44} {size_bytes / 1e6:6.1f} MB {seconds:7.3f} s (CPU {cpu_s:.3f}) {megabytes:5.0f} MB {level}  {verdict}"
            met &= path == worst or size_bytes > BAR_BYTES or (seconds <= BAR_S and megabytes <= BAR_MB)
            if not given.ours_alone:
                _, their_seconds, their_megabytes = measured(theirs, path, warm)
                row += f"   androguard {their_seconds:7.2f} s {their_megabytes:6.0f} MB   {their_seconds / seconds:5.0f} times"
                met &= size_bytes < LEAST_BYTES or their_seconds >= BAR_TIMES * seconds
            print(row, flush=True)
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
