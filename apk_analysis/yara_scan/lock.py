"""The version lock of the YARA rules: a published rule that changes gets a new version, and none disappears unseen.

`rules/apk/version.lock.json` maps a rule's id to its version and the SHA-256 of what it says.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from apk_analysis.errors import RuleFault

LOCK = "version.lock.json"


class Locked(msgspec.Struct, frozen=True):
    """What is known of a published rule."""

    version: int
    sha256: str


def read_lock(folder: Path) -> dict[str, Locked]:
    """Published rules by id; empty when there is no lock yet. Raises RuleFault when it is damaged."""
    path = folder / LOCK
    if not path.exists():
        return {}
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Locked])
    except (msgspec.DecodeError, OSError) as error:
        raise RuleFault(f"cannot be read: {error}", file=LOCK, remedy="restore it from the last release") from None


def refusal(rule_id: str, now: Locked, known: Locked | None) -> str:
    """Why a rule cannot be published as it is; "" if it can."""
    if known is None or now.version > known.version:
        return ""
    if now.version < known.version:
        return f"{rule_id}: version {now.version} is older than the published {known.version}"
    return "" if now.sha256 == known.sha256 else f"{rule_id} was changed but kept version {now.version}"


def write_lock(folder: Path, rules: dict[str, Locked]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Publish rules: ids that are new, and ids with a new version. Entries of rules that are gone stay.

    The caller has asked `refusal` of each.
    """
    known = read_lock(folder)
    added = tuple(sorted(rules.keys() - known.keys()))
    raised = tuple(sorted(i for i, one in rules.items() if i in known and one.version > known[i].version))
    text = msgspec.json.format(msgspec.json.encode(dict(sorted((known | rules).items()))), indent=1)
    (folder / LOCK).write_bytes(text + b"\n")
    return added, raised
