"""Fusion policy: the prior, the shares of the voices, the calibration and how types are told apart."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Mixing(BaseModel):
    """One way to add the voices up.

    The calibrated probability is sigmoid(`slope` * logit + `intercept`), where logit is
    logit(`prior_probability`) + the sum of the counted weights, each times the share of its voice.
    `without_model`: it counts only where no behaviour model is in force.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    slope: float = Field(default=1.0, gt=0)
    intercept: float = 0.0
    rules: float = Field(default=1.0, ge=0, le=2)
    behaviour: float = Field(default=0.0, ge=0, le=2)
    without_model: bool = False


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

    @model_validator(mode="after")
    def _one_always_counts(self) -> Self:
        if all(mixing.without_model for mixing in self.mixings):
            raise ValueError(
                "every mixing is without_model; keep one that counts beside a behaviour model, too"
            )
        return self

    def beside_model(self) -> FusionPolicy:
        """The policy where a behaviour model is in force: what rules say is worth less when a model that heard the same is silent."""
        return self.model_copy(update={"mixings": tuple(m for m in self.mixings if not m.without_model)})
