"""The agents, one a stage. No exception leaves an agent: retry, dead-letter or stop, then acknowledge.

Faust acknowledges a message whose agent raised, so everything is caught here, the one
process boundary of the stream.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

import faust
import structlog
from faust.types import TP

from fraud_guard.adapters.chunking import ChunkSchema
from fraud_guard.app.layout import base_of, log_topic
from fraud_guard.app.scorer import Logged, Scorer, steps
from fraud_guard.app.site import Site
from fraud_guard.app.topics import INLETS
from fraud_guard.app.waits import Waits
from fraud_guard.errors import FraudGuardError
from fraud_guard.failpoints import failpoint
from fraud_guard.tags.block import BLOCK_MAX

log = structlog.get_logger()
DOOR_RECORDS = 4 * BLOCK_MAX
"""Raw records that the door takes at once while it is behind: one transaction for several blocks."""
SCORER_RECORDS = 16
"""Blocks that the scorer is handed at once; they are small where tags come from several doors or the feed is slow."""

HISTORY_TICK_MS = VERDICT_TICK_MS = 1_000
MERGE_TICK_MS = 500
"""A door leaves some 30 sheets a second when it is busy, which is one step; a minute's steps in a row would hold up orders."""


def take_in(app: faust.App, site: Site) -> None:
    """Inlets -> door -> the log."""
    inlets = app.topic(*INLETS, schema=ChunkSchema(max_records=DOOR_RECORDS))

    @app.agent(inlets, name="door")
    async def door(stream: Any) -> None:
        async for event in stream.noack().events():
            first = event.value[0]
            if not site.reads(first.topic, first.partition):
                continue  # it belongs to another door by now, and comes again to that one
            if await persist(site, partial(site.take, event.value)):
                failpoint("door-before-ack")
                event.ack()


def score(app: faust.App, site: Site) -> None:
    """The log -> features -> rules -> fusion -> escalation -> truth."""
    topic = log_topic(site.settings)

    @app.agent(app.topic(topic, schema=ChunkSchema(max_records=SCORER_RECORDS)), name="scorer")
    async def scorer(stream: Any) -> None:
        async for event in stream.noack().events():
            if await _score(site, event.message.partition, event.value):
                failpoint("scorer-before-ack")
                event.ack()

    @app.timer(interval=1.0, name="checkpoint")
    async def checkpoint() -> None:
        for partition, one in list(site.scorers.items()):
            if site.scorers.get(partition) is one:
                await persist(site, one.checkpoint_if_due)
            await asyncio.sleep(0)  # orders wait for one partition's checkpoint at most
        await persist(site, site.checkpoint_peers_if_due)
        await persist(site, site.snapshot_if_due)

    async def seek(tps: frozenset[TP]) -> Mapping[TP, int]:
        wanted = {tp.partition for tp in tps if tp.topic == topic}
        inlets = frozenset((tp.topic, tp.partition) for tp in tps if tp.topic in INLETS)
        if not await persist(site, partial(site.assign, wanted, inlets)):
            raise asyncio.CancelledError  # ends the worker without Faust's traceback
        return {TP(topic, p): one.next_offset - base_of(site.log) for p, one in site.scorers.items()}

    async def let_go() -> None:
        await persist(site, site.release)

    site.on_assigned, site.on_revoked = seek, let_go


async def _score(site: Site, partition: int, records: list[Any]) -> bool:
    one = site.scorers.get(partition)
    for step in steps((record.offset + base_of(site.log), record.value) for record in records):
        if one is None or not site.holds or site.scorers.get(partition) is not one:
            return False  # another worker may have it now: these records come again to whom they belong
        if not await persist(site, partial(_handle, site, one, step)):
            return False
        if not await persist(site, one.checkpoint_if_due):
            return False
        await asyncio.sleep(0)
    return True


def _handle(site: Site, one: Scorer, step: Logged) -> None:
    site.book_outcomes(one.handle(step))


def send_out(app: faust.App, site: Site) -> None:
    """Truth -> outbox -> topics, stations, webhook, and control records back into the log."""

    @app.task
    async def relay() -> None:
        await _every(app, site, site.settings.relay_tick_ms, site.relay_once)


def chase_deadlines(app: faust.App, site: Site) -> None:
    """Silence -> the next level; a quiet door -> the watermark; verdicts, changed rules -> the log; changed lists -> the door."""

    @app.task
    async def clocks() -> None:
        await _every(app, site, site.settings.clock_tick_ms, site.strike_clocks)

    @app.task
    async def idle() -> None:
        await _every(app, site, 1_000, site.door_tick)

    @app.task
    async def verdicts() -> None:
        await _every(app, site, VERDICT_TICK_MS, site.follow_verdicts)

    @app.task
    async def rules() -> None:
        await _every(app, site, site.settings.rules_poll_ms, site.reload_rules)

    @app.task
    async def lists() -> None:
        await _every(app, site, site.settings.rules_poll_ms, site.reload_lists)

    @app.task
    async def housekeeping() -> None:
        await _every(app, site, 60_000, site.keep_house)

    @app.task
    async def sheets() -> None:
        await _every(app, site, MERGE_TICK_MS, site.merge_sheets)


def keep_history(app: faust.App, site: Site) -> None:
    """The log -> Parquet by day, behind everything else."""

    @app.task
    async def history() -> None:
        await _every(app, site, HISTORY_TICK_MS, site.keep_history)


async def _every(app: faust.App, site: Site, interval_ms: int, act: Callable[[], Any]) -> None:
    while not app.should_stop:
        await persist(site, act)
        await asyncio.sleep(interval_ms / 1000)


class Stoppable(Protocol):
    """What an agent works for: it waits for servers, and stops when something cannot be done."""

    waits: Waits
    stopping: bool
    failure: Exception | None


async def persist(site: Stoppable, act: Callable[[], Any]) -> bool:
    """Do it; while a service is away do it again later. False: it cannot be done, the worker is stopping."""
    try:
        return await site.waits.outwait(act, act, lambda: site.stopping)
    except FraudGuardError as fatal:
        stop(site, fatal)
    except Exception as defect:  # the process boundary
        log.exception("defect")
        stop(site, FraudGuardError(f"a defect ({type(defect).__name__}); the log says where"))
    return False


def stop(site: Stoppable, why: Exception) -> None:
    """Begin nothing new, drain and exit; the exit code tells why."""
    site.stopping = True
    if site.failure is None:
        site.failure = why
        log.error("stopping", why=str(why))
        os.kill(os.getpid(), signal.SIGTERM)
