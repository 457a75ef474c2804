"""The history checker: what was told against what should have been told, in plain words.

It knows nothing of the product but the shapes of alert changes and orders: what is lost, told twice, made up, told in
another way, and where a level went down or a number of a change is missing.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

Told = Mapping[str, list[str]]
"""`changes`, `orders` and the records of their topics, as JSON."""
DOWNWARD = {"lowered", "closed", "expired"}


def complaints(told: Told, expected: Told) -> list[str]:
    """Everything that is wrong, in words; empty when the histories are one."""
    found = list[str]()
    for name, key_of in KEYS.items():
        found += _compared(name, told[name], expected[name], key_of)
    return found + list(_broken_alerts(told["changes"]))


def _compared(name: str, told: Iterable[str], expected: Iterable[str], key_of: Any) -> list[str]:
    ours, theirs = _by_key(told, key_of), _by_key(expected, key_of)
    found = [f"{name}: doubled {key}" for key, several in ours.items() if len(several) > 1]
    found += [f"{name}: lost {key}" for key in theirs.keys() - ours.keys()]
    found += [f"{name}: phantom {key}" for key in ours.keys() - theirs.keys()]
    both = ours.keys() & theirs.keys()
    return found + [f"{name}: {key} {_difference(ours[key][0], theirs[key][0])}" for key in both if ours[key] != theirs[key]]


def _difference(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> str:
    """The fields that are not the same."""
    fields = sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))
    return "; ".join(f"{name} is {ours.get(name)}, should be {theirs.get(name)}" for name in fields)


def _by_key(lines: Iterable[str], key_of: Any) -> dict[Any, list[Any]]:
    found = defaultdict[Any, list[Any]](list)
    for line in lines:
        one = json.loads(line)
        found[key_of(one)].append(one)
    return found


def _change_key(change: Mapping[str, Any]) -> tuple[str, int]:
    return change["alert_id"], change["seq"]


def _order_key(order: Mapping[str, Any]) -> str:
    return str(order["order_id"])


def _state_key(order: Mapping[str, Any]) -> tuple[str, str]:
    return order["order_id"], order["state"]


KEYS = {"changes": _change_key, "orders": _order_key, "topic alerts": _change_key, "topic orders": _state_key}
"""What may be told once."""


def _broken_alerts(changes: Iterable[str]) -> Iterable[str]:
    for alert_id, of_it in _by_key(changes, lambda change: change["alert_id"]).items():
        steps = sorted(of_it, key=lambda change: change["seq"])
        if [step["seq"] for step in steps] != list(range(len(steps))):
            yield f"alert {alert_id}: its numbers are {[step['seq'] for step in steps]}"
        for before, after in pairwise(steps):
            if after["level"] > before["level"] and after["change"] not in DOWNWARD:
                yield f"alert {alert_id}: level {before['level']} became {after['level']} by {after['change']}"
            if after["ts_ms"] < before["ts_ms"]:
                yield f"alert {alert_id}: change {after['seq']} goes back in time"
