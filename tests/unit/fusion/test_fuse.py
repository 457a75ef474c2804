"""Fusion: log-odds, correlated evidence once, monotone."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from fraud_guard.fusion.evidence import Evidence
from fraud_guard.fusion.fuse import UNKNOWN_TYPE, counted_weights, fuse
from fraud_guard.fusion.policy import FusionPolicy, Mixing

POLICY = FusionPolicy(version=1, prior_probability=1e-4, type_prior={"loan": 1.2})


def evidence(weight: float, group: str = "", **shares: float) -> Evidence:
    return Evidence(
        "rule",
        f"r{weight}",
        1,
        weight,
        group or f"g{weight}",
        tuple(shares.items()),
        0,
        0,
        4,
        (),
        "由",
        "why",
    )


PIECES = st.lists(
    st.builds(
        evidence,
        st.floats(0.1, 12),
        st.sampled_from(("", "a", "b")),
        police=st.floats(0, 1),
        loan=st.floats(0, 1),
    ),
    max_size=8,
)


def test_nothing_is_the_prior():
    """Without evidence the probability is the prior and the type unknown."""
    fused = fuse([], POLICY)
    assert fused.probability == pytest.approx(1e-4)
    assert fused.types == {UNKNOWN_TYPE: 1.0}


def test_weights_and_prior_add_up_to_the_logit():
    """The shown weights and the prior are the whole logit before calibration."""
    fused = fuse([evidence(3.0), evidence(2.5)], POLICY)
    assert fused.logit == pytest.approx(math.log(1e-4 / 0.9999) + sum(fused.weights))
    assert fused.probability == pytest.approx(1 / (1 + math.exp(-fused.logit)))


def test_of_one_group_only_the_strongest_counts():
    """Evidence that tells the same story adds the weight of its strongest, once; of equals the first."""
    pieces = [evidence(2, "a"), evidence(5, "a"), evidence(1, "b"), evidence(5, "a")]
    assert counted_weights(pieces) == (0.0, 5.0, 1.0, 0.0)


@given(PIECES, st.builds(evidence, st.floats(0.1, 12), st.sampled_from(("", "a", "b"))))
def test_more_evidence_never_lowers_the_probability(pieces, more):
    """Fusion is monotone."""
    assert fuse([*pieces, more], POLICY).probability >= fuse(pieces, POLICY).probability


@given(PIECES, st.randoms(use_true_random=False))
def test_the_order_of_evidence_does_not_matter(pieces, chance):
    """The probability is the same in any order, to the last bit."""
    shuffled = chance.sample(pieces, len(pieces))
    assert fuse(shuffled, POLICY).probability == fuse(pieces, POLICY).probability


@given(PIECES)
def test_types_are_a_distribution_in_order(pieces):
    """Shares of types add up to 1 and come largest first."""
    shares = list(fuse(pieces, POLICY).types.values())
    assert sum(shares) == pytest.approx(1)
    assert shares == sorted(shares, reverse=True)


def test_evidence_for_a_type_makes_it_likelier():
    """The type that the evidence speaks of leads."""
    assert next(iter(fuse([evidence(3, police=0.8, loan=0.2)], POLICY).types)) == "police"


def test_calibration_is_a_slope_and_an_intercept():
    """The calibrated probability is the sigmoid of slope * logit + intercept."""
    policy = POLICY.model_copy(update={"mixings": (Mixing(slope=0.5, intercept=1.0),)})
    fused = fuse([evidence(9.0)], policy)
    assert fused.probability == pytest.approx(1 / (1 + math.exp(-(0.5 * fused.logit + 1))))


@pytest.mark.parametrize(
    "wrong", [{"prior_probability": 0.0}, {"prior_probability": 0.9}, {"slope": -1}, {"unknown": 1}]
)
def test_a_policy_that_breaks_monotony_is_refused(wrong):
    """A negative slope, an absurd prior and unknown settings are not taken."""
    with pytest.raises(ValidationError):
        FusionPolicy.model_validate({"version": 1, "prior_probability": 1e-4} | wrong)


def test_rules_are_worth_less_beside_a_model_that_is_silent():
    """A mixing `without_model` is heard only where there is no model; the others are heard always."""
    policy = POLICY.model_copy(update={"mixings": (Mixing(without_model=True), Mixing(intercept=-2.0))})
    alone, beside = fuse([evidence(9.0)], policy), fuse([evidence(9.0)], policy.beside_model())
    assert alone.probability == fuse([evidence(9.0)], POLICY).probability
    assert beside.probability == fuse([evidence(9.0)], POLICY.model_copy(update={"mixings": (Mixing(intercept=-2.0),)})).probability


def test_something_is_heard_beside_a_model():
    """A policy whose every mixing needs the model's absence is refused, and says what to do."""
    with pytest.raises(ValidationError, match="keep one that counts beside"):
        FusionPolicy(version=1, prior_probability=1e-4, mixings=(Mixing(without_model=True),))


def test_extreme_evidence_stays_a_probability():
    """Neither overflow nor anything beyond 1."""
    assert fuse([evidence(12.0, f"g{i}") for i in range(200)], POLICY).probability == 1.0
