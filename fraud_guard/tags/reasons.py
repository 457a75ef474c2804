"""Why a record became a dead letter. Codes are stored: append, never rename."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Reason code of a dead letter."""

    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    NUL = "nul"
    SURROGATE = "surrogate"
    TOO_LONG = "too_long"
    WRONG_TYPE = "wrong_type"
    MISSING_FIELD = "missing_field"
    BAD_VALUE = "bad_value"
    ABSURD_TIME = "absurd_time"
    UNKNOWN_VERSION = "unknown_version"
    TOO_LATE = "too_late"
    ID_REUSE = "id_reuse"
    FAILED = "failed"


REMEDY: dict[Reason, str] = {
    Reason.NOT_UTF8: "send UTF-8",
    Reason.NOT_JSON: "send one JSON object a line",
    Reason.NUL: "remove U+0000 from the strings",
    Reason.SURROGATE: "remove lone surrogates (\\ud800-\\udfff) from the strings",
    Reason.TOO_LONG: "keep a record below 64 KiB and each field below its maximum",
    Reason.WRONG_TYPE: "use the types of docs/schemas/tag.schema.json",
    Reason.MISSING_FIELD: "add the field named in the detail",
    Reason.BAD_VALUE: "use a value that docs/schemas/tag.schema.json allows",
    Reason.ABSURD_TIME: "ts_ms is Unix epoch milliseconds, UTC; check seconds against milliseconds",
    Reason.UNKNOWN_VERSION: "this build knows v = 1; upgrade it or send v = 1",
    Reason.TOO_LATE: "older than the duplicate window; replay it in a run of its own",
    Reason.ID_REUSE: "ids must be unique within a source; mend the feed, then replay",
    Reason.FAILED: "processing failed three times; see the log for the error, then replay",
}
"""What the operator can do about it, shown by `deadletters show`."""
