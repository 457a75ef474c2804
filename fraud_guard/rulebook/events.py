"""What a rule can say about one event: its kind, its flags, the app's category, the text's lure."""

from __future__ import annotations

import numpy as np

from fraud_guard.features.update import RISKY
from fraud_guard.rulebook.expression import Name, Schema
from fraud_guard.tags.kinds import Category, Flag, Kind, Lure

_KINDS = {k.name.lower(): int(k) for k in Kind if k is not Kind.TICK}
_APPS = {c.name.lower(): int(c) for c in Category}
_LURES = {name.lower(): lure.bit_length() for name, lure in Lure.__members__.items()}

EVENT_SCHEMA: Schema = {
    "kind": Name("enum", _KINDS),
    "app": Name("enum", _APPS),
    "lure_type": Name("enum", _LURES),
    "call": Name("bool"),
    "risky": Name("bool"),
    **{f.lower(): Name("bool") for f in Flag.__members__},
}


def event_columns(kind: np.ndarray, category: np.ndarray, flags: np.ndarray, names: set[str]) -> dict[str, np.ndarray]:
    """The named columns of EVENT_SCHEMA for arrays of any one shape."""
    columns: dict[str, np.ndarray] = {}
    for name in names | {"kind"}:
        columns[name] = _column(name, kind, category, flags)
    return columns


def _column(name: str, kind: np.ndarray, category: np.ndarray, flags: np.ndarray) -> np.ndarray:
    call = (kind >= Kind.CALL_START) & (kind <= Kind.CALL_END)
    match name:
        case "kind":
            return kind
        case "app":
            return np.where((kind == Kind.APP_INSTALL) | (kind == Kind.APP_ACTIVE), category, 0)
        case "lure_type":
            return np.where(kind == Kind.SMS, category, 0)
        case "call":
            return call
        case "risky":
            incoming = (flags & np.uint32(Flag.OUTGOING)) == 0
            return (call | (kind == Kind.TIMER)) & incoming & ((flags & RISKY) != 0)
    return (flags & np.uint32(Flag[name.upper()])) != 0
