"""Fuse evidence into a probability. Pure, monotone: more evidence never lowers it.

Weights below zero are refused by the rulebook, so monotony holds by construction.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from fraud_guard.fusion.evidence import Evidence
from fraud_guard.fusion.policy import FusionPolicy, Mixing

UNKNOWN_TYPE = "unknown"


class Fused(msgspec.Struct, frozen=True):
    """What the evidence adds up to; `weights` go with the evidence, in its order."""

    logit: float
    probability: float
    weights: tuple[float, ...]
    types: dict[str, float]


def fuse(evidence: Sequence[Evidence], policy: FusionPolicy) -> Fused:
    """Add up evidence in log-odds; of one group only the strongest counts, and of the mixings the surest."""
    counted = counted_weights(evidence)
    prior = math.log(policy.prior_probability / (1.0 - policy.prior_probability))
    types = type_shares(evidence, policy)
    return max((_mixed(evidence, counted, mixing, prior, types) for mixing in policy.mixings), key=lambda f: f.probability)


def _mixed(
    evidence: Sequence[Evidence], counted: Sequence[float], mixing: Mixing, prior: float, types: dict[str, float]
) -> Fused:
    shares = (mixing.behaviour if item.kind == "behaviour" else mixing.rules for item in evidence)
    weights = tuple(weight * share for weight, share in zip(counted, shares, strict=True))
    logit = prior + math.fsum(weights)
    return Fused(logit, _sigmoid(mixing.slope * logit + mixing.intercept), weights, types)


def counted_weights(evidence: Sequence[Evidence]) -> tuple[float, ...]:
    """The weight each piece adds: its own, or 0 when a stronger one of its group counts."""
    best: dict[str, int] = {}
    for i, item in enumerate(evidence):
        rival = best.get(item.group)
        if rival is None or item.weight > evidence[rival].weight:
            best[item.group] = i
    return tuple(item.weight if best[item.group] == i else 0.0 for i, item in enumerate(evidence))


def type_shares(evidence: Sequence[Evidence], policy: FusionPolicy) -> dict[str, float]:
    """P(type | scam): soft-max of the evidence for each type, sorted, largest first."""
    score: dict[str, float] = {}
    for item in evidence:
        weight = item.weight if item.kind == "behaviour" else policy.rules_on_types * item.weight
        for scam_type, share in item.scam_types:
            score[scam_type] = score.get(scam_type, 0.0) + weight * share
    if not score:
        return {UNKNOWN_TYPE: 1.0}
    raw = {t: policy.type_prior.get(t, 1.0) * math.exp(s) for t, s in score.items()}
    total = math.fsum(raw.values())
    return dict(sorted(((t, v / total) for t, v in raw.items()), key=lambda kv: (-kv[1], kv[0])))


def _sigmoid(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x)) if x >= 0 else math.exp(x) / (1.0 + math.exp(x))
