"""The dead letter as others read it from its topic: what was wrong with a record and where it lies; its raw bytes stay sealed."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from fraud_guard.tags.reasons import Reason


class DeadLetterNotice(BaseModel):
    """A record that was refused. Sealed with a key of the site; `fraud-guard deadletters show` opens it."""

    model_config = ConfigDict(frozen=True)

    v: Literal[1] = 1
    id: str = Field(max_length=128, description="names the letter for good: inlet topic, partition and offset")
    reason: Reason
    detail: str = Field(description="which field, in which way; never a value")
    source: str = Field(description="topic that the record came from")
    position: str = Field(description="topic-partition-offset of the record")
    at_ms: int = Field(description="when it was refused")
    sealed: str = Field(description="the raw record, AES-256-GCM, base64")
