"""A real worker for the tests of the Kafka transport.

Environment: KW_BROKER, KW_FOLDER, KW_FAIL (value of a record at which it dies without a word), KW_REWIND (value of a
record at which it goes back, once, to what is committed), KW_NAME.
Among what Faust says it prints a line `ready`, then one a chunk: `chunk`, partition, first and last offset, joined values.
"""

from __future__ import annotations

import os
import signal
from typing import Any

import faust

from fraud_guard.adapters.chunking import ChunkSchema
from fraud_guard.adapters.kafka.transport import broker_url, register
from fraud_guard.adapters.quiet_app import QuietApp

register()
app = QuietApp(
    "kafka-worker",
    broker=broker_url(os.environ["KW_BROKER"]),
    consumer_group_instance_id=os.environ.get("KW_NAME"),
    topic_allow_declare=False,
    topic_disable_leader=True,
    stream_buffer_maxsize=16,
    stream_recovery_delay=0.0,
    stream_wait_empty=False,
    consumer_auto_offset_reset="earliest",
    broker_commit_interval=0.2,
    broker_session_timeout=6,
    broker_heartbeat_interval=1,
    broker_rebalance_timeout=6,
    datadir=os.environ["KW_FOLDER"],
)


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


@app.on_rebalance_complete.connect
async def on_ready(*_: Any, **__: Any) -> None:
    say("\nready")


@app.agent(app.topic("t", schema=ChunkSchema(max_records=100)))
async def chunks(stream: faust.Stream) -> None:
    rewind = list(filter(None, [os.environ.get("KW_REWIND")]))
    async for event in stream.noack().events():
        values = [record.value.decode() for record in event.value]
        if os.environ.get("KW_FAIL") in values:
            os.kill(os.getpid(), signal.SIGKILL)
        if rewind and rewind[-1] in values:
            say("rewinds", rewind.pop())
            await app.consumer.perform_seek()
            continue
        say("chunk", event.value[0].partition, event.value[0].offset, event.value[-1].offset, ",".join(values))
        event.ack()


if __name__ == "__main__":
    faust.Worker(app, loglevel="WARN").execute_from_commandline()
