"""The shipped policies say what the documents promise."""

from __future__ import annotations

import math
import re

import pytest

from fraud_guard.fusion.evidence import Evidence
from fraud_guard.fusion.fuse import fuse
from tests.rules.shelf import FOLDER, GENERATION, RULES, SHELF

FUSION, ESCALATION = GENERATION.policies.fusion, GENERATION.policies.escalation


def evidence(weight: float, group: str = "a") -> Evidence:
    return Evidence("rule", group, 1, weight, group, (("phishing", 1.0),), 0, 1, 4, (), "", "")


@pytest.mark.parametrize(("level", "total"), [(4, 8.4), (3, 10.2), (2, 11.9), (1, 14.1)])
def test_the_sums_in_the_readme_are_true(level: int, total: float) -> None:
    """rules/README.md names the sum of weights at which each level begins beside a silent model, to one digit."""
    edge = math.log(ESCALATION.levels[level].min_probability / (1 - ESCALATION.levels[level].min_probability))
    prior = math.log(FUSION.prior_probability / (1 - FUSION.prior_probability))
    alone = next(m for m in FUSION.beside_model().mixings if not m.behaviour)
    edge = (edge - alone.intercept) / alone.slope
    assert edge - prior == pytest.approx(total, abs=0.05)
    assert f"**{total}** for level {level}" in (FOLDER / "README.md").read_text("utf-8")
    assert ESCALATION.level_of(fuse([evidence(edge - prior + 0.01)], FUSION.beside_model()).probability) == level


def test_without_a_model_rules_need_two_less() -> None:
    """What rules/README.md says of a site without a behaviour model."""
    beside = next(m for m in FUSION.beside_model().mixings if not m.behaviour)
    alone = next(m for m in FUSION.mixings if m.without_model)
    assert alone.intercept - beside.intercept == pytest.approx(2.0)
    assert "every level begins 2.0 earlier" in (FOLDER / "README.md").read_text("utf-8")


def test_priors_are_given_to_known_types() -> None:
    """Every scam type of the fusion policy stands in scam_types.yaml."""
    assert set(FUSION.type_prior) <= set(SHELF.scam_types)


def test_every_order_tells_its_reasons() -> None:
    """Each level's script has a place for the reasons and holds no other blank."""
    assert all(re.findall(r"{(\w*)}", policy.script_zh) == ["reasons"] for policy in ESCALATION.levels.values())


def test_the_readme_names_every_group() -> None:
    """Each group that rules share is explained in rules/README.md."""
    text = (FOLDER / "README.md").read_text("utf-8")
    assert [group for group in {rule.group for rule in RULES} if group and f"| `{group}` |" not in text] == []


def test_one_rule_of_a_group_counts() -> None:
    """Two rules that see the same thing add no more than the stronger of them."""
    assert fuse([evidence(3.0), evidence(5.0)], FUSION).weights == (0.0, 5.0)
