"""What the touch index costs the scorer, on the bench mix in one process: CPU a tag to note, to store and to look for verdicts."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from datasets.bench_mix import bench_lines
from fraud_guard.adapters.sql.touches import SqlTouches
from fraud_guard.app.rule_files import build_from_files, read_generation_files
from fraud_guard.app.touch_keeper import TouchKeeper
from fraud_guard.door.arrival import FileArrival
from fraud_guard.door.door import Door
from fraud_guard.door.opinions import shipped_opinions
from fraud_guard.door.tokens import Tokeniser
from fraud_guard.memory.memory import Memory
from fraud_guard.pipeline import decide
from fraud_guard.shipped import shipped
from fraud_guard.tags.block import Block
from fraud_guard.touches.notice import Mark, Notice

TAGS, STORE_EVERY = 400_000, 200
"""Tags; blocks between two checkpoints (200,000 tags, as by default)."""
HOSTS_KNOWN = 10_000


def blocks(tags: int) -> tuple[list[Block], float]:
    """The mix through the door; the blocks and the door's CPU seconds."""
    door = Door(Tokeniser(bytes(range(32))), FileArrival(), opinions=shipped_opinions())
    lines, found, cost = list(bench_lines(tags, 7)), list[Block](), 0.0
    for i in range(0, len(lines), 1_000):
        began = time.process_time()
        found += list(door.block(door.take(lines[i : i + 1_000], range(i, i + 1_000))).cut())
        door.rows.originals.clear()
        door.rows.quotes.clear()
        cost += time.process_time() - began
    for offset, block in enumerate(found):
        block.number(offset)
    return found, cost


def cpu_s(act: Callable[[], object]) -> float:
    """CPU seconds of an act."""
    began = time.process_time()
    act()
    return time.process_time() - began


def score(mix: list[Block], known: int) -> None:
    """Decide all, with so many bad hosts known that nobody touches."""
    memory, generation = Memory(), build_from_files(read_generation_files(shipped("rules")))
    if known:
        marks = tuple(Mark(2 * i + 1, "host", 0.9) for i in range(known))
        memory.known.hear(Notice("ab" * 32, 0, "malicious", marks), -1)
    for block in mix:
        decide(Block(block.rows.copy(), block.ids, block.sources, block.hosts), memory, generation)


def keep(mix: list[Block], place: Path) -> None:
    """Note and store the touches as the scorer does."""
    with closing(SqlTouches(place)) as store:
        keeper = TouchKeeper("tags-0", store)
        for i, block in enumerate(mix, start=1):
            keeper.note(block)
            if i % STORE_EVERY == 0:
                keeper.flush()
        keeper.flush()


def figures(tags: int = TAGS) -> Iterator[tuple[str, float]]:
    """(what, microseconds a tag)."""
    mix, door_s = blocks(tags)
    yield "door", door_s / tags * 1e6
    for known in (0, HOSTS_KNOWN, 0, HOSTS_KNOWN):
        yield f"decide, {known:,} bad hosts known", cpu_s(lambda known=known: score(mix, known)) / tags * 1e6  # type: ignore[misc]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "touches.db"
        yield "touch index: note and store", cpu_s(lambda: keep(mix, place)) / tags * 1e6
        yield "touch index: bytes a tag", place.stat().st_size / tags


if __name__ == "__main__":
    for what, value in figures():
        print(f"{what:40} {value:8.3f}")
