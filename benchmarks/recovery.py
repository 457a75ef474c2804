"""How long until new tags are scored again after kill -9 of a worker: started again in its slot, or taken over by the other one.

    python -m benchmarks.recovery [--kills 20]

Two workers share a site on Kafka, Valkey and PostgreSQL; a feeder never pauses. A kill counts as over when every partition
of the log has scored (and committed, which adds up to half a second) a tag that was appended after the kill.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.machine import describe
from benchmarks.worker import mix
from fraud_guard.app.topics import LOG, MIXED
from fraud_guard.errors import DependencyError
from tests.integration.actors import PARTITIONS, Actors
from tests.integration.test_two_workers import members

RATE_PER_S, EVERY_S, LIMIT_S = 500, 0.1, 120.0
BARS_S = {"same slot": 8.0, "take-over": 15.0}


class Feeder:
    """Appends the bench mix to the inlet at a steady rate, over and over, until stopped."""

    def __init__(self, actors: Actors, source: Path) -> None:
        self._actors, self._lines = actors, source.read_bytes().splitlines()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        piece, at = int(RATE_PER_S * EVERY_S), 0
        while not self._stopped.wait(EVERY_S):
            self._actors.log.append_values(MIXED, 0, self._lines[at : at + piece])
            at = (at + piece) % (len(self._lines) - piece)


def recover(actors: Actors, victim: str, *, taken_over: bool) -> float:
    """Seconds from the kill of a worker until every partition scores again."""
    actors.kill(victim)
    began = time.monotonic()
    ends = [actors.log.end(LOG, p) for p in range(PARTITIONS)]
    if not taken_over:
        actors.start(victim)
    wait(actors, lambda: all((actors.log.committed(LOG, p) or 0) > end for p, end in enumerate(ends)))
    took_s = time.monotonic() - began
    if taken_over:
        actors.start(victim)
    settle(actors)
    return took_s


def settle(actors: Actors) -> None:
    """Both workers are members, and every partition goes on."""
    wait(actors, lambda: asyncio.run(members(actors.broker.direct_address)) == len(actors.names))
    ends = [actors.log.end(LOG, p) for p in range(PARTITIONS)]
    wait(actors, lambda: all((actors.log.committed(LOG, p) or 0) > end for p, end in enumerate(ends)))


def wait(actors: Actors, reached: Callable[[], bool]) -> None:
    """Poll until it is reached; who ends by itself is started again, as a service manager does."""
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        actors.mind()
        try:
            if reached():
                return
        except DependencyError:
            pass
        time.sleep(0.05)
    raise TimeoutError(f"nothing new was scored within {LIMIT_S:.0f} s: {actors.words()}")


def main() -> int:
    """Measure and print; exit 1 when a bar is missed."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--kills", type=int, default=20, help="of each kind")
    kills = options.parse_args().kills
    print(describe())
    met = True
    with tempfile.TemporaryDirectory(prefix="fraud-guard-recovery-") as folder, Actors(Path(folder), checkpoint_ms=10_000) as actors:
        feeder = Feeder(actors, mix(Path(folder), 200_000))
        try:
            settle(actors)
            for kind, bar_s in BARS_S.items():
                took_s = sorted(recover(actors, actors.names[n % 2], taken_over=kind == "take-over") for n in range(kills))
                p95_s = took_s[min(len(took_s) - 1, round(0.95 * len(took_s)))]
                met &= p95_s <= bar_s
                print(f"{kind}: n {kills}, p50 {statistics.median(took_s):.1f} s, p95 {p95_s:.1f} s, most {took_s[-1]:.1f} s (bar: p95 ≤ {bar_s:.0f} s)", flush=True)
        finally:
            feeder.stop()
        print(f"ended by themselves, and were started again: {actors.ended}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
