"""Every shipped rule, by small named promises."""

from __future__ import annotations

import pytest

from fraud_guard.app.rule_examples import ExampleResult, run_examples
from fraud_guard.app.rule_lint import CHECKS, Check
from fraud_guard.escalation.policy import LOWEST_LEVEL
from fraud_guard.rulebook.rule import Rule
from tests.rules.shelf import FAULTS, GENERATION, RULES, SHELF

LEVEL_2_LOGIT = 9.21
every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)


def results() -> list[ExampleResult]:
    return [result for rule in RULES for result in run_examples(GENERATION, rule)]


def test_every_rule_loads() -> None:
    """No shipped rule file has a fault."""
    assert FAULTS == []


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_the_lint_is_silent(check: Check) -> None:
    """Each lint check passes on the shipped rules."""
    assert list(check.findings(SHELF)) == []


@pytest.mark.parametrize("result", results(), ids=lambda r: f"{r.rule}: {r.example}")
def test_an_example_comes_out(result: ExampleResult) -> None:
    """A hit hits and a near-miss misses, whatever the block size."""
    assert result.ok, f"expected {result.expected}, got {result.got}: {result.detail}"


@every_rule
def test_a_rule_tells_the_officer_what_to_do(rule: Rule) -> None:
    """The runbook is a sentence or more in both languages."""
    assert len(rule.runbook.zh) >= 8
    assert len(rule.runbook.en) >= 20


@every_rule
def test_a_rule_knows_its_false_alarms(rule: Rule) -> None:
    """At least one way to be wrong is written down."""
    assert all(alarm.strip() for alarm in rule.known_false_alarms)


@every_rule
def test_a_near_miss_is_near(rule: Rule) -> None:
    """At least one miss shares a channel with the hit, so that it tests the rule and not the weather."""
    channels = {e: {tag["channel"] for ex in rule.examples if ex.expect == e for tag in ex.tags} for e in ("hit", "miss")}
    assert channels["hit"] & channels["miss"]


@every_rule
def test_a_level_floor_needs_several_signs(rule: Rule) -> None:
    """Only a combination of at least two conditions may fix a level."""
    if rule.level_floor < LOWEST_LEVEL:
        parts = rule.sequence.steps if rule.sequence else (rule.when or "").split(" AND ")
        assert len(parts) >= 2


@every_rule
def test_a_single_sign_orders_nobody_out(rule: Rule) -> None:
    """A rule without an order of events and without a floor never reaches level 2 alone."""
    if rule.sequence is None and not rule.decisive:
        assert rule.weight < LEVEL_2_LOGIT


def test_all_shapes_are_in_use() -> None:
    """Predicates, at least four sequences, a timer and a decisive combination are shipped."""
    assert sum(rule.sequence is not None for rule in RULES) >= 4
    assert any(rule.timer is not None for rule in RULES)
    assert any(rule.event is not None for rule in RULES)
    assert any(rule.decisive for rule in RULES)
