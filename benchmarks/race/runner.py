"""One runner in a process of its own: `python -m benchmarks.race.runner ENGINE JOB BROKER TOPIC TAGS FOLDER`."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from benchmarks.race.engines import BY_NAME
from benchmarks.race.jobs import JOBS
from benchmarks.race.meter import Meter
from fraud_guard.app.cli.worker import spare_the_memory


def main(engine: str, job: str, broker: str, topic: str, tags: str, folder: str) -> None:
    """Never returns: the meter ends the process."""
    logging.basicConfig(level=logging.ERROR)
    raced = JOBS[job]()
    spare_the_memory()  # the collector's settings of our worker, for all
    BY_NAME[engine].run(broker, topic, Meter(raced, int(tags)), Path(folder), raced)


if __name__ == "__main__":
    main(*sys.argv[1:])
