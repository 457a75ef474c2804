"""From a raw record to a tag, or to a reason why not. Nothing here quotes the record."""

from __future__ import annotations

import json
import re

import msgspec

from fraud_guard.errors import RejectedTag
from fraud_guard.tags.reasons import Reason
from fraud_guard.tags.wire import AnyWireTag, WireCall, WireNet, WireSms

MAX_RECORD_BYTES = 64 * 1024
_decoder = msgspec.json.Decoder(AnyWireTag)
_PLAIN = msgspec.json.Decoder(msgspec.Raw)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def decode(record: bytes) -> AnyWireTag:
    """Decode and validate one JSON object. Raises RejectedTag and nothing else."""
    if len(record) > MAX_RECORD_BYTES:
        raise RejectedTag(Reason.TOO_LONG, f"record of {len(record)} bytes, at most {MAX_RECORD_BYTES}")
    try:
        tag: AnyWireTag = _decoder.decode(record)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise _reject(record, error) from None
    if b"\\u0000" in record and _has_nul(tag):
        raise RejectedTag(Reason.NUL, "U+0000 in a string")
    if type(tag) is WireNet:
        _check_net(tag)
    return tag


def _check_net(tag: WireNet) -> None:
    if tag.kind in ("visit", "download"):
        if tag.host is None:
            raise RejectedTag(Reason.MISSING_FIELD, "$.host")
    elif tag.package is None and tag.app_label is None:
        raise RejectedTag(Reason.MISSING_FIELD, "$.package or $.app_label")


def _has_nul(tag: WireCall | WireSms | WireNet) -> bool:
    values = (getattr(tag, name) for name in tag.__struct_fields__)
    return any("\0" in ("".join(v) if isinstance(v, list) else v) for v in values if isinstance(v, str | list))


def _reject(record: bytes, error: Exception) -> RejectedTag:
    try:
        record.decode()
    except UnicodeDecodeError:
        return RejectedTag(Reason.NOT_UTF8)
    if isinstance(error, msgspec.ValidationError):
        if not _is_json(record):
            return RejectedTag(Reason.NOT_JSON)
        return _invalid(str(error))
    return RejectedTag(Reason.SURROGATE if _is_json_but_for_surrogates(record) else Reason.NOT_JSON)


def _is_json(record: bytes) -> bool:
    try:
        _PLAIN.decode(record)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _is_json_but_for_surrogates(record: bytes) -> bool:
    if not _SURROGATE.search(record):
        return False
    try:
        json.loads(record)
    except (ValueError, RecursionError):
        return False
    return True


def _invalid(message: str) -> RejectedTag:
    expected, _, place = message.partition(" - at ")
    place = place.strip("`")
    if expected.startswith("Object missing required field"):
        return RejectedTag(Reason.MISSING_FIELD, f"{place.rstrip('.') or '$'}.{expected.split('`')[1]}")
    if place == "$.v":
        return RejectedTag(Reason.UNKNOWN_VERSION)
    if place == "$.ts_ms" and ("=" in expected or "range" in expected):
        return RejectedTag(Reason.ABSURD_TIME)
    if expected.startswith("Invalid"):
        return RejectedTag(Reason.BAD_VALUE, place)
    if "got" in expected or place == "$.channel" or expected == "Expected `object`":
        return RejectedTag(Reason.WRONG_TYPE, f"{place or '$'}: {expected}")
    return RejectedTag(Reason.BAD_VALUE, f"{place}: {expected}")
