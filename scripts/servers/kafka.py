"""One Apache Kafka broker (KRaft, broker and controller in one process) on free ports of this machine."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from scripts.servers.broker import Broker, Unreachable, free_port
from scripts.servers.certificates import make
from scripts.servers.jars import fetch

USER, PASSWORD = "guard", "hush-hush"
CLUSTER_ID = "ZnJhdWRfZ3VhcmRfdGVzdA"
JVM = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},DIRECT://127.0.0.1:{direct},CONTROLLER://127.0.0.1:{controller},SASL_SSL://127.0.0.1:{guarded}
advertised.listeners=PLAINTEXT://127.0.0.1:{told},DIRECT://127.0.0.1:{direct},SASL_SSL://127.0.0.1:{guarded}
controller.listener.names=CONTROLLER
inter.broker.listener.name=DIRECT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,DIRECT:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL
ssl.keystore.type=PEM
ssl.keystore.location={certificate}
sasl.enabled.mechanisms=PLAIN
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_{user}="{password}";
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


class KafkaBroker(Broker):
    """Broker and controller in one process; `told`: the port that it tells clients, when something stands before it.

    Raises Unreachable without Java or jars.
    """

    name = "Apache Kafka"

    def __init__(self, folder: Path, told: int | None = None) -> None:
        super().__init__(folder)
        self._properties = folder / "server.properties"
        certificate, self.ca = make(folder)
        self._guarded, self._direct = free_port(), free_port()
        text = PROPERTIES.format(
            port=self.port, told=told or self.port, direct=self._direct, controller=free_port(), guarded=self._guarded, certificate=certificate,
            user=USER, password=PASSWORD, folder=folder,
        )  # fmt: skip
        self._properties.write_text(text, encoding="utf-8")
        java = shutil.which("java")
        if java is None:
            raise Unreachable("it needs Java 17 or newer: install a JRE (Debian: default-jre-headless)")
        self._java = [java, *JVM, "-cp", f"{fetch()}/*"]

    @property
    def direct_address(self) -> str:
        """host:port past whatever stands before it."""
        return f"127.0.0.1:{self._direct}"

    @property
    def guarded_address(self) -> str:
        """host:port where it asks for TLS (by `ca`) and for USER with PASSWORD."""
        return f"127.0.0.1:{self._guarded}"

    def start(self) -> None:
        """As every broker; the first time its folder is laid out."""
        if not (self.folder / "log" / "meta.properties").exists():
            subprocess.run([*self._java, "kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", self._properties],
                           check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        super().start()

    def _command(self) -> list[str]:
        return [*self._java, "kafka.Kafka", str(self._properties)]
