"""Touch policy: what it counts that somebody met a host or an app with a verdict."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from fraud_guard.touches.notice import Thing


class ThingPolicy(BaseModel):
    """`weight` is in log-odds, for a malicious verdict of confidence 1; `level`: an alert has at least this (4: no floor)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weight: float = Field(ge=0, le=10)
    level: int = Field(ge=1, le=4)


class TouchPolicy(BaseModel):
    """Numbers of `rules/policy/touches.yaml`. The level is due only to malicious verdicts with marks of `sure` and more."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = Field(default=1, ge=1)
    app: ThingPolicy = ThingPolicy(weight=6.0, level=2)
    file: ThingPolicy = ThingPolicy(weight=6.0, level=2)
    host: ThingPolicy = ThingPolicy(weight=5.0, level=3)
    sure: float = Field(default=0.8, gt=0, le=1)
    holds_s: int = Field(default=14 * 86_400, gt=0)

    def of(self, thing: Thing) -> ThingPolicy:
        """What counts for an app, a file or a host."""
        return {"app": self.app, "file": self.file, "host": self.host}[thing]
