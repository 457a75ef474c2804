"""noida-db, a broker from PyPI that speaks the Kafka protocol: takes Apache Kafka's place where Maven Central cannot be reached."""

from __future__ import annotations

import sys
from pathlib import Path

from scripts.servers.broker import Broker, Unreachable
from scripts.servers.kafka import KafkaBroker


class NoidaBroker(Broker):
    """Good enough to try things out and for most tests; it does not miss a member of a group that died."""

    name = "noida-db"

    def _command(self) -> list[str]:
        program = Path(sys.executable).with_name("noida-db")
        if not program.exists():
            raise Unreachable("noida-db is not installed: run make test once, or pip install -r requirements-dev.lock")
        return [str(program), "start", "--only", "kafka", "--kafka-port", str(self.port), "--data-dir", str(self.folder / "data")]


def started_broker(folder: Path) -> Broker:
    """Apache Kafka, or else noida-db, which is then said. Raises Unreachable when neither can be had."""
    try:
        broker: Broker = KafkaBroker(folder / "kafka")
        broker.start()
    except Unreachable as reason:
        sys.stderr.write(f"· no Apache Kafka ({reason}); noida-db takes its place\n")
        broker = NoidaBroker(folder / "noida")
        broker.start()
    return broker
