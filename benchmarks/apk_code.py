"""Reading code against androguard's full analysis, on the same files in the same run.

    python -m benchmarks.apk_code FILE.apk… [--joined MIB] [--ours-alone]

Each reading has a process of its own, so that its memory is its own. `--joined` adds one APK made of the code of all the
files, repeated up to that size, with a script of 2 MiB. Ours: intake, manifest, fingerprints of all methods, markers,
abilities and indicators. The bar: 10 times as fast on every file of at least 1 MB, and within 400 MB.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import resource
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from apk_analysis.code.reading import read_code
from apk_analysis.indicators.reading import find_indicators
from apk_analysis.intake.archive import open_archive
from apk_analysis.manifest.reading import read_manifest
from datasets.reskin.base_app import AppPlan, make_app
from datasets.reskin.packing import pack, unpack

BAR_TIMES, BAR_MB, LEAST_BYTES = 10, 400, 1_000_000


def ours(path: Path) -> int:
    """The number of methods."""
    archive = open_archive(path.read_bytes())
    manifest = read_manifest(archive)
    code = read_code(archive, manifest)
    find_indicators(archive, manifest, code.strings)
    return code.methods


def theirs(path: Path) -> int:
    """The number of methods, by androguard."""
    from androguard.misc import AnalyzeAPK  # noqa: PLC0415  (costs a second and much memory)
    from loguru import logger  # noqa: PLC0415

    logger.disable("androguard")
    _, files, _ = AnalyzeAPK(str(path))
    return sum(len(file.get_encoded_methods()) for file in files)


def measured(read: Callable[[Path], int], path: Path, warm: Path) -> tuple[int, float, float]:
    """Methods, seconds and MB of one reading in a process of its own; what is loaded once, as by the first sample of a worker, is not counted."""
    here, there = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    worker = context.Process(target=_work, args=(there, read, path, warm))
    worker.start()
    methods, seconds, megabytes = here.recv()
    worker.join()
    return int(methods), float(seconds), float(megabytes)


def _work(answer: Connection, read: Callable[[Path], int], path: Path, warm: Path) -> None:
    read(warm)
    started = time.perf_counter()
    methods = read(path)
    answer.send((methods, time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def joined(paths: list[Path], mebibytes: int, folder: Path) -> Path:
    """One APK of the code of all, repeated up to this size."""
    apps = [unpack(path.read_bytes()) for path in paths]
    members = dict(apps[0])
    code = [content for app in apps for name, content in app.items() if name.endswith(".dex")]
    members["assets/www/app.js"] = b"var a = {url: 'https://api.app.example/v1', k: function(x) { return x + 1 }};\n" * 27_000
    packed_bytes, packed = len(pack(members)), {content: len(zlib.compress(content)) for content in code}
    for number, content in zip(itertools.count(2), itertools.cycle(code), strict=False):
        if packed_bytes >= mebibytes << 20:
            break
        members[f"classes{number}.dex"] = content
        packed_bytes += packed[content]
    path = folder / f"joined-{mebibytes}MiB.apk"
    path.write_bytes(pack(members))
    return path


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("files", nargs="+", type=Path)
    options.add_argument("--joined", type=int, default=0, metavar="MIB")
    options.add_argument("--ours-alone", action="store_true", help="androguard is left out")
    given = options.parse_args()
    met = True
    with tempfile.TemporaryDirectory() as folder:
        warm = Path(folder) / "warm.apk"
        warm.write_bytes(make_app(AppPlan(1, classes=4)))
        files = [*given.files, *([joined(given.files, given.joined, Path(folder))] if given.joined else [])]
        for path in files:
            methods, seconds, megabytes = measured(ours, path, warm)
            row = f"{path.name[:50]:50} {path.stat().st_size / 1e6:6.1f} MB {methods:8,} methods {seconds:7.3f} s {megabytes:6.0f} MB"
            met &= megabytes <= BAR_MB
            if not given.ours_alone:
                other, their_seconds, their_megabytes = measured(theirs, path, warm)
                row += f"   androguard {other:8,} {their_seconds:7.2f} s {their_megabytes:6.0f} MB   {their_seconds / seconds:5.0f} times"
                met &= path.stat().st_size < LEAST_BYTES or their_seconds >= BAR_TIMES * seconds
            print(row, flush=True)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
