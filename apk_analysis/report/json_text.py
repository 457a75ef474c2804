"""A report as JSON, and back: one line, keys in the order of the type, so that equal reports are equal bytes."""

from __future__ import annotations

import msgspec

from apk_analysis.errors import UnreadableMember
from apk_analysis.report.facts import Report


def to_json(report: Report) -> bytes:
    """The report as one line of UTF-8 JSON, without the line's end."""
    return msgspec.json.encode(report)


def from_json(text: bytes | str) -> Report:
    """A report that `to_json` wrote; fields of later versions are passed over. Raises UnreadableMember naming the field."""
    try:
        return msgspec.json.decode(text, type=Report)
    except msgspec.DecodeError as error:
        raise UnreadableMember(f"not a report of this product: {error}") from None
