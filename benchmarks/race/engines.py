"""Who races. Each takes records from the topic as its documentation says is fast (chunks) or teaches first (events).

A function gets the broker, the topic, the meter and a folder; the meter ends the process, so none returns. Frameworks are imported where
they run: one that is not installed is told apart from one that fails.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.race.meter import Meter

CHUNK = 1_000
GROUP = f"race-{os.getpid()}"
"""A new one in every process: it begins at the first record."""


class Entry(NamedTuple):
    """One row of a race. `needs`: the module that must be importable; `job`: of `jobs.JOBS`."""

    name: str
    needs: str
    run: Callable[[str, str, Meter, Path, Any], None]


def ours(broker: str, topic: str, meter: Meter, folder: Path, _job: Any) -> None:
    """Our transport: consecutive records are one event."""
    from fraud_guard.adapters.chunking import ChunkSchema  # noqa: PLC0415
    from fraud_guard.adapters.kafka.transport import broker_url, register  # noqa: PLC0415

    register()
    app = _faust(broker_url(broker), folder, stream_buffer_maxsize=16)

    @app.agent(app.topic(topic, schema=ChunkSchema(CHUNK)))
    async def score(stream: Any) -> None:
        async for event in stream.noack().events():
            meter.chunk([record.value for record in event.value])
            event.ack()

    _work(app)


def faust_take(broker: str, topic: str, meter: Meter, folder: Path, _job: Any) -> None:
    """Stock Faust, `take`."""
    app = _faust(f"kafka://{broker}", folder, stream_buffer_maxsize=65_536)

    @app.agent(app.topic(topic, value_serializer="raw"))
    async def score(stream: Any) -> None:
        async for values in stream.take(CHUNK, within=0.2):
            meter.chunk(values)

    _work(app)


def quix_batches(broker: str, topic: str, meter: Meter, folder: Path, _job: Any) -> None:
    """Quix Streams has no batches of its own but in a sink, at each checkpoint."""
    from quixstreams.sinks import BatchingSink  # noqa: PLC0415

    class Sink(BatchingSink):
        def write(self, batch: Any) -> None:
            for some in batch.iter_chunks(CHUNK):
                meter.chunk([item.value for item in some])

    app = _quix(broker, folder, commit_every=10 * CHUNK)
    app.dataframe(_quix_topic(app, topic)).sink(Sink())
    app.run()


def bytewax_batches(broker: str, topic: str, meter: Meter, _folder: Path, _job: Any) -> None:
    """bytewax hands over what its source polled at once."""
    from bytewax import operators as op  # noqa: PLC0415

    def take(messages: list[Any]) -> list[Any]:
        meter.chunk([message.value for message in messages])
        return []

    _bytewax(broker, topic, lambda stream: op.flat_map_batch("take", stream, take))


def confluent_chunks(broker: str, topic: str, meter: Meter, _folder: Path, _job: Any) -> None:
    """The bare client of librdkafka, `consume`."""
    consumer = _confluent(broker, topic)
    while True:
        messages = consumer.consume(CHUNK, 0.2)
        if messages:
            meter.chunk([message.value() for message in messages])


def confluent_events(broker: str, topic: str, meter: Meter, _folder: Path, _job: Any) -> None:
    """The poll loop of every tutorial."""
    consumer = _confluent(broker, topic)
    while True:
        message = consumer.poll(1.0)
        if message is not None and not message.error():
            meter.event(message.value())


def aiokafka_events(broker: str, topic: str, meter: Meter, _folder: Path, _job: Any) -> None:
    """`async for` of the asyncio client."""
    from aiokafka import AIOKafkaConsumer  # noqa: PLC0415

    async def loop() -> None:
        async with AIOKafkaConsumer(topic, bootstrap_servers=broker, group_id=GROUP, auto_offset_reset="earliest") as consumer:
            async for message in consumer:
                meter.event(message.value)

    asyncio.run(loop())


def faust_events(broker: str, topic: str, meter: Meter, folder: Path, _job: Any) -> None:
    """An agent that takes one event at a time and keeps a dict."""
    app = _faust(f"kafka://{broker}", folder, stream_buffer_maxsize=65_536)

    @app.agent(app.topic(topic, value_serializer="raw"))
    async def score(stream: Any) -> None:
        async for line in stream:
            meter.event(line)

    _work(app)


def faust_table(broker: str, topic: str, meter: Meter, folder: Path, job: Any) -> None:
    """The same with a Table and its changelog."""
    app = _faust(f"kafka://{broker}", folder, stream_buffer_maxsize=65_536)
    table = app.Table("subjects", partitions=1)

    @app.agent(app.topic(topic, value_serializer="raw"))
    async def score(stream: Any) -> None:
        async for line in stream:
            subject = job.subject_of(line)
            table[subject] = meter.step(job.step, line, table.get(subject))

    _work(app)


def quix_events(broker: str, topic: str, meter: Meter, folder: Path, _job: Any) -> None:
    """`sdf.update` with a dict."""
    app = _quix(broker, folder)
    app.dataframe(_quix_topic(app, topic)).update(meter.event)
    app.run()


def quix_state(broker: str, topic: str, meter: Meter, folder: Path, job: Any) -> None:
    """`sdf.update` with the state that Quix keeps for the message's key."""
    app = _quix(broker, folder)

    def step(line: bytes, state: Any) -> None:
        state.set("windows", meter.step(job.step, line, state.get("windows")))

    app.dataframe(_quix_topic(app, topic)).update(step, stateful=True)
    app.run()


def bytewax_events(broker: str, topic: str, meter: Meter, _folder: Path, _job: Any) -> None:
    """`op.map` with a dict."""
    from bytewax import operators as op  # noqa: PLC0415

    _bytewax(broker, topic, lambda stream: op.map("take", stream, lambda message: meter.event(message.value)))


def bytewax_state(broker: str, topic: str, meter: Meter, _folder: Path, job: Any) -> None:
    """`op.stateful_map` by the message's key."""
    from bytewax import operators as op  # noqa: PLC0415

    def step(state: Any, message: Any) -> tuple[Any, None]:
        return meter.step(job.step, message.value, state), None

    def build(stream: Any) -> Any:
        return op.stateful_map("take", op.key_on("key", stream, lambda message: message.key.decode()), step)

    _bytewax(broker, topic, build)


def _faust(broker: Any, folder: Path, **settings: Any) -> Any:
    from fraud_guard.adapters.quiet_app import QuietApp  # noqa: PLC0415  Faust without its web server, which nobody needs here
    from fraud_guard.app.wiring import GROUP as TIMES  # noqa: PLC0415

    return QuietApp(
        GROUP, broker=broker, value_serializer="json", topic_allow_declare=True, topic_disable_leader=True, topic_partitions=1,
        topic_replication_factor=1, stream_wait_empty=False, stream_recovery_delay=0.0, consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=8 << 20, datadir=str(folder / "faust"), **TIMES, **settings,
    )  # fmt: skip


def _work(app: Any) -> None:
    worker = app.conf.Worker(app, loglevel="WARN", quiet=True, redirect_stdouts=False)
    worker.spinner = None
    worker.execute_from_commandline()


def _quix(broker: str, folder: Path, **settings: Any) -> Any:
    from quixstreams import Application  # noqa: PLC0415

    return Application(broker, consumer_group=GROUP, auto_offset_reset="earliest", loglevel="ERROR", state_dir=folder / "quix", **settings)


def _quix_topic(app: Any, topic: str) -> Any:
    return app.topic(topic, value_deserializer="bytes", key_deserializer="bytes")


def _bytewax(broker: str, topic: str, build: Callable[[Any], Any]) -> None:
    from bytewax import operators as op  # noqa: PLC0415
    from bytewax.connectors.kafka import operators as kafka  # noqa: PLC0415
    from bytewax.connectors.stdio import StdOutSink  # noqa: PLC0415
    from bytewax.dataflow import Dataflow  # noqa: PLC0415
    from bytewax.testing import run_main  # noqa: PLC0415

    flow = Dataflow("race")
    records = kafka.input("in", flow, brokers=[broker], topics=[topic], batch_size=CHUNK)
    nothing = op.filter("nothing", build(records.oks), lambda _: False)
    op.output("out", nothing, StdOutSink())
    run_main(flow)


def _confluent(broker: str, topic: str) -> Any:
    from confluent_kafka import Consumer  # noqa: PLC0415

    consumer = Consumer({"bootstrap.servers": broker, "group.id": GROUP, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    return consumer


OURS = Entry("fraud_guard: chunks of our transport", "fraud_guard", ours)
BARE = Entry("confluent-kafka: a bare consume(1000) loop", "confluent_kafka", confluent_chunks)
STOCK = Entry("stock Faust: agent", "faust", faust_events)
ENGINES = (
    OURS, BARE, Entry("stock Faust: take(1000)", "faust", faust_take), Entry("Quix Streams: batches of a sink", "quixstreams", quix_batches),
    Entry("bytewax: flat_map_batch", "bytewax", bytewax_batches),
)  # fmt: skip
IDIOMS = (
    STOCK, Entry("Quix Streams: update", "quixstreams", quix_events), Entry("bytewax: map", "bytewax", bytewax_events),
    Entry("confluent-kafka: poll loop", "confluent_kafka", confluent_events), Entry("aiokafka: async for", "aiokafka", aiokafka_events),
)  # fmt: skip
STATEFUL = (
    Entry("stock Faust: agent with a Table", "faust", faust_table), Entry("Quix Streams: update with state", "quixstreams", quix_state),
    Entry("bytewax: stateful_map", "bytewax", bytewax_state),
)  # fmt: skip
BY_NAME = {entry.run.__name__: entry for entry in (*ENGINES, *IDIOMS, *STATEFUL)}
