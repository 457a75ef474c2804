"""Rule expressions, evaluated by walking their tree for one event or one feature vector."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import sqlglot
from sqlglot import exp

from fraud_guard.memory.layout import Count, Seen
from fraud_guard.tags.kinds import Category, Flag, Kind, Lure
from tests.reference.record import APP_KINDS, CALL_KINDS, RISKY, WINDOWS_S, Record

NEVER_S = 315_360_000.0
Value = float | bool | str
Look = Callable[[str], Value]

_SINCE = {
    "risky_call": Seen.RISKY_CALL, "overseas_call": Seen.OVERSEAS_CALL, "long_risky_call": Seen.LONG_RISKY_CALL,
    "otp": Seen.OTP, "bank_sms": Seen.BANK_SMS, "lure": Seen.LURE, "lure_link": Seen.LURE_LINK,
    "sideload": Seen.SIDELOAD, "install": Seen.INSTALL, "screen_share": Seen.SCREEN_SHARE, "bank_app": Seen.BANK_APP,
    "loan_app": Seen.LOAN_APP, "invest_app": Seen.INVEST_APP, "dating_app": Seen.DATING_APP,
    "im_install": Seen.IM_INSTALL, "short_link": Seen.SHORT_LINK, "other_visit": Seen.OTHER_VISIT,
    "official_call": Seen.OFFICIAL_CALL, "forwarding": Seen.FORWARDED, "marked": Seen.MARKED,
}  # fmt: skip
_COUNTED = {
    "calls": Count.CALL, "risky_calls": Count.RISKY_CALL, "long_calls": Count.LONG_CALL, "sms": Count.SMS,
    "otps": Count.OTP, "bank_sms": Count.BANK_SMS, "lures": Count.LURE, "visits": Count.VISIT,
    "other_visits": Count.OTHER_VISIT, "sideloads": Count.SIDELOAD, "installs": Count.INSTALL, "marked": Count.MARKED,
}  # fmt: skip
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
    call, up = record.call, record.call.is_up(now_ms)
    incoming = up and not call.flags & Flag.OUTGOING
    plain: dict[str, Callable[[], float]] = {
        "in_call": lambda: up,
        "call_elapsed_s": lambda: (now_ms - call.answer_ms) // 1000 if up and call.answer_ms else 0,
        "call_risky": lambda: incoming and bool(call.flags & RISKY),
        "call_overseas": lambda: incoming and bool(call.flags & Flag.OVERSEAS),
        "call_virtual": lambda: incoming and bool(call.flags & Flag.VIRTUAL),
        "call_marked": lambda: incoming and bool(call.flags & Flag.MARKED),
        "call_otps": lambda: call.otps if up else 0,
        "call_shares": lambda: call.shares if up else 0,
        "call_banks": lambda: call.banks if up else 0,
        "forwarded": lambda: record.forwarded,
        "age": lambda: record.age,
        "lives_alone": lambda: record.household == 1,
        "victim_before": lambda: record.victim,
        "hour": lambda: (now_ms // 3_600_000 + 8) % 24,
        "known_for_s": lambda: (now_ms - record.first_ms) // 1000,
        "ring_overflow": lambda: record.overflow,
    }
    if name in plain:
        return float(plain[name]())
    if name.startswith("since_"):
        last_s = record.seen_s.get(_SINCE[name.removeprefix("since_").removesuffix("_s")], 0)
        return float(max(now_ms // 1000 - last_s, 0)) if last_s else NEVER_S
    what, _, window = name.rpartition("_")
    assert window in WINDOWS_S
    idle_s = max(now_ms - record.last_ms, 0) / 1000
    return float(record.counts.get((_COUNTED[what], window), 0.0)) * float(
        np.exp(-idle_s / WINDOWS_S[window])
    )


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
