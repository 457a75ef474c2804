"""Names of topics, and how an inlet position names one raw record."""

from __future__ import annotations

CALL, SMS, NET, MIXED = "tags.call", "tags.sms", "tags.net", "tags.mixed"
INLETS = (CALL, SMS, NET, MIXED)
"""Inlet topics. `tags.mixed` takes any channel: files, HTTP and the demo write there."""
LOG, PEERS, WATERMARKS = "tags", "peers", "watermarks"
"""What the door writes: tags, their callers, and how far each inlet partition has come."""
ALERTS, ORDERS, DEADLETTERS = "alerts", "orders", "deadletters"
OUTLETS = (ALERTS, ORDERS, DEADLETTERS)

APK_SUBMITTED, APK_DEEP = "apk.submitted", "apk.submitted.deep"
"""APK files that wait for their dissection, and those that wait for the slow one after it; read by `apk work`."""
APK_VERDICTS = "apk.verdicts"
"""What the APK analysis found out; read by the worker that scores partition 0 of the log."""
RULES, LISTS = "rules", "lists"
"""Generations of rules and of the door's lists, published by people; read by every worker."""

LAYOUT = "layout"
"""Which generations of the log there are, newest last."""

_OFFSET_BITS, _PARTITION_BITS = 44, 12


def inlet_position(topic: str, partition: int, offset: int) -> int:
    """(inlet topic, partition, offset) as one non-negative int64."""
    return (INLETS.index(topic) << _PARTITION_BITS | partition) << _OFFSET_BITS | offset


def inlet_place(position: int) -> tuple[str, int, int]:
    """The (topic, partition, offset) behind `inlet_position`."""
    rest, offset = position >> _OFFSET_BITS, position & ((1 << _OFFSET_BITS) - 1)
    return INLETS[rest >> _PARTITION_BITS], rest & ((1 << _PARTITION_BITS) - 1), offset


def letter_place(position: str) -> tuple[str, int]:
    """The (topic, partition) behind the `position` of a dead letter, `topic-partition-offset`."""
    topic, partition, _ = position.rsplit("-", 2)
    return topic, int(partition)


def is_log(topic: str) -> bool:
    """Whether a topic is the log in one of its generations (`tags`, `tags.2`, …)."""
    name, _, number = topic.partition(".")
    return name == LOG and (not number or number.isdecimal())
