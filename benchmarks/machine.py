"""The machine a figure was measured on, and the cost of a child process."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import time
from pathlib import Path
from typing import NamedTuple


class Cost(NamedTuple):
    """What a finished command cost."""

    cpu_s: float
    wall_s: float
    peak_rss_bytes: int


def describe() -> str:
    """Processor, cores, memory, kernel and Python in one line."""
    info = Path("/proc/cpuinfo").read_text(encoding="utf-8") if Path("/proc/cpuinfo").exists() else ""
    model = next((line.split(":", 1)[1].strip() for line in info.splitlines() if line.startswith("model name")), platform.machine())
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    return (f"{model}, {os.cpu_count()} cores, {memory_gib:.0f} GiB, Linux {platform.release()}, "
            f"Python {platform.python_version()}, load at the start {os.getloadavg()[0]:.1f}")  # fmt: skip


def high_water_bytes(pid: int) -> int:
    """The most memory that a running process has had; what a parent had before it became this process does not count."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def run(*command: str, **environment: str) -> Cost:
    """Run a command to its end. Raises CalledProcessError with what it said."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}  # an installation has its byte code
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    child = subprocess.Popen(command, env={**kept, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, said = child.communicate()
    wall_s, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command, stderr=said[-2_000:])
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(cpu_s, wall_s, after.ru_maxrss * 1024)
