"""What the door's steps cost, in this process: microseconds of CPU a tag on the bench mix."""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks.worker import mix
from fraud_guard.door.arrival import ClockArrival
from fraud_guard.door.decode import decode
from fraud_guard.door.door import Door
from fraud_guard.door.opinions import shipped_opinions
from fraud_guard.door.tokens import Tokeniser
from fraud_guard.tags.block import Block, encode_block

CHUNK = 1_000


def door(folder: Path, tags: int = 200_000) -> dict[str, float]:
    """Microseconds a tag: decoding alone, decoding to rows (caches warm), block and Arrow."""
    lines = mix(folder, tags).read_bytes().splitlines()
    one = Door(Tokeniser(bytes(32)), ClockArrival(lambda: 4_000_000_000_000), opinions=shipped_opinions())
    chunks = [lines[i : i + CHUNK] for i in range(0, len(lines), CHUNK)]
    for chunk in chunks:
        one.take(chunk, range(CHUNK))
    decoding = _us_a_tag(chunks, lambda chunk: [decode(line) for line in chunk])
    reading = _us_a_tag(chunks, lambda chunk: one.take(chunk, range(CHUNK)))
    waiting = [one.take(chunk, range(CHUNK)) for chunk in chunks[:50]]
    packing = _us_a_tag(waiting, lambda some: _packed(one, some))
    return {"decode": decoding, "decode to rows, caches warm": reading, "block and Arrow": packing}


def _packed(one: Door, waiting: Block) -> bytes:
    block = one.block(waiting)
    return encode_block(block.rows, block.ids, block.sources, block.hosts)


def _us_a_tag(chunks: list, act: object) -> float:
    began = time.process_time()
    for chunk in chunks:
        act(chunk)
    return (time.process_time() - began) / sum(map(len, chunks)) * 1e6
