"""Faust transport `chunked+kafka://host:port`: the aiokafka driver, with chunks for the topics that ask for them.

Everything about chunks is `adapters.chunking`; what is here joins it to the driver. The package registers
the scheme under the entry point group `faust.transports`; `register()` does it for a tree that is not installed.
"""

from __future__ import annotations

from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer
from faust.transport.drivers import TRANSPORTS, aiokafka
from faust.types import TP
from yarl import URL

from fraud_guard.adapters.chunking import ChunkingMixin, PositionHook, ReleaseHook
from fraud_guard.errors import ConfigurationError

SCHEME = "chunked+kafka"
FETCH_WAIT_MS = 25
"""How long a broker may hold a fetch that finds nothing. The driver has one fetch under way a broker: while one waits for a quiet
topic, a busy one that was just read waits with it, and a tag passes four topics on its way to an order."""


class ConsumerThread(aiokafka.AIOKafkaConsumerThread):
    """Faust's, with a shorter wait: there 1,500 ms are fixed."""

    def _create_worker_consumer(self, transport: aiokafka.Transport) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS  # noqa: SLF001  no setting of Faust reaches it
        return consumer


class Consumer(ChunkingMixin, aiokafka.Consumer):
    """A member of the group; consecutive records of a partition arrive as one event."""

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Also go to the start of a partition that nothing was committed of: the driver leaves it where it is."""
        committed = await super().seek_to_committed()
        new = [tp for tp in self.assignment() if not committed.get(tp)]
        starts = await self.earliest_offsets(*new) if new else {}
        for tp, offset in starts.items():
            await self._seek(tp, offset)
        return {**committed, **starts}


class Transport(aiokafka.Transport):
    """Connects a Faust app to the brokers of its URL."""

    Consumer = Consumer
    driver_version = f"{SCHEME} on {aiokafka.Transport.driver_version}"

    on_assigned: PositionHook | None = None
    """Set it to start reading at the application's own positions instead of the committed offsets."""
    on_revoked: ReleaseHook | None = None
    """Set it to store what is known before other workers may get the partitions."""


def broker_url(servers: str) -> list[URL]:
    """The broker URLs of `host:port,host:port`. Raises ConfigurationError when one is none."""
    urls = []
    for server in filter(None, (part.strip() for part in servers.split(","))):
        url = URL(f"{SCHEME}://{server}")
        if not url.host or url.path not in {"", "/"}:
            raise ConfigurationError(f"kafka {servers!r}: {server!r} is no broker; write them as host:9092,host:9092")
        urls.append(url)
    if not urls:
        raise ConfigurationError("kafka names no broker; write them as host:9092,host:9092")
    return urls


def register() -> None:
    """Make Faust know the scheme without the package's entry point."""
    TRANSPORTS.aliases[SCHEME] = f"{__name__}:{Transport.__name__}"
