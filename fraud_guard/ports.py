"""Ports: what the pipeline needs from the world, as narrow protocols.

Adapters implement them; `tests/conformance` holds every adapter to the same promises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec

from fraud_guard.dispatch.desk import Outcome
from fraud_guard.dispatch.order import Clock, Order
from fraud_guard.escalation.alert import Alert, AlertChange, EvidenceView
from fraud_guard.escalation.effects import AlertEffect
from fraud_guard.escalation.policy import EscalationPolicy
from fraud_guard.feedback.closure import Closure

if TYPE_CHECKING:
    from fraud_guard.touches.index import Touches

Now = Callable[[], int]
"""Wall clock in epoch milliseconds; only adapters and app may own one."""


class Snapshot(msgspec.Struct):
    """What a memory store holds for one partition: all blobs, and where they stand in the log."""

    position: int
    watermark_ms: int
    generation: str
    blobs: Mapping[str, bytes]


class MemoryStore(Protocol):
    """A fenced, atomic key-value store of one site's scorer memory.

    Keys are ours (pages, duplicate segments, episodes); values are opaque bytes. Raises
    FencedError when the epoch is not the newest, IntegrityError when a blob fails its
    check sum, DependencyError when the store cannot be reached.
    """

    def take_epoch(self, partition: str) -> int:
        """Become the only writer of this partition; every older epoch is refused from now on."""

    def load(self, partition: str) -> Snapshot:
        """The last complete checkpoint; position -1 and no blobs when there is none."""

    def checkpoint(
        self, partition: str, epoch: int, snapshot: Snapshot, drop: Iterable[str] = ()
    ) -> None:
        """Write `snapshot.blobs`, each asked for once, over the stored ones, drop keys and move the position: all or nothing."""

    def close(self) -> None:
        """Release files and connections."""


class SeenEffect(msgspec.Struct, frozen=True):
    """An effect with its evidence made readable (tag ids resolved)."""

    effect: AlertEffect
    views: tuple[EvidenceView, ...]


class OutboxItem(msgspec.Struct, frozen=True):
    """One message to deliver. `fence` must be given back with the result.

    channel: `alerts` and `orders` (topics), `control` (the log), `inbox` (a station's screen), `webhook`.
    key: topic key or station id. `message_id` is the same at every attempt.
    """

    id: int
    message_id: str
    channel: str
    key: str
    payload: bytes
    attempts: int
    fence: int


class AuditEntry(msgspec.Struct, frozen=True):
    """Who did what, when and why. what: e.g. `accept`, `close`, `set_level`; target: an id."""

    at_ms: int
    who: str
    what: str
    target: str
    reason: str


CLOCK_LEASE_MS = 5_000
"""A clock that was handed out and did not strike (its worker died) is handed out again after this."""


class Truth(Protocol):
    """Alerts, orders, closures and the outbox: one transaction a call, repeatable without effect.

    Raises FencedError for an old epoch, DependencyError when the database cannot be reached.
    """

    def take_epoch(self, partition: str) -> int:
        """Become the only scorer whose effects of this partition are taken."""

    def use(self, policy: EscalationPolicy) -> None:
        """From here on the desk works by this policy (it belongs to the generation that decides)."""

    def progress(self, partition: str) -> int:
        """The highest position whose effects are stored; -1 at the start."""

    def apply(
        self, partition: str, epoch: int, position: int, effects: Sequence[SeenEffect], generation: str = ""
    ) -> list[Outcome]:
        """Store effects above the progress and move it to `position`, together with their outbox rows."""

    def generation_at(self, partition: str, position: int) -> str:
        """The generation that decided at a position; "" when unknown."""

    def journal_mode(self, partition: str, epoch: int, from_position: int, mode: int) -> None:
        """Note, before it is decided so, how much is left out from a position on; the last word on a position holds."""

    def modes(self, partition: str) -> list[tuple[int, int]]:
        """Every (position, mode) that was noted, by position."""

    def due_clocks(self, now_ms: int, limit: int = 100) -> list[Clock]:
        """Lease clocks that are due and not struck, earliest first; nobody else gets them for CLOCK_LEASE_MS."""

    def strike(self, clock: Clock, now_ms: int) -> Outcome | None:
        """Let a clock strike exactly once."""

    def accept(self, order_id: str, officer: str, now_ms: int) -> Order:
        """A station takes an order. Raises LookupError for an unknown id, ValueError if it is not waiting."""

    def close_order(self, closure: Closure) -> Closure:
        """Store a closure once and send its control record. Raises like `accept`."""

    def set_level(self, alert_id: str, level: int, officer: str, reason: str, now_ms: int) -> Outcome | None:
        """A person raises or lowers an alert. Raises LookupError for an unknown id, ValueError for no level."""

    def claim(self, channels: Sequence[str], now_ms: int, lease_ms: int, limit: int = 100) -> list[OutboxItem]:
        """Lease deliverable messages, oldest first; a lease that ran out may be claimed by another.

        Messages about one thing (an alert, an order, a subject's control records) stay in
        order within a channel: only the first that waits is given out. Others never wait for it.
        """

    def delivered(self, item: OutboxItem, now_ms: int) -> bool:
        """Mark as done; False when the lease was lost to another relay."""

    def delivered_many(self, items: Sequence[OutboxItem], now_ms: int) -> int:
        """Mark as done; returns how many leases were still held."""

    def failed(self, item: OutboxItem, error: str, retry_ms: int | None) -> bool:
        """Give back for a retry at `retry_ms`, or set aside for good (None); False when the lease was lost."""

    def order(self, order_id: str) -> Order:
        """One order. Raises LookupError."""

    def requeue(self, channel: str, now_ms: int) -> int:
        """Let messages that were set aside for good be tried again; returns how many."""

    def orders(self, station_id: str | None = None, state: str | None = None, limit: int = 100) -> list[Order]:
        """Newest first."""

    def alerts(self, state: str | None = None, limit: int = 100) -> list[Alert]:
        """Newest first."""

    def changes(self, alert_id: str | None = None) -> Iterator[AlertChange]:
        """Every change in order of (ts_ms, alert_id, seq)."""

    def closures(self) -> Iterator[tuple[Closure, Order, Alert]]:
        """Every closure with its order and alert, oldest first."""

    def reasons(self, alert_id: str, most: int = 3) -> list[str]:
        """The strongest counted reasons of an alert in Chinese, strongest first. Raises LookupError."""

    def audit(self, who: str, what: str, target: str, reason: str, now_ms: int) -> None:
        """Note what somebody did or looked at."""

    def audit_log(self, target: str | None = None) -> Iterator[AuditEntry]:
        """Who did what, oldest first; accept, close and set_level are noted by themselves."""

    def counts(self) -> Mapping[str, int]:
        """Totals for the board, zeros left out.

        `alerts.<state>`, `alerts.level<1-4>` (open ones), `orders.<state>`, `orders.level<1-4>`
        (issued or accepted ones), `closures`, `outbox.waiting`, `outbox.failed`.
        """

    def close(self) -> None:
        """Release connections."""


class DeadLetter(msgspec.Struct, frozen=True):
    """A refused record: why, where from, and its raw bytes, sealed."""

    id: str
    reason: str
    detail: str
    source: str
    position: str
    at_ms: int
    sealed: bytes
    replayed_ms: int | None = None


class DeadLetters(Protocol):
    """The dead-letter table. Adding the same id twice keeps the first."""

    def add(self, letters: Sequence[DeadLetter]) -> None:
        """Store all or none."""

    def find(self, reason: str | None = None, limit: int = 100) -> list[DeadLetter]:
        """Newest first."""

    def get(self, id: str) -> DeadLetter:
        """One letter. Raises LookupError."""

    def mark_replayed(self, ids: Sequence[str], now_ms: int) -> None:
        """Note that the letters were sent through the door again."""

    def counts(self) -> Mapping[str, int]:
        """Letters by reason, without the replayed ones."""


class TouchStore(Protocol):
    """The touch index of a site, by partition of the log. Raises DependencyError, IntegrityError for a damaged segment."""

    def add(self, partition: str, touches: Touches, newest_ms: int) -> None:
        """Keep sorted touches, the newest of them at `newest_ms`; durable when it returns."""

    def find(self, partition: str, keys: Iterable[int], below: int) -> Touches:
        """Who touched one of `keys` at positions below: the first touch of each (key, token), sorted."""

    def erase(self, partition: str | None, token: bytes) -> int:
        """Forget every touch of a subject, with None in all partitions; returns how many there were."""

    def tidy(self, partition: str, now_ms: int) -> int:
        """Forget what is too old, make small segments one; returns how many segments are gone."""

    def close(self) -> None:
        """Release files and connections."""


class Vault(Protocol):
    """Encrypted originals behind tokens and quotes of texts. Only the door writes; reads need a reason."""

    def put(self, originals: Mapping[bytes, str], now_ms: int) -> None:
        """Keep the original of each token (16 bytes); known tokens keep theirs."""

    def put_quotes(self, quotes: Iterable[tuple[bytes, int, str]], expires_ms: int) -> None:
        """Keep texts as (token, fingerprint of the tag, text) until `expires_ms`; known tags keep theirs."""

    def reveal(self, token: bytes, who: str, reason: str, now_ms: int) -> str:
        """The original; the look-up is logged.

        Raises LookupError, ValueError without a reason, PermissionError over the officer's quota of the day.
        """

    def quotes_of(self, token: bytes, who: str, reason: str, now_ms: int) -> dict[int, str]:
        """The unexpired texts of a subject by fingerprint; logged and counted like `reveal`."""

    def expire(self, now_ms: int) -> int:
        """Delete quotes whose time has come; returns how many."""

    def erase(self, token: bytes) -> bool:
        """Forget the original and all quotes of a token; whether there was anything."""

    def close(self) -> None:
        """Release the file."""
