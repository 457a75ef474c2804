"""What the fast part of dissecting costs: directory, manifest and signatures of one APK.

    python -m benchmarks.apk_intake [FILE…]     without files: an APK of 20 MB with 2,000 members, made here
"""

from __future__ import annotations

import io
import os
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from apk_analysis.certificate.verify import verify_signatures
from apk_analysis.intake.archive import Archive, open_archive
from apk_analysis.manifest.reading import read_manifest
from datasets.reskin.axml import Node, write_xml
from datasets.reskin.signing import make_key, sign

SIZE_BYTES = 20 << 20
MEMBERS = 2_000
ROUNDS = 5


def made(schemes: tuple[str, ...]) -> bytes:
    """An APK of random members with a manifest of 200 components."""
    parts = [Node("activity", {"name": f".Screen{number}"}) for number in range(200)]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("AndroidManifest.xml", write_xml(Node("manifest", {"package": "com.example.big"}, [Node("application", {}, parts)])))
        for number in range(MEMBERS):
            archive.writestr(f"assets/{number}.bin", os.urandom(SIZE_BYTES // MEMBERS))
    return sign(out.getvalue(), make_key("rsa"), schemes=schemes)


def best_s(work: Callable[[], object]) -> float:
    """The best of several rounds, in seconds."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


def report(name: str, data: bytes) -> None:
    opened: Archive = open_archive(data)
    directory = best_s(lambda: open_archive(data))
    manifest = best_s(lambda: read_manifest(open_archive(data)))
    signatures = best_s(lambda: verify_signatures(opened))
    result = verify_signatures(opened)
    schemes = "+".join(scheme.name for scheme in result.schemes) or "unsigned"
    print(f"{name}: {len(data) / 1e6:.1f} MB, {len(opened.entries)} members; directory {directory * 1e3:.0f} ms, "
          f"directory and manifest {manifest * 1e3:.0f} ms, signatures ({schemes}) {signatures * 1e3:.0f} ms")  # fmt: skip


def main(files: list[str]) -> None:
    for file in files:
        report(Path(file).name, Path(file).read_bytes())
    if not files:
        report("made", made(("v1", "v2", "v3")))
        report("made", made(("v1",)))


if __name__ == "__main__":
    main(sys.argv[1:])
