"""Lint of the rules folder: what a rule must keep beyond being readable.

Faults that stop a rule from loading are told first, by the same loader that the product uses. Checks look
at one rule at a time and know the whole shelf; each finding names file, line and what to do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from fraud_guard.app.rule_form import FORM_CHECKS
from fraud_guard.app.rule_lock import LOCK, LockUpdate, update_lock
from fraud_guard.app.rule_shelf import Check, Finding, Shelf, as_finding, read_shelf
from fraud_guard.app.rule_wording import WORDING_CHECKS
from fraud_guard.errors import RuleError

__all__ = ["CHECKS", "Check", "Finding", "Shelf", "lint", "publish", "read_shelf"]

CHECKS: tuple[Check, ...] = (*FORM_CHECKS, *WORDING_CHECKS)


def lint(folder: Path, checks: Sequence[Check] = CHECKS) -> list[Finding]:
    """Every complaint about a rules folder, sorted by file and line; empty when all is well."""
    try:
        shelf, findings = read_shelf(folder)
    except RuleError as error:
        return [as_finding(error)]
    for check in checks:
        findings += check.findings(shelf)
    findings += _gone(shelf)
    return sorted(set(findings), key=lambda f: (f.file, f.line, f.check, f.message))


def publish(folder: Path) -> LockUpdate:
    """Write the rules' versions to the lock, unless a rule does not load or was changed without a new version."""
    shelf, faults = read_shelf(folder)
    if faults:
        return LockUpdate((), (), tuple(map(str, faults)))
    return update_lock(folder, [f.rule for f in shelf.files])


def _gone(shelf: Shelf) -> Iterator[Finding]:
    for rule_id in sorted(set(shelf.lock.entries) - {f.rule.id for f in shelf.files}):
        yield Finding("published-stays", LOCK, 1, f"the published rule {rule_id} is gone or does not load",
                      "bring it back with `status: retired` and `retired_because`")  # fmt: skip
