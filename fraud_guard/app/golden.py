"""The recorded day with its expected alerts and orders, and how a replay differs from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import msgspec

from fraud_guard.app.replay.results import Results

EXPECTED = "expected.ndjson"
"""One line an alert change or order, only what a person would check: who, when, which level, which station."""


def golden_day() -> Path:
    """The folder of the recorded day."""
    return Path(str(files("datasets"))) / "golden" / "day"


def facts(results: Results) -> list[str]:
    """What a replay gave, in the form of `expected.ndjson`."""
    return [_line(f) for f in _facts(results)]


def compare(day: Path, results: Results) -> list[str]:
    """Lines that are missing or that nobody expected."""
    expected = (day / EXPECTED).read_text(encoding="utf-8").splitlines()
    got = facts(results)
    missing, unexpected = Counter(expected) - Counter(got), Counter(got) - Counter(expected)
    return [f"missing: {line}" for line in missing.elements()] + [f"unexpected: {line}" for line in unexpected.elements()]


def _facts(results: Results) -> Iterator[dict[str, object]]:
    for c in results.changes:
        yield {"alert": c.change, "subject": c.subject, "ts_ms": c.ts_ms, "level": c.level, "type": c.scam_type,
               "evidence": [e.id for e in c.evidence]}  # fmt: skip
    subject = {c.alert_id: c.subject for c in results.changes}
    for o in sorted(results.orders.values(), key=lambda o: (o.issued_ms, o.order_id)):
        yield {"order": o.state, "subject": subject[o.alert_id], "issued_ms": o.issued_ms, "level": o.level,
               "station": o.station_id, "accept_by_ms": o.accept_by_ms}  # fmt: skip


def _line(fact: dict[str, object]) -> str:
    return msgspec.json.encode(fact).decode()

