"""Named points in a chunk's life where a test may kill the process.

`FG_FAILPOINT=name` or `name:3` (third passage) makes `failpoint(name)` send SIGKILL to
this process. Without it a passage costs one comparison.
"""

from __future__ import annotations

import os
import signal
from collections import Counter

_armed, _, _nth = os.environ.get("FG_FAILPOINT", "").partition(":")
_left = int(_nth or 1)
_passed: Counter[str] | None = None


def failpoint(name: str) -> None:
    """Die here (SIGKILL) if this point is armed; else do nothing."""
    global _left
    if _passed is not None:
        _passed[name] += 1
    if name != _armed:
        return
    _left -= 1
    if _left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)


def arm(name: str, nth: int = 1) -> None:
    """Die at the `nth` passage of `name` from now on; "" disarms."""
    global _armed, _left
    _armed, _left = name, nth


def count() -> Counter[str]:
    """Count passages from now on; the counter fills as the process runs."""
    global _passed
    _passed = Counter()
    return _passed
