"""The history checker finds what it is there to find."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.history import complaints


def told(*changes: dict[str, Any]) -> dict[str, list[str]]:
    """A history of one alert with one order."""
    lines = [json.dumps(change) for change in changes]
    order = json.dumps({"order_id": "o", "state": "issued"})
    return {"changes": lines, "orders": [order], "topic alerts": lines, "topic orders": [order]}


def change(seq: int, level: int, kind: str = "escalated", ts_ms: int = 0) -> dict[str, Any]:
    return {"alert_id": "a", "seq": seq, "level": level, "change": kind, "ts_ms": ts_ms}


RAISED, RISEN = change(0, 3, "raised"), change(1, 2)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ([RAISED], "lost"),
        ([RAISED, RISEN, RISEN], "doubled"),
        ([RAISED, RISEN, change(2, 1)], "phantom"),
        ([RAISED, change(1, 1)], "should be"),
        ([RAISED, change(1, 4)], "level 3 became 4"),
        ([RAISED, change(2, 2)], "numbers"),
        ([RAISED, change(1, 2, ts_ms=-1)], "back in time"),
    ],
)
def test_it_complains(changes: list[dict[str, Any]], word: str) -> None:
    """What is lost, doubled, made up, different, taken back, unnumbered or out of time is named."""
    assert any(word in line for line in complaints(told(*changes), told(RAISED, RISEN)))


def test_it_is_content_with_the_same_history() -> None:
    """Nothing is said about a history that is as it should be."""
    assert complaints(told(RISEN, RAISED), told(RAISED, RISEN)) == []
