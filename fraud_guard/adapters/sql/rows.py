"""Rows of the truth tables from values, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from pydantic import TypeAdapter

from fraud_guard.dispatch.order import Order
from fraud_guard.escalation.alert import Alert, AlertChange, EvidenceView

_VIEWS = TypeAdapter(tuple[EvidenceView, ...])
_TYPES = msgspec.json.Decoder(dict[str, float])


def alert_row(alert: Alert) -> dict[str, Any]:
    """The row of an alert, with its effective level."""
    row = {name: getattr(alert, name) for name in alert.__struct_fields__}
    row["types"] = msgspec.json.encode(alert.types).decode()
    row["evidence"] = _VIEWS.dump_json(alert.evidence).decode()
    row["level"] = alert.level
    return row


def alert_of(row: Mapping[Any, Any]) -> Alert:
    """The alert of a row."""
    found = {name: row[name] for name in Alert.__struct_fields__}
    found["types"] = _TYPES.decode(row["types"])
    found["evidence"] = _VIEWS.validate_json(row["evidence"])
    return Alert(**found)


def change_row(change: AlertChange) -> dict[str, Any]:
    """The row of a change."""
    return {
        "alert_id": change.alert_id, "seq": change.seq, "ts_ms": change.ts_ms, "change": change.change,
        "body": change.model_dump_json(),
    }  # fmt: skip


def order_row(order: Order, serial: int) -> dict[str, Any]:
    """The row of an order; `serial` is its place among the orders of its alert."""
    return {**order.model_dump(), "serial": serial}


def order_of(row: Mapping[Any, Any]) -> Order:
    """The order of a row."""
    return Order(**{name: row[name] for name in Order.model_fields})
