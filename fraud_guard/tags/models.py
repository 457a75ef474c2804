"""The schema of a tag (contract §1). These models are the truth: JSON Schema and AsyncAPI come from them.

The hot path decodes the same shapes with `tags.wire`; a test holds the two together.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

MIN_TS_MS = 946_684_800_000
"""2000-01-01: an earlier time is absurd (most often seconds instead of milliseconds)."""
MAX_TS_MS = 4_102_444_800_000
"""2100-01-01: a later time is absurd."""
MAX_TEXT = 4_000
MAX_URLS = 32
MAX_URL = 2_048
MAX_LABELS = 32
MAX_LABEL = 64
MAX_PEER = 64
MAX_HOST = 255
MAX_NAME = 256
AREA_PATTERN = r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$"
SHA256_PATTERN = r"^[0-9a-fA-F]{64}$"

Direction = Literal["in", "out"]
Phase = Literal["start", "answer", "end"]
NetKind = Literal["visit", "download", "app_install", "app_active"]
Url = Annotated[str, Field(max_length=MAX_URL)]
Label = Annotated[str, Field(max_length=MAX_LABEL)]


class TagBase(BaseModel):
    """Fields that every tag has."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    v: Literal[1] = 1
    id: str = Field(min_length=1, max_length=128, description="unique within `source`")
    source: str = Field(min_length=1, max_length=64, description="feed that observed it")
    ts_ms: int = Field(ge=MIN_TS_MS, lt=MAX_TS_MS, description="event time, epoch milliseconds, UTC")
    subject: str = Field(min_length=1, max_length=64, description="the protected person's number or token")
    labels: list[Label] | None = Field(default=None, max_length=MAX_LABELS)
    area: str | None = Field(default=None, pattern=AREA_PATTERN, description="GB/T 2260 code")


class CallTag(TagBase):
    """A phase of a call of the subject."""

    channel: Literal["call"]
    peer: str = Field(max_length=MAX_PEER, description="the other number as signalled; empty when withheld")
    direction: Direction
    phase: Phase
    call_id: str | None = Field(default=None, max_length=128)
    duration_s: int | None = Field(default=None, ge=0, le=604_800)
    forwarded: bool | None = Field(default=None, description="call forwarding is set on the subject's line")


class SmsTag(TagBase):
    """A text message of the subject."""

    channel: Literal["sms"]
    peer: str = Field(max_length=MAX_PEER)
    direction: Direction
    text: str | None = Field(default=None, max_length=MAX_TEXT)
    urls: list[Url] | None = Field(default=None, max_length=MAX_URLS)


class NetTag(TagBase):
    """A network tag of the subject: a visit, a download, or app activity."""

    channel: Literal["net"]
    kind: NetKind
    host: str | None = Field(default=None, min_length=1, max_length=MAX_HOST)
    url: Url | None = None
    sha256: str | None = Field(default=None, pattern=SHA256_PATTERN)
    package: str | None = Field(default=None, max_length=MAX_NAME)
    app_label: str | None = Field(default=None, max_length=MAX_NAME)
    app_category: str | None = Field(default=None, max_length=MAX_LABEL)
    bytes_up: int | None = Field(default=None, ge=0, lt=2**63)
    bytes_down: int | None = Field(default=None, ge=0, lt=2**63)

    @model_validator(mode="after")
    def _has_its_object(self) -> NetTag:
        if self.kind in ("visit", "download") and self.host is None:
            raise ValueError("host is required for visit and download")
        if self.kind in ("app_install", "app_active") and self.package is None and self.app_label is None:
            raise ValueError("package or app_label is required for app_install and app_active")
        return self


Tag = Annotated[CallTag | SmsTag | NetTag, Field(discriminator="channel")]
TAG: TypeAdapter[CallTag | SmsTag | NetTag] = TypeAdapter(Tag)
"""Validates one tag: `TAG.validate_json(line)`."""
