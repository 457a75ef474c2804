"""The rule file: one YAML mapping a rule, checked by these models."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

_UNITS_S = {"s": 1, "min": 60, "h": 3_600, "d": 86_400}
MAX_SPAN_S = 90 * 86_400
MAX_WEIGHT = 12.0
"""More than the way from the prior to level 1."""


def seconds(value: Any) -> int:
    """`90s`, `15min`, `2h` or `7d` as seconds."""
    match = re.fullmatch(r"(\d+)\s*(s|min|h|d)", str(value).strip())
    if match is None:
        raise ValueError(f"{value!r} is not a span; write e.g. 90s, 15min, 2h or 7d")
    return int(match[1]) * _UNITS_S[match[2]]


Share = Annotated[float, Field(gt=0, le=1)]
Span = Annotated[int, BeforeValidator(seconds), Field(gt=0, le=MAX_SPAN_S)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Words(_Strict):
    """A text in both languages."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class StepSpec(_Strict):
    """One event of a sequence. `within` counts from the mandatory step before it; None = no limit of its own."""

    where: str
    optional: bool = False
    within: Span | None = None

    @model_serializer(mode="wrap")
    def _plain(self, write: SerializerFunctionWrapHandler) -> Any:
        """A step that is only a condition is written as one, so that its rule keeps its digest."""
        return write(self) if self.optional or self.within else self.where


def _step(value: Any) -> Any:
    return {"where": value} if isinstance(value, str) else value


class SequenceSpec(_Strict):
    """Events in this order, the last at most `within` after the first. Steps are conditions on one event.

    Optional steps never decide whether a sequence hits; each one seen adds `bonus` (log-odds) to the weight.
    """

    within: Span
    steps: tuple[Annotated[StepSpec, BeforeValidator(_step)], ...] = Field(min_length=2, max_length=8)
    bonus: float = Field(default=0.0, ge=0, le=MAX_WEIGHT)

    @property
    def optional(self) -> int:
        """How many steps are optional."""
        return sum(step.optional for step in self.steps)

    @model_validator(mode="after")
    def _is_whole(self) -> SequenceSpec:
        mandatory = [i for i, step in enumerate(self.steps) if not step.optional]
        if len(mandatory) < 2:
            raise ValueError("a sequence needs two steps that are not optional")
        if self.steps[-1].optional:
            raise ValueError("the last step cannot be optional: it is the event at which the sequence hits")
        if any(step.within for step in self.steps[: mandatory[0] + 1]):
            raise ValueError("`within` of a step counts from the mandatory step before it; here is none")
        if any((step.within or 0) > self.within for step in self.steps):
            raise ValueError("`within` of a step is longer than that of the sequence")
        if self.bonus and not self.optional:
            raise ValueError("`bonus` is given for optional steps; there is none")
        return self

    @model_serializer(mode="wrap")
    def _short(self, write: SerializerFunctionWrapHandler) -> Any:
        """Without a bonus of nothing, so that older rules keep their digest."""
        return {k: v for k, v in write(self).items() if k != "bonus" or v}


class TimerSpec(_Strict):
    """Look again `after` the answer of a call that is still running and fulfils `call`."""

    after: Span
    call: str


class Example(_Strict):
    """A short day: `tags` as in the contract with `at` (a span after the start) instead of `ts_ms`.

    `times` and `every` on a tag repeat it. `person` may give area, age_band, household, and
    `victim: "yes"` for somebody cheated before. `until` lets time pass for timers. `reputation`
    gives what the peer stage knows of callers: number -> log-odds.
    """

    name: str
    expect: Literal["hit", "miss"]
    person: dict[str, str] = Field(default_factory=dict)
    tags: tuple[dict[str, Any], ...] = Field(min_length=1)
    until: str | None = None
    reputation: dict[str, float] = Field(default_factory=dict)


class Rule(_Strict):
    """One rule. Exactly one of `sequence`, `timer` and plain `when` gives it its shape.

    `weight` is in log-odds (natural logarithm); `holds` are the seconds for which it counts outside an open alert.
    """

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    version: int = Field(ge=1)
    status: Literal["draft", "test", "stable", "retired"]
    retired_because: str = ""
    title: Words
    summary: Words
    scam_types: dict[str, Share] = Field(min_length=1)
    weight: float = Field(gt=0, le=MAX_WEIGHT)
    group: str = ""
    holds: Span
    level_floor: int = Field(default=4, ge=1, le=4)
    decisive: bool = False
    event: str | None = None
    when: str | None = None
    sequence: SequenceSpec | None = None
    timer: TimerSpec | None = None
    references: tuple[str, ...] = ()
    known_false_alarms: tuple[str, ...] = Field(min_length=1)
    runbook: Words
    examples: tuple[Example, ...] = Field(min_length=2)

    @property
    def most_weight(self) -> float:
        """The weight with every optional step seen."""
        return self.weight + (self.sequence.bonus * self.sequence.optional if self.sequence else 0.0)

    @model_validator(mode="after")
    def _is_whole(self) -> Rule:
        if self.sequence is not None and self.timer is not None:
            raise ValueError("a rule has a sequence or a timer, not both; split it")
        if self.sequence is None and self.when is None:
            raise ValueError("a rule needs `when` or `sequence`")
        if self.sequence is None and self.timer is None and self.event is None:
            raise ValueError("a plain rule needs `event`: the events at which it is looked at")
        if (self.level_floor < 4) != self.decisive:
            raise ValueError("`level_floor` below 4 and `decisive: true` go together")
        if {e.expect for e in self.examples} != {"hit", "miss"}:
            raise ValueError("examples need at least one hit and one near-miss")
        if self.most_weight > MAX_WEIGHT:
            raise ValueError(f"weight and bonuses add up to {self.most_weight:g}, more than {MAX_WEIGHT:g}")
        if abs(sum(self.scam_types.values()) - 1) > 1e-6:
            raise ValueError("the shares in scam_types must add up to 1")
        return self
