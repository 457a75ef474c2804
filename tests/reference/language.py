"""Rule expressions, evaluated by walking their tree for one event or one feature vector."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import Any

import numpy as np
import sqlglot
from sqlglot import exp

from fraud_guard.memory.layout import Seen
from fraud_guard.tags.kinds import Category, Flag, Kind, Lure
from tests.reference.record import WINDOWS_S, Call, Record
from tests.reference.strangers import of_strangers
from tests.reference.tallies import APP_KINDS, CALL_KINDS, RISKY

NEVER_S = 315_360_000.0
Value = float | bool | str
Look = Callable[[str], Value]

_SINCE_OTHERS = {
    "forwarding": (Seen.FORWARDED,), "screen_share": (Seen.MEETING, Seen.REMOTE_CONTROL),
}  # fmt: skip
"""Times since the rest are named as in Seen."""
_CALL_FLAGS = {
    name: Flag[name.upper()]
    for name in ("overseas", "virtual", "irregular", "marked", "landline", "short_code", "official", "no_peer", "first_contact")
}  # fmt: skip
_DURING_CALL = ("otps", "bank_sms", "lures", "shares", "banks", "loans", "installs", "other_visits")
_ENUMS: dict[str, Mapping[str, int]] = {
    "kind": {k.name.lower(): int(k) for k in Kind if k is not Kind.TICK},
    "app": {c.name.lower(): int(c) for c in Category},
    "lure_type": {lure.name.lower(): int(lure).bit_length() for lure in Lure if lure.name},
}


@cache
def _parse(sql: str) -> exp.Expression:
    return sqlglot.parse_one(f"SELECT 1 WHERE {sql}", dialect="duckdb").args["where"].this  # type: ignore[no-any-return]


def holds_for_event(sql: str, kind: int, category: int, flags: int) -> bool:
    """Whether a condition on one event holds."""

    def look(name: str) -> Value:
        if name == "kind":
            return _named("kind", kind)
        if name == "app":
            return _named("app", category if kind in APP_KINDS else 0)
        if name == "lure_type":
            return _named("lure_type", category if kind == Kind.SMS else 0)
        if name == "call":
            return kind in CALL_KINDS
        if name == "risky":
            return kind in (*CALL_KINDS, Kind.TIMER) and bool(flags & RISKY) and not flags & Flag.OUTGOING
        return bool(flags & Flag[name.upper()])

    return bool(_walk(_parse(sql), look))


def holds_for_record(sql: str, record: Record, now_ms: int) -> bool:
    """Whether a condition on the feature vector holds."""
    return bool(_walk(_parse(sql), lambda name: feature(name, record, now_ms)))


def feature(name: str, record: Record, now_ms: int) -> float:
    """One feature of a record at a time, by its documented name."""
    if name.startswith("last_call_"):
        return float(getattr(record.last_call, "seconds" if name == "last_call_s" else name.removeprefix("last_call_")))
    if name.startswith("call_"):
        return _of_the_call(name.removeprefix("call_"), record.call, now_ms)
    if "stranger" in name:
        return of_strangers(name, record.ring, now_ms)
    if name.startswith("since_"):
        return _since(name.removeprefix("since_").removesuffix("_s"), record, now_ms)
    if name.startswith("lure_"):
        return float(bool(record.lures & Lure[name.removeprefix("lure_").upper()]))
    plain = _of_the_person(name, record, now_ms)
    if plain is not None:
        return float(plain)
    what, _, window = name.rpartition("_")
    assert window in WINDOWS_S
    worth = float(np.exp((record.mark_s - now_ms / 1000) / WINDOWS_S[window]))
    if what in ("text_score", "host_score"):
        return float(record.peaks.get(what.removesuffix("_score"), 0.0)) * worth
    return float(record.counts.get((what, window), 0.0)) * worth


def _of_the_call(name: str, call: Call, now_ms: int) -> float:
    if not call.is_up(now_ms):
        return 0.0
    if name == "elapsed_s":
        return float((now_ms - call.answer_ms) // 1000 if call.answer_ms else 0)
    if name == "outgoing":
        return float(bool(call.flags & Flag.OUTGOING))
    if name == "forwarded":
        return float(bool(call.flags & Flag.FORWARDED))
    if name == "risky":
        return float(call.is_risky())
    if name in _CALL_FLAGS:
        return float(bool(call.flags & _CALL_FLAGS[name]) and not call.flags & Flag.OUTGOING)
    assert name == "reputation" or name in _DURING_CALL
    return float(getattr(call, name))


def _since(name: str, record: Record, now_ms: int) -> float:
    if name == "last_call":
        last_s = record.last_call.end_s
    else:
        seen = _SINCE_OTHERS.get(name) or (Seen[name.upper()],)
        last_s = max(record.seen_s.get(one, 0) for one in seen)
    return float(max(now_ms // 1000 - last_s, 0)) if last_s else NEVER_S


def _of_the_person(name: str, record: Record, now_ms: int) -> float | None:
    local = datetime.fromtimestamp(now_ms / 1000, timezone(timedelta(hours=8)))
    plain: dict[str, float] = {
        "in_call": record.call.is_up(now_ms),
        "forwarded": record.forwarded,
        "age": record.age,
        "age_known": record.age > 0,
        "lives_alone": record.household == 1,
        "victim_before": record.victim,
        "alerts_before": record.alerts,
        "known_for_s": (now_ms - record.first_ms) // 1000,
        "ring_overflow": record.overflow,
        "hour": local.hour,
        "night": local.hour >= 22 or local.hour < 6,
        "weekday": local.weekday(),
    }
    return plain.get(name)


def _named(enum: str, code: int) -> str:
    return next((name for name, value in _ENUMS[enum].items() if value == code), "")


_OF_TWO: dict[type[exp.Expression], Callable[[Any, Any], Value]] = {
    exp.GT: operator.gt, exp.GTE: operator.ge, exp.LT: operator.lt, exp.LTE: operator.le, exp.EQ: operator.eq,
    exp.NEQ: operator.ne, exp.Add: operator.add, exp.Sub: operator.sub, exp.Mul: operator.mul, exp.Div: operator.truediv,
    exp.And: lambda a, b: bool(a) and bool(b), exp.Or: lambda a, b: bool(a) or bool(b),
}  # fmt: skip
_OF_ONE: dict[type[exp.Expression], Callable[[Any], Value]] = {
    exp.Paren: lambda a: a, exp.Not: lambda a: not a, exp.Neg: operator.neg, exp.Abs: abs,
}  # fmt: skip


def _walk(node: exp.Expression, look: Look) -> Value:
    if isinstance(node, exp.Column):
        return look(node.name.lower())
    if isinstance(node, exp.Boolean):
        return bool(node.this)
    if isinstance(node, exp.Literal):
        return str(node.this) if node.is_string else float(node.this)
    first = _walk(node.this, look)
    if type(node) in _OF_ONE:
        return _OF_ONE[type(node)](first)
    if type(node) in _OF_TWO:
        return _OF_TWO[type(node)](first, _walk(node.expression, look))
    if isinstance(node, exp.Between):
        return _walk(node.args["low"], look) <= first <= _walk(node.args["high"], look)  # type: ignore[operator]
    rest = [_walk(e, look) for e in node.expressions]
    if isinstance(node, exp.In):
        return first in rest
    assert isinstance(node, exp.Least | exp.Greatest), f"the reference does not know {node.sql()}"
    return (min if isinstance(node, exp.Least) else max)([first, *rest])  # type: ignore[type-var]
