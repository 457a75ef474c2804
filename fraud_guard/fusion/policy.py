"""Fusion policy: the prior, the calibration and how types are told apart."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class FusionPolicy(BaseModel):
    """Numbers of `rules/policy/fusion.yaml`.

    The calibrated probability is sigmoid(`slope` * logit + `intercept`), where logit is
    logit(`prior_probability`) + the sum of the counted weights.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = Field(ge=1)
    prior_probability: float = Field(gt=0, lt=0.5)
    slope: float = Field(default=1.0, gt=0)
    intercept: float = 0.0
    type_prior: dict[str, float] = Field(default_factory=dict)
