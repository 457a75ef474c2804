"""A real worker for the tests of the embedded transport, run as `faust -A embedded_worker worker` or alone.

Environment: EW_LOG (the file), EW_FAIL (value of the record at which the agent raises).
It prints `ready`, then one line a chunk: partition, first and last offset, joined values.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import faust

from fraud_guard.adapters.chunking import ChunkSchema
from fraud_guard.adapters.embedded.transport import register
from fraud_guard.adapters.quiet_app import QuietApp

register()
app = QuietApp(
    "embedded-worker",
    broker=f"embedded://{os.environ['EW_LOG']}",
    topic_partitions=2,
    topic_disable_leader=True,
    stream_buffer_maxsize=16,
    stream_recovery_delay=0.0,
    stream_wait_empty=False,
    broker_commit_interval=60.0,  # so that what is committed was committed by the shutdown
    datadir=Path(os.environ["EW_LOG"]).parent,
)


def say(*words: object) -> None:
    print(*words, file=sys.__stdout__, flush=True)


@app.on_rebalance_complete.connect
async def on_ready(*_: Any, **__: Any) -> None:
    say("ready")


@app.agent(app.topic("t", schema=ChunkSchema(max_records=10)))
async def chunks(stream: faust.Stream) -> None:
    async for event in stream.noack().events():
        values = [record.value.decode() for record in event.value]
        if os.environ.get("EW_FAIL") in values:
            say("failing")
            raise RuntimeError("asked to fail")
        say(event.value[0].partition, event.value[0].offset, event.value[-1].offset, ",".join(values))
        event.ack()


if __name__ == "__main__":
    faust.Worker(app, loglevel="WARN").execute_from_commandline()
