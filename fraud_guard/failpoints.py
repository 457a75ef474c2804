"""Named points in a chunk's life where a test may kill the process.

`FG_FAILPOINT=name` or `name:3` (third passage) makes `failpoint(name)` send SIGKILL to
this process. Without the variable a passage costs one comparison.
"""

from __future__ import annotations

import os
import signal

NAMES: list[str] = []
"""Every failpoint in the product, in the order of a chunk's life; tests iterate over it."""

_armed, _, _nth = os.environ.get("FG_FAILPOINT", "").partition(":")
_left = int(_nth or 1)


def failpoint(name: str) -> None:
    """Die here (SIGKILL) if the environment armed this point; else do nothing."""
    global _left
    if name != _armed:
        return
    _left -= 1
    if _left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
