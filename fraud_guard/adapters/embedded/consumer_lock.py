"""At most one worker of a group reads a log file; the kernel frees the lock of a killed one."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from fraud_guard.errors import DependencyError


class ConsumerLock:
    """An exclusive lock on `<log>.lock`, or `<log>.<group>.lock`, held from `acquire` to `release` or the end of the process."""

    def __init__(self, log_path: Path, group: str = "") -> None:
        self.path = log_path.with_name(".".join(filter(None, (log_path.name, group, "lock"))))
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock; again is harmless. Raises DependencyError naming the process that holds it."""
        if self._descriptor is not None:
            return
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(descriptor, 32).decode("ascii", "replace") or "unknown"
            os.close(descriptor)
            raise DependencyError(
                f"another worker (process {holder}) already consumes this log ({self.path}); "
                "stop it first, or give this one another log file"
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode("ascii"), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Free the lock; the file stays, so that nobody locks a deleted one."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
