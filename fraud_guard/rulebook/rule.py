"""The rule file: one YAML mapping a rule, checked by these models."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

_UNITS_S = {"s": 1, "min": 60, "h": 3_600, "d": 86_400}
MAX_SPAN_S = 90 * 86_400


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


class SequenceSpec(_Strict):
    """Events in this order, the last at most `within` after the first. Steps are conditions on one event."""

    within: Span
    steps: tuple[str, ...] = Field(min_length=2, max_length=8)


class TimerSpec(_Strict):
    """Look again `after` the answer of a call that is still running and fulfils `call`."""

    after: Span
    call: str


class Example(_Strict):
    """A short day: `tags` as in the contract with `at` (a span after the start) instead of `ts_ms`.

    `times` and `every` on a tag repeat it. `person` may give area, age_band, household, and
    `victim: "yes"` for somebody cheated before. `until` lets time pass for timers.
    """

    name: str
    expect: Literal["hit", "miss"]
    person: dict[str, str] = Field(default_factory=dict)
    tags: tuple[dict[str, Any], ...] = Field(min_length=1)
    until: str | None = None


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
    weight: float = Field(gt=0, le=12)
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
        if abs(sum(self.scam_types.values()) - 1) > 1e-6:
            raise ValueError("the shares in scam_types must add up to 1")
        return self
