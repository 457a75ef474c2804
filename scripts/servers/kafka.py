"""One Apache Kafka broker (KRaft, broker and controller in one process) on free ports of this machine."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from scripts.servers.jars import Unreachable, fetch

START_S = 60.0
CLUSTER_ID = "ZnJhdWRfZ3VhcmRfdGVzdA"
JVM = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={folder}/log
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
"""


class KafkaBroker:
    """A broker with its data in `folder`; it may be killed and started again with the same port and data."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._properties = folder / "server.properties"
        folder.mkdir(parents=True, exist_ok=True)
        self._properties.write_text(PROPERTIES.format(port=self.port, controller=free_port(), folder=folder), encoding="utf-8")
        self._classpath = f"{fetch()}/*"

    @property
    def address(self) -> str:
        """host:port for clients."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start and wait until it takes connections. Raises Unreachable without Java, or when it does not come up."""
        if not (self.folder / "log" / "meta.properties").exists():
            subprocess.run([*self._java(), "kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", self._properties],
                           check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        with (self.folder / "broker.log").open("ab") as log:
            self._process = subprocess.Popen([*self._java(), "kafka.Kafka", str(self._properties)], stdout=log, stderr=log)
        deadline = time.monotonic() + START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                words = (self.folder / "broker.log").read_text(encoding="utf-8", errors="replace")[-2_000:]
                self.kill()
                raise Unreachable(f"Apache Kafka did not come up: {words}")
            time.sleep(0.05)

    def kill(self) -> None:
        """End it by SIGKILL."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it by SIGTERM."""
        self._end(signal.SIGTERM)

    def pause(self, *, paused: bool) -> None:
        """SIGSTOP and SIGCONT."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP if paused else signal.SIGCONT)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(how)
            self._process.wait()

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _java(self) -> list[str]:
        java = shutil.which("java")
        if java is None:
            raise Unreachable("Apache Kafka needs Java 17 or newer: install a JRE (Debian: default-jre-headless)")
        return [java, *JVM, "-cp", self._classpath]


def free_port() -> int:
    """A TCP port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
