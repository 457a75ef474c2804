"""The YARA rules beside the tag rules: `rules lint`, `rules lint --update-lock` and `rules test` look after both."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from apk_analysis.errors import RuleFault
from apk_analysis.yara_scan.book import RuleBook, load_rules
from apk_analysis.yara_scan.examples import read_examples
from apk_analysis.yara_scan.examples import run_examples as run
from apk_analysis.yara_scan.lint import Complaint, lint_rules, publish_rules
from fraud_guard.app.rule_examples import ExampleResult
from fraud_guard.app.rule_files import load_scam_types
from fraud_guard.app.rule_lock import LockUpdate
from fraud_guard.app.rule_shelf import Finding
from fraud_guard.errors import RuleError
from fraud_guard.shipped import APK_RULES


def lint(folder: Path) -> list[Finding]:
    """Complaints about the YARA rules of a rules folder, sorted."""
    place = folder / APK_RULES
    return [_finding(one) for one in lint_rules(place, load_scam_types(folder))] if place.is_dir() else []


def publish(folder: Path) -> LockUpdate:
    """Write the YARA rules' versions to their lock; nothing is written when any is refused. Raises RuleError."""
    if not (folder / APK_RULES).is_dir():
        return LockUpdate((), (), ())
    try:
        added, raised, refused = publish_rules(folder / APK_RULES)
    except RuleFault as fault:
        raise as_rule_error(fault) from fault
    return LockUpdate(added, raised, tuple(f"{APK_RULES}/{one}" if ".yar:" in one else one for one in refused))


def book_of(folder: Path) -> RuleBook | None:
    """The YARA rules of a rules folder, compiled; None where it has none. Raises RuleError."""
    if not (folder / APK_RULES).is_dir():
        return None
    try:
        return load_rules(folder / APK_RULES)
    except RuleFault as fault:
        raise as_rule_error(fault) from fault


def run_examples(folder: Path, book: RuleBook, only: Collection[str] = ()) -> Iterator[ExampleResult]:
    """Scan the examples of all YARA rules, or of `only` these. Raises RuleError."""
    try:
        examples = read_examples(folder / APK_RULES)
    except RuleFault as fault:
        raise as_rule_error(fault) from fault
    for one in run(book, {i: both for i, both in examples.items() if not only or i in only}):
        words = f"hit by {one.detail}" if one.detail else "hit by no rule"
        expected, got = ("hit" if truth else "miss" for truth in (one.expected, one.got))
        yield ExampleResult(one.rule, one.example, expected, got, None, words)  # type: ignore[arg-type]


def as_rule_error(fault: RuleFault) -> RuleError:
    """A fault of the APK analysis as an error of the product."""
    return RuleError(fault.message, file=f"{APK_RULES}/{fault.file}", line=fault.line, remedy=fault.remedy)


def _finding(one: Complaint) -> Finding:
    return Finding(f"apk-{one.check}", f"{APK_RULES}/{one.file}", max(one.line, 1), one.message, one.remedy)
