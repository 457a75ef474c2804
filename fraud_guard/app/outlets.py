"""Where the outbox's messages go: topics of the log, control records for the scorer, station inboxes and the webhook."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec

from fraud_guard.adapters.senders import Batch, Sender
from fraud_guard.adapters.sql.inbox import Inbox
from fraud_guard.adapters.sql.truth import SqlTruth
from fraud_guard.adapters.webhook import Webhook
from fraud_guard.app.door_stage import DoorStage
from fraud_guard.app.settings import Settings
from fraud_guard.app.topics import ALERTS, DEADLETTERS, ORDERS
from fraud_guard.log import Log, Record
from fraud_guard.ports import Now, OutboxItem
from fraud_guard.tags.control import Control


def senders(settings: Settings, log: Log, door: DoorStage, truth: SqlTruth, now_ms: Now) -> dict[str, Sender | Batch]:
    """A sender for each channel of the outbox."""
    found: dict[str, Sender | Batch] = {topic: Batch(partial(_to_topic, log, topic)) for topic in (ALERTS, ORDERS, DEADLETTERS)}
    found |= {"control": Batch(partial(_to_log, door)), "inbox": Inbox(truth.database, now_ms)}
    if settings.webhook_url is not None:
        secrets = [s.get_secret_value() for s in settings.webhook_secrets]
        found["webhook"] = Webhook(settings.webhook_url, secrets, now_ms, allow_private=settings.webhook_allow_private)
    return found


def _to_topic(log: Log, topic: str, items: Sequence[OutboxItem]) -> None:
    log.append(topic, 0, [Record(i.key.encode(), i.payload, (("message-id", i.message_id.encode()),)) for i in items])


def _to_log(door: DoorStage, items: Sequence[OutboxItem]) -> None:
    door.control([msgspec.msgpack.decode(i.payload, type=Control) for i in items])
