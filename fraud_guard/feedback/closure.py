"""The closure: four independent answers of an officer, checked against each other."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Truth(StrEnum):
    """Was it fraud?"""

    IN_PROGRESS = "true_in_progress"
    CONTACTED = "true_contacted_no_loss"
    ALREADY_LOST = "true_already_lost"
    LEGIT = "false_legit_activity"
    WRONG_SUBJECT = "false_wrong_subject"
    STALE = "false_stale"
    CANNOT_TELL = "cannot_tell"


class Contact(StrEnum):
    """How was the person reached, at best?"""

    IN_PERSON_VERIFIED = "in_person_verified"
    PHONE_VERIFIED = "phone_verified"
    PHONE_UNVERIFIED = "phone_unverified"
    FAMILY = "family"
    BUSY = "busy"
    OFF = "off"
    FORWARDED = "forwarded"
    REFUSED = "refused"
    ABROAD = "abroad"
    WRONG_NUMBER = "wrong_number"


class ClosureOutcome(StrEnum):
    """What came of it?"""

    DISSUADED = "dissuaded"
    STOPPED_PAYMENT = "stopped_payment"
    REPORTED_CASE = "reported_case"
    REFUSED_AND_WATCHED = "refused_and_watched"
    SCAMMED_AFTER_WARNING = "scammed_after_warning"
    NO_ACTION = "no_action"


class Action(StrEnum):
    """What was done."""

    SMS = "sms"
    CALL = "call"
    VISIT = "visit"
    FAMILY_INFORMED = "family_informed"
    BANK_STOP = "bank_stop"
    NUMBER_STOP = "number_stop"
    PHONE_CHECKED = "phone_checked"
    APP_REMOVED = "app_removed"
    SAMPLE_SEIZED = "sample_seized"


TRUE = frozenset({Truth.IN_PROGRESS, Truth.CONTACTED, Truth.ALREADY_LOST})
VERIFIED = frozenset({Contact.IN_PERSON_VERIFIED, Contact.PHONE_VERIFIED})


class Closure(BaseModel):
    """One closure; it ends the alert of its order. Amounts are whole yuan."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    v: int = 1
    closure_id: str = ""
    order_id: str
    ts_ms: int = Field(gt=0)
    truth: Truth
    contact: Contact
    outcome: ClosureOutcome
    actions: tuple[Action, ...] = ()
    scam_type_corrected: str | None = None
    amount_saved_cny: int = Field(default=0, ge=0)
    amount_lost_cny: int = Field(default=0, ge=0)
    note: str = Field(default="", max_length=2000)
    officer: str = Field(default="", max_length=64)

    @model_validator(mode="after")
    def _answers_agree(self) -> Closure:
        if self.outcome is ClosureOutcome.DISSUADED and self.contact not in VERIFIED:
            raise ValueError("outcome dissuaded needs contact in_person_verified or phone_verified")
        if self.outcome is ClosureOutcome.SCAMMED_AFTER_WARNING and self.truth not in TRUE:
            raise ValueError("outcome scammed_after_warning needs a truth that is true_*")
        if self.contact is Contact.WRONG_NUMBER and self.truth not in (Truth.WRONG_SUBJECT, Truth.CANNOT_TELL):
            raise ValueError("contact wrong_number goes with false_wrong_subject or cannot_tell")
        return self
