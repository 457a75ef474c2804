"""The outbox in memory: leases, fences and lanes as in SQL, for the life of one process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from fraud_guard.adapters.messages import Message
from fraud_guard.ports import OutboxItem


class _Entry(msgspec.Struct):
    id: int
    message: Message
    created_ms: int
    due_ms: int = 0
    lease_ms: int = 0
    attempts: int = 0
    fence: int = 0
    error: str = ""


class MemoryOutbox:
    """The outbox's part of `ports.Truth`."""

    def __init__(self) -> None:
        self._told: set[str] = set()
        self._waiting: dict[str, dict[int, _Entry]] = {}
        self._failed: dict[int, _Entry] = {}

    def send(self, messages: Iterable[Message], now_ms: int) -> None:
        """Put messages in; one whose id was there before is dropped."""
        for message in messages:
            if message.message_id not in self._told:
                self._told.add(message.message_id)
                entry = _Entry(len(self._told), message, now_ms)
                self._waiting.setdefault(message.channel, {})[entry.id] = entry

    def claim(self, channels: Sequence[str], now_ms: int, lease_ms: int, limit: int = 100) -> list[OutboxItem]:
        """Lease deliverable messages, oldest first; of a lane only the first."""
        ready = sorted((e for c in set(channels) for e in self._heads(c) if max(e.due_ms, e.lease_ms) <= now_ms),
                       key=lambda e: e.id)  # fmt: skip
        for entry in ready[:limit]:
            entry.fence += 1
            entry.lease_ms = now_ms + lease_ms
        return [_item(entry) for entry in ready[:limit]]

    def delivered(self, item: OutboxItem, now_ms: int) -> bool:  # noqa: ARG002  the port's signature
        """Mark as done; False when the lease was lost."""
        if self._held(item) is None:
            return False
        del self._waiting[item.channel][item.id]
        return True

    def delivered_many(self, items: Sequence[OutboxItem], now_ms: int) -> int:
        """Mark as done; returns how many leases were still held."""
        return sum(self.delivered(item, now_ms) for item in items)

    def failed(self, item: OutboxItem, error: str, retry_ms: int | None) -> bool:
        """Give back for a retry, or set aside for good; False when the lease was lost."""
        entry = self._held(item)
        if entry is None:
            return False
        entry.attempts, entry.error = entry.attempts + 1, error
        entry.fence += 1
        entry.due_ms, entry.lease_ms = retry_ms or 0, 0
        if retry_ms is None:
            self._failed[entry.id] = self._waiting[item.channel].pop(item.id)
        return True

    def requeue(self, channel: str, now_ms: int) -> int:
        """Let messages that were set aside be tried again; returns how many."""
        again = [e for e in self._failed.values() if e.message.channel == channel]
        for entry in again:
            entry.due_ms, entry.attempts = now_ms, 0
            self._waiting[channel][entry.id] = self._failed.pop(entry.id)
        self._waiting[channel] = dict(sorted(self._waiting.get(channel, {}).items()))
        return len(again)

    def outbox_counts(self) -> Counter[str]:
        """Messages waiting and set aside."""
        waiting = sum(len(entries) for entries in self._waiting.values())
        return Counter({"outbox.waiting": waiting, "outbox.failed": len(self._failed)})

    def _heads(self, channel: str) -> list[_Entry]:
        heads: dict[str, _Entry] = {}
        for entry in self._waiting.get(channel, {}).values():
            heads.setdefault(entry.message.lane, entry)
        return list(heads.values())

    def _held(self, item: OutboxItem) -> _Entry | None:
        entry = self._waiting.get(item.channel, {}).get(item.id)
        return entry if entry is not None and entry.fence == item.fence else None


def _item(entry: _Entry) -> OutboxItem:
    message = entry.message
    return OutboxItem(
        entry.id, message.message_id, message.channel, message.key, message.payload, entry.attempts, entry.fence
    )
