"""Contacts with strangers, counted over a list of events."""

from __future__ import annotations

from collections import Counter

from fraud_guard.tags.kinds import Flag, Kind
from tests.reference.record import Event
from tests.reference.tallies import STRANGE

NEVER_S = 315_360_000.0
HOUR_MS = 3_600_000
SPANS_MS = {"6h": 6 * HOUR_MS, "2d": 48 * HOUR_MS}


def of_strangers(name: str, ring: list[Event], now_ms: int) -> float:
    """One of the features with `stranger` in its name."""
    some = [e for e in ring if e.flags & STRANGE and not e.flags & (Flag.SHORT_CODE | Flag.NO_PEER)]
    calls = [e for e in some if e.kind == Kind.CALL_END]
    texts = [e for e in some if e.kind == Kind.SMS and not e.flags & Flag.OUTGOING]
    if name.startswith("since_"):
        last_s = max((e.ts_ms for e in (texts if "text" in name else calls)), default=0) // 1000
        return float(max(now_ms // 1000 - last_s, 0)) if last_s else NEVER_S
    what, _, window = name.rpartition("_")
    calls, texts = ([e for e in part if now_ms - e.ts_ms <= SPANS_MS[window]] for part in (calls, texts))
    called, wrote = Counter(e.peer for e in calls), Counter(e.peer for e in texts)
    return float(
        {
            "stranger_calls": len(calls),
            "stranger_talks": sum(bool(e.flags & Flag.TALKED) for e in calls),
            "stranger_texts": len(texts),
            "same_stranger": min(max((called + wrote).values(), default=0), 6),
            "stranger_wrote_and_called": bool(set(called) & set(wrote)),
        }[what]
    )
