"""A strict check of tags against the contract, independent of the product's own models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

COMMON: dict[str, type] = {"id": str, "source": str, "channel": str, "ts_ms": int, "subject": str}
REQUIRED: dict[str, dict[str, type]] = {
    "call": {"peer": str, "direction": str, "phase": str},
    "sms": {"peer": str, "direction": str},
    "net": {"kind": str},
}
OPTIONAL: dict[str, dict[str, type]] = {
    "call": {"call_id": str, "duration_s": int, "forwarded": bool},
    "sms": {"text": str, "urls": list},
    "net": {
        "host": str, "url": str, "sha256": str, "package": str, "app_label": str, "app_category": str,
        "bytes_up": int, "bytes_down": int,
    },
}  # fmt: skip
ALWAYS_OPTIONAL: dict[str, type] = {"v": int, "labels": list, "area": str}
VALUES = {
    "direction": {"in", "out"},
    "phase": {"start", "answer", "end"},
    "kind": {"visit", "download", "app_install", "app_active"},
    "app_category": {
        "bank", "meeting", "remote_control", "loan", "im", "invest", "dating", "game", "shopping",
        "browser", "other",
    },
}  # fmt: skip
LONGEST = {"id": 128, "source": 64, "subject": 64, "text": 4_000}
NEEDS = {"visit": "host", "download": "host", "app_install": "package", "app_active": "package"}


def problems(tag: object) -> list[str]:
    """What the contract forbids about one decoded line; empty for a good tag."""
    if not isinstance(tag, Mapping):
        return ["not an object"]
    channel = tag.get("channel")
    if channel not in REQUIRED:
        return ["channel"]
    needed = COMMON | REQUIRED[channel]
    known = needed | OPTIONAL[channel] | ALWAYS_OPTIONAL
    found = [f"missing {name}" for name in needed if name not in tag]
    found += [f"unknown {name}" for name in tag if name not in known]
    found += [
        f"type of {name}" for name, kind in known.items() if name in tag and type(tag[name]) is not kind
    ]
    return found or _bad_values(tag)


def _bad_values(tag: Mapping[str, Any]) -> list[str]:
    found = [
        f"value of {name}" for name, allowed in VALUES.items() if name in tag and tag[name] not in allowed
    ]
    found += [f"length of {name}" for name, longest in LONGEST.items() if len(tag.get(name, "")) > longest]
    if tag["channel"] == "net" and NEEDS.get(tag["kind"]) not in tag:
        found.append("net tag without what its kind needs")
    found += [f"NUL in {name}" for name, value in tag.items() if isinstance(value, str) and "\0" in value]
    if not 1_500_000_000_000 < tag["ts_ms"] < 3_000_000_000_000:
        found.append("absurd time")
    area = tag.get("area", "320281")
    if not (area.isdigit() and len(area) in {6, 9, 12}):
        found.append("area")
    return found
