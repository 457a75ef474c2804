"""The machine that runs examples: it fills in, repeats, refuses and explains."""

from __future__ import annotations

from typing import Any

import pytest

from fraud_guard.app.rule_examples import START_MS, run_examples, tags_of
from fraud_guard.rulebook.rule import Example, Rule
from tests.rules.shelf import GENERATION, RULES

FLOOD = next(rule for rule in RULES if rule.id == "code-flood")


def with_tags(*tags: dict[str, Any]) -> Rule:
    """The flood rule with one example of these tags that expects a hit."""
    example = Example(name="made", expect="hit", tags=tags)
    return FLOOD.model_copy(update={"examples": (example,)})


def code(**more: Any) -> dict[str, Any]:
    return {"channel": "sms", "peer": "106900120000", "direction": "in", "text": "验证码882913，五分钟内有效。"} | more


def test_defaults_are_filled_in() -> None:
    """An example's tag gets an id, a source, a synthetic subject and a time from `at`."""
    [tag] = tags_of(Example(name="x", expect="hit", tags=(code(at="2min"),)))
    assert (tag["id"], tag["source"], tag["ts_ms"]) == ("t1", "example", START_MS + 120_000)
    assert "at" not in tag


def test_a_tag_is_repeated() -> None:
    """`times` and `every` write a tag out, each with an id of its own."""
    tags = tags_of(Example(name="x", expect="hit", tags=(code(times=3, every="30s"),)))
    assert [t["ts_ms"] - START_MS for t in tags] == [0, 30_000, 60_000]
    assert len({t["id"] for t in tags}) == 3


def test_a_refused_tag_is_told() -> None:
    """A typing error in an example is no miss: the door's reason is shown."""
    [result] = run_examples(GENERATION, with_tags(code(), {"channel": "fax"}))
    assert (result.got, result.ok) == ("refused", False)
    assert result.detail.startswith("tag 2: bad_value")


def test_a_wrong_expectation_is_told_with_what_happened() -> None:
    """A failed example says what was raised and which rules hit."""
    [result] = run_examples(GENERATION, with_tags(code()))
    assert (result.expected, result.got, result.ok) == ("hit", "miss", False)
    assert result.detail == "no alert; hit by no rule"


@pytest.mark.parametrize("status", ["draft", "retired"])
def test_rules_that_decide_nothing_are_still_tested(status: str) -> None:
    """Examples of a draft or a retired rule run as if it were in force."""
    rule = FLOOD.model_copy(update={"status": status})
    assert all(result.ok for result in run_examples(GENERATION, rule))


def test_the_generation_is_left_alone() -> None:
    """Running examples changes neither rules nor identity of the generation."""
    before = [c.rule.id for c in GENERATION.book.rules]
    run_examples(GENERATION, with_tags(code(times=9, every="1s")))
    assert [c.rule.id for c in GENERATION.book.rules] == before
