"""Fusion policy: the prior, the shares of the voices, the calibration and how types are told apart."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Mixing(BaseModel):
    """One way to add the voices up.

    The calibrated probability is sigmoid(`slope` * logit + `intercept`), where logit is
    logit(`prior_probability`) + the sum of the counted weights, each times the share of its voice.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    slope: float = Field(default=1.0, gt=0)
    intercept: float = 0.0
    rules: float = Field(default=1.0, ge=0, le=2)
    behaviour: float = Field(default=0.0, ge=0, le=2)


class FusionPolicy(BaseModel):
    """Numbers of `rules/policy/fusion.yaml`. Of several mixings the one that gives the higher probability counts.

    `rules_on_types`: share of a rule's weight when types are told apart, where the model's counts in full.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = Field(ge=1)
    prior_probability: float = Field(gt=0, lt=0.5)
    mixings: tuple[Mixing, ...] = Field(default=(Mixing(),), min_length=1, max_length=4)
    rules_on_types: float = Field(default=1.0, gt=0, le=1)
    type_prior: dict[str, float] = Field(default_factory=dict)
