"""The alert as truth keeps it, and its change as the world sees it."""

from __future__ import annotations

from typing import Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from fraud_guard.escalation.effects import Cause, Change
from fraud_guard.escalation.policy import LOWEST_LEVEL
from fraud_guard.fusion.evidence import EvidenceKind

AlertState = Literal["open", "closed", "expired"]


class EvidenceView(BaseModel):
    """Evidence as it is shown: `weight` is what it adds to the logit."""

    model_config = ConfigDict(frozen=True)

    kind: EvidenceKind
    id: str
    version: int
    weight: float
    summary_zh: str
    summary_en: str
    tag_ids: tuple[str, ...] = ()


class AlertChange(BaseModel):
    """One line of the `alerts` topic or file."""

    model_config = ConfigDict(frozen=True)

    v: int = 1
    alert_id: str
    seq: int = Field(ge=0)
    change: Change
    ts_ms: int
    subject: str
    level: int = Field(ge=1, le=4)
    probability: float = Field(ge=0, le=1)
    scam_type: str
    scam_type_probabilities: dict[str, float]
    evidence: tuple[EvidenceView, ...]
    station_id: str
    area: str
    cause: Cause | None = None


class Alert(msgspec.Struct, frozen=True):
    """The row of an alert. Three owners, three columns: scorer, clocks, people.

    `seq` is that of the last change; `token` is 32 hex digits. `n` is the scorer's number of
    it: the one its id was made from, or that of a later raise which joined it.
    """

    alert_id: str
    token: str
    n: int
    state: AlertState
    seq: int
    opened_ms: int
    ts_ms: int
    level_score: int
    level_clock: int | None
    level_person: int | None
    probability: float
    types: dict[str, float]
    evidence: tuple[EvidenceView, ...]
    station_id: str
    area: str

    @property
    def level(self) -> int:
        """The effective level."""
        return effective_level(self.level_score, self.level_clock, self.level_person)

    @property
    def scam_type(self) -> str:
        """The most probable type."""
        return next(iter(self.types))


def effective_level(score: int, clock: int | None, person: int | None) -> int:
    """The one place where three opinions become one level (1 is the most serious).

    A person's word stands until new evidence clears it; without it the machine's most
    serious opinion holds.
    """
    if person is not None:
        return person
    return min(score, clock if clock is not None else LOWEST_LEVEL)
