"""Ids that every machine computes alike from the site key and the input."""

from __future__ import annotations

import uuid

_PRODUCT = uuid.uuid5(uuid.NAMESPACE_URL, "urn:fraud-guard:site")


def site_namespace(site_key: str) -> uuid.UUID:
    """The namespace of one site; the key is a secret, the namespace is not reversible."""
    return uuid.uuid5(_PRODUCT, site_key)


def alert_id(namespace: uuid.UUID, token: str, n: int) -> str:
    """Id of the n-th alert (from 1) of the subject with this token (32 hex digits)."""
    return str(uuid.uuid5(namespace, f"{token}/{n}"))


def order_id(alert: str, level: int, station_id: str, attempt: int) -> str:
    """Id of the `attempt`-th order (from 1) of an alert at a level to a station."""
    return str(uuid.uuid5(uuid.UUID(alert), f"{level}/{station_id}/{attempt}"))


def closure_id(order: str, ts_ms: int) -> str:
    """Id of a closure that was reported without one."""
    return str(uuid.uuid5(uuid.UUID(order), f"closure/{ts_ms}"))
