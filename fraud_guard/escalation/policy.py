"""Escalation policy: levels, thresholds, deadlines, and what silence does."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator

LOWEST_LEVEL = 4


class LevelPolicy(BaseModel):
    """One level of `rules/policy/escalation.yaml`; seconds run from the issue of an order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name_zh: str
    name_en: str
    min_probability: float = Field(gt=0, lt=1)
    order: bool = True
    accept_s: int | None = Field(default=None, gt=0)
    contact_s: int | None = Field(default=None, gt=0)
    visit_s: int | None = Field(default=None, gt=0)
    unaccepted_to_parent: bool = False
    unaccepted_level: int | None = Field(default=None, ge=1, le=4)
    uncontacted_level: int | None = Field(default=None, ge=1, le=4)
    script_zh: str


class EscalationPolicy(BaseModel):
    """Levels 1 (red) to 4 (blue) and the life of an alert."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = Field(ge=1)
    expire_s: int = Field(default=72 * 3600, gt=0)
    max_attempts: int = Field(default=3, ge=1)
    levels: dict[int, LevelPolicy]

    @model_validator(mode="after")
    def _levels_are_ordered(self) -> EscalationPolicy:
        if sorted(self.levels) != [1, 2, 3, 4]:
            raise ValueError("levels must be exactly 1, 2, 3 and 4")
        thresholds = [self.levels[n].min_probability for n in (1, 2, 3, 4)]
        if thresholds != sorted(thresholds, reverse=True) or len(set(thresholds)) != 4:
            raise ValueError("min_probability must fall strictly from level 1 to level 4")
        return self

    def level_of(self, probability: float) -> int | None:
        """The level a probability earns; None below level 4."""
        for level in (1, 2, 3, 4):
            if probability >= self.levels[level].min_probability:
                return level
        return None
