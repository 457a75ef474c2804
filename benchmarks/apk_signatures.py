"""How often the checker of signatures agrees with the verdict in the names of the AOSP apksig test vectors.

    python -m benchmarks.apk_signatures FOLDER     FOLDER: the *.apk of apksig's src/test/resources

A name says that a vector must not verify by words such as "does-not-verify", "mismatch" or "stripped". Judged is
what the newest platform does. Vectors that are no app at all (no entries) must be refused as unreadable.
"""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path

from apk_analysis.certificate.verify import verify_signatures
from apk_analysis.errors import ApkError
from apk_analysis.intake.archive import open_archive

REFUSED = re.compile(
    r"does-not-verify|mismatch(?!ed)|stripped|wrong-(?!order|in)|broken|no-certs|no-sig|no-supported|missing-(?!class)|truncated|garbage"
    r"|invalid|multiple-good|sha(384|512)-2\.16\.840\.1\.101\.3\.4\.3|sha256-wrong|-(cr|lf)-in|golden-\w+(-\w+)?-in\b|golden-\w+-in"
    r"|v[123]-only-empty|unsigned|-only-targetSandboxVersion-2$"
)
# Android 7 and newer tries the second signer of a block when the first is of another file or content type.
TAKEN = re.compile(r"signerInfo1-wrong-|v2-only-target|weird-compression|original|mismatched-compression|v1-with-")
SANDBOX = re.compile(r"targetSandboxVersion-(\d)")


def main(folder: Path) -> int:
    agreed, wrong, started = 0, [], time.perf_counter()
    files = sorted(folder.glob("*.apk"))
    for file in files:
        name = file.name.removesuffix(".apk").removesuffix(".apk")
        sandbox = SANDBOX.search(name)
        expected = not REFUSED.search(name) or bool(TAKEN.search(name))
        try:
            result = verify_signatures(open_archive(file.read_bytes()), target_sandbox=int(sandbox[1]) if sandbox else 1)
            accepted = result.accepted
        except ApkError:
            accepted = False
        agreed += accepted == expected
        if accepted != expected:
            wrong.append(f"{name}: {'accepted' if accepted else 'refused'}")
    print(*wrong, sep="\n")
    print(f"{agreed} of {len(files)} agree ({agreed / max(len(files), 1):.1%}), {time.perf_counter() - started:.1f} s")
    return 0 if files and agreed >= 0.99 * len(files) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
