"""Senders: how a channel of the outbox takes a message, and what a failure tells the relay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from fraud_guard.errors import FraudGuardError
from fraud_guard.ports import OutboxItem

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
RETRY_AFTER_MS = (
    5 * SECOND_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS, 5 * HOUR_MS, 10 * HOUR_MS, 14 * HOUR_MS,
    20 * HOUR_MS, 24 * HOUR_MS,
)  # fmt: skip
"""Pauses after the first, second … failure, as Standard Webhooks 1.0 recommends: 75 h 35 min in all."""
LONGEST_PAUSE_MS = 24 * HOUR_MS
LONGEST_LOCAL_PAUSE_MS = MINUTE_MS


class NotDelivered(FraudGuardError):
    """The other side did not take it. `pause_ms`: it asked for at least this pause; `for_good`: do not try again."""

    def __init__(self, why: str, *, pause_ms: int = 0, for_good: bool = False) -> None:
        super().__init__(why)
        self.pause_ms, self.for_good = pause_ms, for_good


class Sender(Protocol):
    """Takes one message at a time, `most` of them at once; the relay does not wait for a slow one."""

    most: int

    async def send(self, item: OutboxItem) -> None:
        """Deliver it. Raises NotDelivered."""


class Batch:
    """A channel of our own (a topic, the log, the inbox): takes many at once, quickly, all or none.

    `deliver` takes the items of one call in their order, and raises DependencyError when it cannot; then
    all are tried again, for ever.
    """

    def __init__(self, deliver: Callable[[Sequence[OutboxItem]], None]) -> None:
        self.deliver = deliver


def retry_at(attempts: int, failure: NotDelivered, now_ms: int) -> int | None:
    """When to try again after `attempts` earlier failures and this one; None: never."""
    if failure.for_good or attempts >= len(RETRY_AFTER_MS):
        return None
    return now_ms + min(max(RETRY_AFTER_MS[attempts], failure.pause_ms), LONGEST_PAUSE_MS)


def local_retry_at(attempts: int, now_ms: int) -> int:
    """When to try a channel of our own again: after 1, 2, 4 … 60 s, for ever."""
    return now_ms + min(SECOND_MS << min(attempts, 6), LONGEST_LOCAL_PAUSE_MS)
