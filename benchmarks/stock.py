"""The same job as Faust's documentation teaches it: an agent that takes one event at a time.

Everything per event is plain Python: decoding, the same normalisation, tokens and texts,
and the one-tag-at-a-time reference scorer with the shipped rules. With a
table its subjects outlive a crash. It has no vault, no second log and no truth.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import traceback
from base64 import b64encode
from pathlib import Path

import faust

from benchmarks.machine import Cost, run
from benchmarks.worker import mix
from fraud_guard.adapters.embedded.registry import open_log
from fraud_guard.adapters.embedded.transport import register
from fraud_guard.adapters.quiet_app import QuietApp
from fraud_guard.app.rule_files import load_generation
from fraud_guard.door.decode import decode
from fraud_guard.door.opinions import shipped_opinions
from fraud_guard.door.tokens import Tokeniser
from fraud_guard.log import Record
from fraud_guard.shipped import shipped
from fraud_guard.tags.block import ROW
from fraud_guard.tags.kinds import Flag
from tests.reference.model import PlainScorer
from tests.reference.plain_door import PlainRowMaker

LATE, NIGHT = int(Flag.LATE), int(Flag.NIGHT)
BLANK: dict[str, object] = dict.fromkeys(ROW.names or (), 0)
"""What the plain door does not fill: no model, no peer stage."""


class PerEventScorer(PlainScorer):
    """The reference as a sensible author would write it for a stream: only the tag's own subject is looked at."""

    token = b""

    def tick(self, watermark_ms: int, position: int) -> None:
        """Let what is due for this subject strike."""
        self.watermark_ms = max(self.watermark_ms, watermark_ms)
        if self.token in self.subjects:
            self._settle(self.token, self.watermark_ms, position)


def stock(folder: Path, tags: int, *, with_table: bool) -> Cost:
    """Run the stock agent over the first `tags` of the mix; without a table it forgets all in a crash."""
    kept = "table" if with_table else "nothing"
    return run(sys.executable, "-m", "benchmarks.stock", str(mix(folder, tags)), str(folder / f"stock-{tags}-{kept}.db"), kept)


def main(source: str, path: str, kept: str) -> None:
    """One process: fill a topic, then let a stock agent take it event by event."""
    lines = Path(source).read_bytes().splitlines()
    log = open_log(path)
    log.declare("events", 1)
    for i in range(0, len(lines), 1_000):
        log.append("events", 0, [Record(None, line) for line in lines[i : i + 1_000]])
    register()
    app = QuietApp("stock", broker=f"embedded://{path}", value_serializer="raw", topic_partitions=1,
                   stream_buffer_maxsize=65_536, datadir=f"{path}.faust", topic_disable_leader=True)  # fmt: skip
    take_events(app, len(lines), with_table=kept == "table")
    app.conf.Worker(app, loglevel="WARN", quiet=True).execute_from_commandline()


def take_events(app: faust.App, last: int, *, with_table: bool) -> None:
    """An agent with a table, as in the documentation's word count."""
    generation, _ = load_generation(shipped("rules"))
    scorer = PerEventScorer([r.rule for r in generation.book.rules], generation.policies.fusion, generation.policies.escalation)
    rows, watermark_ms, seen = PlainRowMaker(Tokeniser(bytes(32)), {}, shipped_opinions()), 0, 0
    table = app.Table("subjects", partitions=1) if with_table else None  # its changelog is JSON, so a subject goes there as text

    def take(line: bytes) -> None:
        nonlocal seen, watermark_ms
        draft = rows.make(decode(line), seen)
        watermark_ms = max(watermark_ms, draft.ts_ms)
        flags = draft.flags | (LATE if draft.ts_ms < watermark_ms else 0) | (NIGHT if is_night(draft.ts_ms) else 0)
        scorer.token = draft.token
        scorer.tag(BLANK | draft._asdict() | {"flags": flags, "watermark_ms": watermark_ms, "position": seen})
        if table is not None and draft.token in scorer.subjects:
            table[draft.token.hex()] = b64encode(pickle.dumps(scorer.subjects[draft.token])).decode()
        seen += 1

    @app.agent(app.topic("events", value_serializer="raw"))
    async def score(stream: faust.StreamT[bytes]) -> None:
        async for line in stream:
            try:
                take(line)
            except Exception:  # noqa: BLE001  the process boundary: Faust would begin anew and wait for ever for the lost event
                traceback.print_exc()
                os._exit(1)
            if seen == last:
                os.kill(os.getpid(), signal.SIGTERM)


def is_night(ts_ms: int) -> bool:
    """22:00 to 06:00 in China."""
    return (ts_ms // 3_600_000 + 10) % 24 < 8


if __name__ == "__main__":
    main(*sys.argv[1:])
