"""Run a replay: read, door, lanes, results. One process or several give the same bytes."""

from __future__ import annotations

import array
import multiprocessing
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from fraud_guard.adapters.sealing import Keys
from fraud_guard.app.replay.lane import Lane, Yield
from fraud_guard.app.replay.reading import Source
from fraud_guard.app.replay.responder import Mode, Responder
from fraud_guard.app.replay.results import Results
from fraud_guard.app.replay.verdicts import Schedule
from fraud_guard.app.rule_files import build_from_files
from fraud_guard.dispatch.desk import Desk
from fraud_guard.dispatch.stations import Stations
from fraud_guard.door.arrival import FileArrival
from fraud_guard.door.door import Door
from fraud_guard.door.opinions import NO_OPINIONS, shipped_opinions
from fraud_guard.door.registry import Person
from fraud_guard.door.tokens import Tokeniser
from fraud_guard.errors import DependencyError
from fraud_guard.escalation.ids import site_namespace
from fraud_guard.feedback.closure import Closure
from fraud_guard.memory.duplicates import NEW, REPEAT, REUSE, Duplicates
from fraud_guard.peers.stage import PeerStage
from fraud_guard.tags.block import BLOCK_MAX, POSITIONS_PER_RECORD, ROW, SHARDS, Block
from fraud_guard.tags.reasons import Reason
from fraud_guard.tags.verdict import ApkVerdict
from fraud_guard.touches.notice import Notice
from fraud_guard.touches.verdicts import notice_of

_ROWS, _NOTICE, _FINISH = b"R", b"N", b"F"
"""What is handed to a process: its first byte."""
DEMO_SITE_KEY = "fraud-guard public demo key: not secret, never use it for real people"


class Taker(Protocol):
    """Takes what lanes give."""

    def take(self, given: Yield) -> None: ...  # noqa: D102
    def dead(self, inlet: int, reason: str, detail: str) -> None: ...  # noqa: D102


class Plan(msgspec.Struct, frozen=True):
    """What a replay needs to know. `rules` are the texts of a generation; `door_models`: texts and hosts are scored.

    `one_in`: only every so manieth subject is scored (by shard); callers are known from the calls of all.
    """

    rules: Mapping[str, str]
    stations: Stations
    registry: Mapping[str, Person]
    closures: Mapping[str, Closure]
    verdicts: tuple[ApkVerdict, ...] = ()
    door_models: bool = True
    responder: Mode = "none"
    site_key: str = DEMO_SITE_KEY
    reorder_ms: int = 60_000
    jobs: int = 1
    block: int = BLOCK_MAX
    one_in: int = 1


class Summary(msgspec.Struct):
    """What the replay did, for people. `unused_closures` named no order of this replay."""

    lines: int = 0
    scored: int = 0
    duplicate: int = 0
    late: int = 0
    clamped: int = 0
    channels: Counter[str] = msgspec.field(default_factory=Counter)
    dead: Counter[str] = msgspec.field(default_factory=Counter)
    closures: int = 0
    applied_closures: int = 0
    unused_closures: int = 0
    wall_s: float = 0.0

    @property
    def idle_closures(self) -> int:
        """Closures that named an order and changed nothing."""
        return self.closures - self.applied_closures - self.unused_closures

    @property
    def conserved(self) -> bool:
        """Accepted = scored + duplicate + dead letter."""
        return self.lines == self.scored + self.duplicate + self.dead.total()


def make_lane(plan: Plan) -> Lane:
    """A lane of its own memory, desk and responder."""
    generation = build_from_files(plan.rules)
    policy = generation.policies.escalation
    desk = Desk(site_namespace(plan.site_key), plan.stations, policy)
    notices = [notice_of(verdict, _tokeniser(plan).hash64, 0) for verdict in plan.verdicts]
    return Lane(generation, desk, Responder(plan.responder, plan.closures, policy), [m.key for n in notices for m in n.marks])


def _tokeniser(plan: Plan) -> Tokeniser:
    return Tokeniser(Keys.from_site_key(plan.site_key).token)


def replay(plan: Plan, source: Source, results: Results, progress: Callable[[int], None] = lambda _: None) -> Summary:
    """Replay a source into results; `progress` is told the bytes read so far."""
    began, summary = time.monotonic(), Summary()
    door = Door(
        _tokeniser(plan), FileArrival(), registry=plan.registry, opinions=shipped_opinions() if plan.door_models else NO_OPINIONS,
        reorder_ms=plan.reorder_ms,
    )  # fmt: skip
    index = InletIndex()
    results.seal_with(source.line_at)
    results.look_up = lambda position: source.line_at(index.inlet(position))
    score(plan, _through(door, _blocks(door, source, plan.block, index, summary, progress), results, summary), results, summary)
    results.finish()
    summary.closures = len(plan.closures)
    summary.unused_closures = len(plan.closures.keys() - results.orders.keys())
    summary.wall_s = time.monotonic() - began
    return summary


def score(plan: Plan, blocks: Iterator[Block], results: Taker, summary: Summary) -> None:
    """Score blocks in the order of the log, numbered, of all partitions together; what is known of callers comes from them alone."""
    seen, peers, watermark_ms = Duplicates(), PeerStage(), 0
    hash64 = _tokeniser(plan).hash64
    schedule = Schedule(plan.verdicts, lambda verdict, now_ms: notice_of(verdict, hash64, now_ms))
    with lanes(plan) as (feed, finish):
        for block in blocks:
            peers.tell(block.rows)
            watermark_ms = int(block.rows["watermark_ms"][-1])
            once = _once(block, seen, results, summary)
            for part in schedule.cut(once if plan.one_in == 1 else _sample(once, plan.one_in)):
                _collect(feed(part), results, summary)
        for notice in schedule.rest(watermark_ms):
            _collect(feed(notice), results, summary)
        _collect(finish(watermark_ms), results, summary)


def _through(door: Door, blocks: Iterator[Block], results: Results, summary: Summary) -> Iterator[Block]:
    """The blocks; originals and quotes go nowhere, refused lines to the results."""
    for block in blocks:
        door.rows.originals.clear()
        door.rows.quotes.clear()
        _refused(door, results, summary)
        yield block
    _refused(door, results, summary)


class InletIndex:
    """Where in the source each log position came from: 8 bytes a tag in a temporary file."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="fraud-guard-")  # noqa: SIM115  unlinked: gone with the process
        self._first = array.array("q")
        self._next = 0

    def add(self, block: Block) -> int:
        """Give the block the next offset of the log; returns it."""
        self._first.append(self._next)
        self._file.seek(self._next * 8)
        self._file.write(np.ascontiguousarray(block.rows["inlet"]).tobytes())
        self._next += len(block)
        return len(self._first) - 1

    def inlet(self, position: int) -> int:
        """The byte offset in the source of the tag at a position."""
        offset, row = divmod(position, POSITIONS_PER_RECORD)
        self._file.seek((self._first[offset] + row) * 8)
        return int.from_bytes(self._file.read(8), "little")


class lanes:  # noqa: N801  used as a context manager
    """One lane in this process, or `jobs` lanes in processes of their own; shards say which is whose."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._pipes: list[Connection] = []
        self._waiting: list[Connection] = []
        self._processes: list[multiprocessing.process.BaseProcess] = []

    def __enter__(self) -> tuple[Callable[[Block | Notice], list[Yield]], Callable[[int], list[Yield]]]:
        if self._plan.jobs == 1:
            lane = make_lane(self._plan)
            return lambda part: [_take_part(lane, part)], lambda mark: [lane.finish(mark)]
        context = multiprocessing.get_context("spawn")
        for _ in range(self._plan.jobs):
            ours, theirs = context.Pipe()
            process = context.Process(target=_lane_process, args=(self._plan, theirs), daemon=True)
            with _deaf():
                process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)
        return self._feed, self._finish

    def __exit__(self, *_: object) -> None:
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            process.join(10)

    def _feed(self, block: Block | Notice) -> list[Yield]:
        """Hand the block out; give back what came of the one before, so that door and lanes work at once."""
        before = self._gather()
        if isinstance(block, Notice):
            for pipe in self._pipes:
                pipe.send_bytes(_NOTICE + msgspec.msgpack.encode(block))
            self._waiting = list(self._pipes)
            return before
        for lane, pipe in enumerate(self._pipes):
            rows = block.rows[block.rows["shard"] % len(self._pipes) == lane]
            if len(rows):
                pipe.send_bytes(_ROWS + np.ascontiguousarray(rows).tobytes())
                self._waiting.append(pipe)
        return before

    def _finish(self, watermark_ms: int) -> list[Yield]:
        before = self._gather()
        for pipe in self._pipes:
            pipe.send_bytes(_FINISH + watermark_ms.to_bytes(8, "little"))
        self._waiting = list(self._pipes)
        return before + self._gather()

    def _gather(self) -> list[Yield]:
        waiting, self._waiting = self._waiting, []
        return [_received(pipe) for pipe in waiting]


def _lane_process(plan: Plan, pipe: Connection) -> None:
    lane = make_lane(plan)
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):  # whoever asked has stopped
        _serve(lane, pipe)


def _serve(lane: Lane, pipe: Connection) -> None:
    while True:
        data = pipe.recv_bytes()
        if data[:1] == _FINISH:
            pipe.send(lane.finish(int.from_bytes(data[1:], "little")))
        elif data[:1] == _NOTICE:
            pipe.send(lane.hear(msgspec.msgpack.decode(data[1:], type=Notice)))
        else:
            rows = np.frombuffer(data, ROW, offset=1).copy()
            pipe.send(lane.feed(Block(rows, [], [], [])))


def _take_part(lane: Lane, part: Block | Notice) -> Yield:
    return lane.hear(part) if isinstance(part, Notice) else lane.feed(part)


@contextmanager
def _deaf() -> Iterator[None]:
    """A process started in here does not hear Ctrl-C: it ends when its pipe does, without a traceback."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _received(pipe: Connection) -> Yield:
    try:
        got = pipe.recv()
    except EOFError:
        raise DependencyError("a process of the replay has died, perhaps for want of memory; try fewer --jobs") from None
    assert isinstance(got, Yield)  # noqa: S101
    return got


def _blocks(
    door: Door, source: Source, size: int, index: InletIndex, summary: Summary, progress: Callable[[int], None]
) -> Iterator[Block]:
    for batch in source.batches():
        summary.lines += len(batch.lines)
        yield from _cut(door, door.take(batch.lines, batch.offsets), size, index, summary)
        progress(batch.read_bytes)
    yield from _cut(door, door.flush(), size, index, summary)


def _cut(door: Door, waiting: Block, size: int, index: InletIndex, summary: Summary) -> Iterator[Block]:
    for some in waiting.cut(size):
        block = door.block(some)
        if len(block):
            offset = index.add(block)
            block.number(offset)
            _count_channels(block, summary)
            yield block


def _once(block: Block, seen: Duplicates, results: Taker, summary: Summary) -> Block:
    """The block without repeats: looked for here, over all subjects, so that lanes cannot change the answer."""
    rows, floor_ms = block.rows, int(block.rows["watermark_ms"][0])
    status = seen.check(rows["fingerprint"], np.zeros(len(rows), np.uint16), rows["ts_ms"], rows["watermark_ms"], floor_ms)
    summary.duplicate += int((status == REPEAT).sum())
    for inlet in rows["inlet"][status == REUSE].tolist():
        summary.dead[Reason.ID_REUSE] += 1
        results.dead(inlet, Reason.ID_REUSE, "")
    return Block(rows[status == NEW], [], [], [])


def _sample(block: Block, one_in: int) -> Block:
    return Block(block.rows[in_sample(block.rows["shard"], one_in)], [], [], [])


def in_sample(shard: npt.NDArray[np.uint16], one_in: int) -> npt.NDArray[np.bool_]:
    """Which of these shards are in a sample of one in so many."""
    return shard < SHARDS // one_in


def _count_channels(block: Block, summary: Summary) -> None:
    kinds = np.bincount(block.rows["kind"], minlength=10)
    summary.channels.update(call=int(kinds[1:4].sum()), sms=int(kinds[4]), net=int(kinds[5:9].sum()))


def _collect(yields: Sequence[Yield], results: Taker, summary: Summary) -> None:
    for one in yields:
        for tally in one.tallies:
            summary.scored += tally.scored
            summary.duplicate += tally.duplicate
            summary.late += tally.late
            summary.clamped += tally.clamped
        for inlet, reason in one.dead:
            summary.dead[reason] += 1
            results.dead(inlet, reason, "")
        summary.applied_closures += one.applied
        results.take(one)


def _refused(door: Door, results: Results, summary: Summary) -> None:
    for no in door.refused:
        summary.dead[no.reason] += 1
        results.dead(no.inlet, no.reason, no.detail)
    door.refused.clear()
