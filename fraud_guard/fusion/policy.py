"""Fusion policy: the prior, the shares of the voices, the calibration and how types are told apart."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Mixing(BaseModel):
    """How voices are added. All hear the same tags, so a share below 1 keeps what two of them say from counting twice.

    The calibrated probability is sigmoid(`slope` * logit + `intercept`), where logit is
    logit(`prior_probability`) + the sum of the counted weights, each times the share of its voice.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    slope: float = Field(default=1.0, gt=0)
    intercept: float = 0.0
    rules: float = Field(default=1.0, ge=0, le=2)
    behaviour: float = Field(default=1.0, ge=0, le=2)


class FusionPolicy(BaseModel):
    """Numbers of `rules/policy/fusion.yaml`: `mixing` is in force, as long as the rules speak alone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = Field(ge=1)
    prior_probability: float = Field(gt=0, lt=0.5)
    mixing: Mixing = Mixing()
    mixing_with_behaviour: Mixing = Mixing()
    type_prior: dict[str, float] = Field(default_factory=dict)

    def with_behaviour(self) -> FusionPolicy:
        """The same policy for a generation that has a behaviour model."""
        return self.model_copy(update={"mixing": self.mixing_with_behaviour})
