"""The version lock of the rules: a published rule that changes gets a new version, and none disappears.

`rules/version.lock.json` maps a rule's id to its version and the SHA-256 of what it says. Layout, comments,
the version itself and the examples do not count: they change neither a decision nor a screen.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from fraud_guard.errors import RuleError
from fraud_guard.rulebook.rule import Rule

LOCK = "version.lock.json"
_UNCOUNTED = {"version", "examples"}


class Locked(BaseModel):
    """What is known of a published rule."""

    version: int = Field(ge=1)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


_ENTRIES = TypeAdapter(dict[str, Locked])


class Lock(NamedTuple):
    """Published rules by id."""

    entries: dict[str, Locked]

    def problem(self, rule: Rule) -> str:
        """What is wrong with the rule's version; "" if nothing."""
        known = self.entries.get(rule.id)
        if known is None:
            return f"{rule.id} is not in {LOCK}"
        if self.refusal(rule):
            return self.refusal(rule)
        return "" if (rule.version, digest(rule)) == (known.version, known.sha256) else f"{LOCK} is behind version {rule.version}"

    def refusal(self, rule: Rule) -> str:
        """Why the rule cannot be published as it is; "" if it can."""
        known = self.entries.get(rule.id)
        if known is None:
            return ""
        if rule.version < known.version:
            return f"version {rule.version} is older than the published {known.version}"
        if rule.version == known.version and digest(rule) != known.sha256:
            return f"{rule.id} was changed but kept version {rule.version}"
        return ""


class LockUpdate(NamedTuple):
    """What an update of the lock did: ids that are new and ids with a new version; `refused` says why others stay."""

    added: tuple[str, ...]
    raised: tuple[str, ...]
    refused: tuple[str, ...]


def digest(rule: Rule) -> str:
    """SHA-256 of what a rule says."""
    said = json.dumps(rule.model_dump(mode="json", exclude=_UNCOUNTED), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(said.encode()).hexdigest()


def read_lock(folder: Path) -> Lock:
    """The lock of a rules folder; empty when there is none yet. Raises RuleError when it is damaged."""
    path = folder / LOCK
    if not path.exists():
        return Lock({})
    try:
        return Lock(_ENTRIES.validate_json(path.read_bytes()))
    except (ValidationError, OSError) as error:
        first = str(error).splitlines()[0]
        raise RuleError(f"cannot be read: {first}", file=LOCK, remedy="restore it from the last release") from None


def update_lock(folder: Path, rules: Iterable[Rule]) -> LockUpdate:
    """Publish rules: write new and raised versions to the lock. Nothing is written when any rule is refused;
    entries of rules that are gone stay, so that the lint keeps asking for them.
    """
    lock, ranked = read_lock(folder), sorted(rules, key=lambda r: r.id)
    refused = tuple(reason for rule in ranked if (reason := lock.refusal(rule)))
    added = tuple(r.id for r in ranked if r.id not in lock.entries)
    raised = tuple(r.id for r in ranked if r.id in lock.entries and r.version > lock.entries[r.id].version)
    if refused:
        return LockUpdate((), (), refused)
    entries = lock.entries | {r.id: Locked(version=r.version, sha256=digest(r)) for r in ranked}
    text = json.dumps({i: entries[i].model_dump() for i in sorted(entries)}, indent=1)
    (folder / LOCK).write_text(text + "\n", "utf-8")
    return LockUpdate(added, raised, ())
