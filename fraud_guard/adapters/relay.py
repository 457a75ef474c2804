"""The relay: takes messages out of the outbox and hands them to their channels' senders.

At least once: a crash between sending and marking sends again, under the same message id.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

import structlog

from fraud_guard.adapters.senders import Batch, NotDelivered, Sender, local_retry_at, retry_at
from fraud_guard.errors import DependencyError
from fraud_guard.failpoints import failpoint
from fraud_guard.ports import Now, OutboxItem, Truth

log = structlog.get_logger()
BATCH_LEASE_MS = 5_000
MOST_AT_ONCE = 500
SEND_LEASE_MS = 30_000
"""Longer than any send may take, so that a lease only runs out when its relay died."""


class Relay:
    """One relay; `timed` measures each round of the own channels. Several may share an outbox: leases keep them apart, fences refuse the late one."""

    def __init__(
        self, truth: Truth, senders: Mapping[str, Sender | Batch], now_ms: Now,
        timed: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:  # fmt: skip
        self.counts = Counter[str]()
        self._truth, self._now_ms, self._timed = truth, now_ms, timed
        self._batches = {name: one for name, one in senders.items() if isinstance(one, Batch)}
        self._senders = {name: one for name, one in senders.items() if not isinstance(one, Batch)}
        self._flying: dict[str, set[asyncio.Task[None]]] = {name: set() for name in self._senders}

    async def run_once(self, now_ms: int | None = None) -> int:
        """Deliver what is due; returns how many were taken up. Slow sends go on behind it.

        Raises DependencyError when the outbox cannot be reached, and whatever a sender raised
        that is no NotDelivered.
        """
        clock = self._now_ms if now_ms is None else lambda: now_ms
        taken = 0
        if self._batches:
            with self._timed():
                taken += self._run_batches(clock())
        for channel, sender in self._senders.items():
            taken += self._start(channel, sender, clock)
        await asyncio.sleep(0)
        self._land()
        return taken

    def drain(self, now_ms: int) -> int:
        """Deliver everything that is due at a time and wait for it; returns how many were delivered."""
        before = self.counts["delivered"]
        asyncio.run(self._drain(now_ms))
        return self.counts["delivered"] - before

    async def stop(self, wait_s: float = 3.0) -> None:
        """Wait a moment for what is being sent, then leave it to the next relay."""
        flying = [task for tasks in self._flying.values() for task in tasks]
        if flying:
            _, late = await asyncio.wait(flying, timeout=wait_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _drain(self, now_ms: int) -> None:
        while True:
            taken = await self.run_once(now_ms)
            flying = [task for tasks in self._flying.values() for task in tasks]
            if flying:
                await asyncio.wait(flying)
            elif not taken:
                return
            self._land()

    def _run_batches(self, now_ms: int) -> int:
        """One claim and one mark for all channels of our own."""
        items = self._truth.claim(list(self._batches), now_ms, BATCH_LEASE_MS, MOST_AT_ONCE)
        if items:
            failpoint("relay-after-claim")
            sent = [item for name, batch in self._batches.items() for item in self._deliver(name, batch, items, now_ms)]
            failpoint("relay-after-send")
            self._mark(sent, now_ms)
        return len(items)

    def _deliver(self, channel: str, batch: Batch, items: Sequence[OutboxItem], now_ms: int) -> Sequence[OutboxItem]:
        """Hand a channel its items; returns those it took."""
        mine = [item for item in items if item.channel == channel]
        if not mine:
            return []
        try:
            batch.deliver(mine)
        except DependencyError as away:
            log.warning("not_delivered", channel=channel, messages=len(mine), why=str(away))
            for item in mine:
                self._truth.failed(item, str(away), local_retry_at(item.attempts, now_ms))
            self.counts["failed"] += len(mine)
            return []
        return mine

    def _start(self, channel: str, sender: Sender, clock: Now) -> int:
        flying = self._flying[channel]
        room = sender.most - len(flying)
        items = self._truth.claim([channel], clock(), SEND_LEASE_MS, room) if room > 0 else []
        if items:
            failpoint("relay-after-claim")
        for item in items:
            flying.add(asyncio.create_task(self._send(sender, item, clock)))
        return len(items)

    async def _send(self, sender: Sender, item: OutboxItem, clock: Now) -> None:
        try:
            await sender.send(item)
        except NotDelivered as why:
            retry_ms = retry_at(item.attempts, why, clock())
            log.warning("not_delivered", channel=item.channel, message_id=item.message_id, why=str(why), retry_ms=retry_ms)
            self._truth.failed(item, str(why), retry_ms)
            self.counts["failed" if retry_ms is not None else "set_aside"] += 1
            return
        failpoint("relay-after-send")
        self._mark([item], clock())

    def _mark(self, items: Sequence[OutboxItem], now_ms: int) -> None:
        done = self._truth.delivered_many(items, now_ms)
        failpoint("relay-after-mark")
        self.counts["delivered"] += done
        self.counts["lease_lost"] += len(items) - done

    def _land(self) -> None:
        """Take finished sends off the list; raise what went wrong with one."""
        done = [task for tasks in self._flying.values() for task in tasks if task.done()]
        for tasks in self._flying.values():
            tasks.difference_update(done)
        failures = [error for task in done if not task.cancelled() and (error := task.exception())]
        if failures:
            raise failures[0]
