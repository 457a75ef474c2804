"""How long from a tag to the order it causes: from the moment the tag was due at the inlet to the order's record in the topic `orders`.

The feed keeps its pace whatever the workers do (a tag that could not be appended in time counts from when it was due). An order is traced
through the alert's change to the tag of that subject and time that caused it; orders that a timer caused have no such tag and are left out.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from benchmarks.river.river import KEY, River, Shape, lines_of, river
from fraud_guard.adapters.kafka.log import KafkaLog
from fraud_guard.adapters.sealing import Keys
from fraud_guard.app.topics import ALERTS, ORDERS
from fraud_guard.door.numbers import normalise
from fraud_guard.door.tokens import Tokeniser
from fraud_guard.log import StoredRecord

VICTIMS_PER_S = 10
"""A stranger's call from overseas, and seconds later calls are forwarded: a rule of its own orders a visit. So many begin beside the mix."""
STEPS = (
    (0, {"peer": "0085253000123", "phase": "start", "call_id": "a"}), (1, {"peer": "0085253000123", "phase": "answer", "call_id": "a"}),
    (3, {"peer": "+8619910009005", "phase": "start", "call_id": "b", "forwarded": True}),
)  # fmt: skip
"""Seconds after the first, and what is sent then."""
LEAD_S = 3.0
TAGS_MADE_PER_MS = 50
"""How fast the mix is made at least, so that the feed begins when it is there."""
TICK_S = 0.005


class Waited(NamedTuple):
    """Milliseconds from tag to order: how many orders, and how long half, 95 % and 99 % of them took at most."""

    rate_per_s: int
    partitions: int
    orders: int
    p50_ms: float
    p95_ms: float
    p99_ms: float


class _Tag(msgspec.Struct):
    subject: str
    ts_ms: int


def latency(folder: Path, rate_per_s: int, seconds: float, settle_s: float, partitions: int = 1) -> Waited:
    """Feed one worker at a steady rate; tags due in the first `settle_s` seconds are not counted."""
    shape = Shape(int(rate_per_s * seconds), warm=0, log_partitions=partitions)
    print(f"· latency at {rate_per_s:,} tags/s for {seconds:.0f} s, {partitions} partition(s)", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix="river-") as here, river(Path(here), shape) as one:
        began_ms = int((time.time() + LEAD_S) * 1000) + shape.tags // TAGS_MADE_PER_MS
        tags = schedule(shape, began_ms, rate_per_s)
        pace(one, tags)
        one.wait()
        time.sleep(1)  # the outbox looks every 100 ms
        due_ms = {key: due for (due, _), key in zip(tags, _keys(line for _, line in tags), strict=True)}
        waited = list(_waited_ms(one.log, due_ms, began_ms + 1000 * settle_s))
    if not waited:
        raise RuntimeError("no order came of the feed")
    return Waited(rate_per_s, partitions, len(waited), *np.percentile(waited, (50, 95, 99)).tolist())


def schedule(shape: Shape, began_ms: int, rate_per_s: int) -> list[tuple[float, bytes]]:
    """Tags and when each is due: the mix, and victims beside it."""
    due = [(began_ms + 1000 * i / rate_per_s, line) for i, line in enumerate(lines_of(shape, began_ms, rate_per_s=float(rate_per_s)))]
    for n in range(int(shape.tags / rate_per_s * VICTIMS_PER_S)):
        for k, (after_s, what) in enumerate(STEPS):
            at_ms = began_ms + 1000 * n // VICTIMS_PER_S + 1000 * after_s
            tag = {"id": f"victim-{n}-{k}", "source": "bench", "channel": "call", "direction": "in", "ts_ms": at_ms, "subject": f"victim-{n}"}
            due.append((at_ms, json.dumps(tag | what).encode()))
    return sorted(due)


def pace(one: River, tags: Sequence[tuple[float, bytes]]) -> None:
    """Append each tag when it is due."""
    sent = 0
    while sent < len(tags):
        now_ms, upto = time.time() * 1000, sent
        while upto < len(tags) and tags[upto][0] <= now_ms:
            upto += 1
        if upto > sent:
            one.feed([line for _, line in tags[sent:upto]])
            sent = upto
        time.sleep(TICK_S)


def _keys(lines: Iterable[bytes]) -> Iterator[tuple[str, int]]:
    tokens = Tokeniser(Keys.from_site_key(KEY).token)
    for line in lines:
        tag = msgspec.json.decode(line, type=_Tag)
        yield tokens.token(normalise(tag.subject)).hex(), tag.ts_ms


def _waited_ms(log: KafkaLog, due_ms: dict[tuple[str, int], float], from_ms: float) -> Iterator[float]:
    changes = {(c["alert_id"], c["ts_ms"]): c["subject"] for c in map(_json, _all(log, ALERTS)) if c["change"] in ("raised", "escalated")}
    for record in _all(log, ORDERS):
        order = _json(record)
        subject = changes.get((order["alert_id"], order["issued_ms"]))
        due = due_ms.get((subject or "", order["issued_ms"]))
        if order["state"] == "issued" and due is not None and due >= from_ms:
            yield record.timestamp_ms - due


def _all(log: KafkaLog, topic: str) -> Iterator[StoredRecord]:
    offset = 0
    while some := log.read(topic, 0, offset, 1_000):
        yield from some
        offset = some[-1].offset + 1


def _json(record: StoredRecord) -> dict:
    return json.loads(record.value)
