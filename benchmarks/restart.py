"""How long a worker needs after kill -9 until it is level with a feed of 5,000 tags/s that never paused.

Three processes: a feeder that appends to the inlet at a steady rate, and a worker that is
killed and started again. Level means: less than a second of tags waits at the door or in the log.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.worker import mix
from fraud_guard.adapters.embedded.log import EmbeddedLog
from fraud_guard.adapters.sealing import Keys, Sealer
from fraud_guard.app.settings import read, site_key
from fraud_guard.app.topics import LOG, MIXED
from fraud_guard.log import Record

RATE_PER_S = 5_000
BEFORE_S = 25.0
LIMIT_S = 60.0
WARM_TAGS = 300_000


def restart(folder: Path, tags: int = 600_000) -> tuple[float, float]:
    """(seconds from the restart until level, seconds of those until the first new tag was scored)."""
    data, progress = folder / "restart", folder / "progress.json"
    worker = _start("worker", data, progress)
    feeder = _start("feeder", data, mix(folder, tags))
    try:
        _wait(progress, lambda p: p["scored"] > 0)
        time.sleep(BEFORE_S)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        before = json.loads(progress.read_text())["scored"]
        progress.unlink()
        began = time.monotonic()
        worker = _start("worker", data, progress)
        first_s = _wait(progress, lambda p: p["position"] > before) - began
        level_s = _wait(progress, lambda p: p["waiting"] < RATE_PER_S and p["position"] > before) - began
    finally:
        for child in (feeder, worker):
            child.kill()
            child.wait()
    return level_s, first_s


def _start(role: str, *arguments: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "benchmarks.restart", role, *map(str, arguments)], stderr=subprocess.DEVNULL)


def _wait(path: Path, until: object) -> float:
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        try:
            if until(json.loads(path.read_text())):
                return time.monotonic()
        except (OSError, ValueError):
            pass
        time.sleep(0.02)
    raise TimeoutError(f"not level within {LIMIT_S:.0f} s")


def feeder(data: Path, source: Path) -> None:
    """Append the source at a steady rate, whatever the worker does."""
    seal = Sealer(Keys.from_site_key(site_key(read(data_dir=data))).log)
    while not (data / "log.db").exists():
        time.sleep(0.1)
    log = EmbeddedLog(data / "log.db", seal=seal.seal, unseal=seal.unseal)
    lines, began = source.read_bytes().splitlines(), time.monotonic()
    for i in range(0, len(lines), 250):
        log.append(MIXED, 0, [Record(None, line) for line in lines[i : i + 250]])
        time.sleep(max(0.0, began + (i + 250) / RATE_PER_S - time.monotonic()))


def worker(data: Path, progress: Path) -> None:
    """The ordinary worker, which also says every 100 ms how far it is."""
    from fraud_guard.app.cli.worker import build, work  # noqa: PLC0415

    site, app = build(read(data_dir=data, idle_ms=60_000))

    @app.task
    async def tell() -> None:
        while True:
            one = site.scorers.get(0)
            if one is not None:
                at_door = site.log.end(MIXED, 0) - site.door_offset
                state = {"scored": one.counts["scored"], "position": one.memory.position,
                         "waiting": at_door + 1_000 * (site.log.end(LOG, 0) - one.next_offset)}  # fmt: skip
                state["scored"] = state["position"]
                progress.with_suffix(".new").write_text(json.dumps(state))
                os.replace(progress.with_suffix(".new"), progress)  # noqa: PTH105
            await asyncio.sleep(0.1)

    raise SystemExit(work(app, site))


if __name__ == "__main__":
    {"feeder": feeder, "worker": worker}[sys.argv[1]](*map(Path, sys.argv[2:]))
