"""From a raw record to a tag, or to a reason why not. Nothing here quotes the record."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

import msgspec

from fraud_guard.errors import RejectedTag
from fraud_guard.tags.reasons import Reason
from fraud_guard.tags.wire import AnyWireTag, WireCall, WireNet, WireSms

MAX_RECORD_BYTES = 64 * 1024
_OF_HOSTS = frozenset(("visit", "download"))
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


def decode_all(records: Sequence[bytes]) -> list[AnyWireTag] | None:
    """All records at once, at a third less than one by one; None when one of them needs a second look."""
    try:
        tags: list[AnyWireTag] = list(map(_decoder.decode, records))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    if b"\\u0000" in b"".join(records) or max(map(len, records), default=0) > MAX_RECORD_BYTES:
        return None
    return tags if all(_is_whole(t) for t in tags if type(t) is WireNet) else None


def _is_whole(tag: WireNet) -> bool:
    return tag.host is not None if tag.kind in _OF_HOSTS else tag.package is not None or tag.app_label is not None


def _check_net(tag: WireNet) -> None:
    if not _is_whole(tag):
        raise RejectedTag(Reason.MISSING_FIELD, "$.host" if tag.kind in _OF_HOSTS else "$.package or $.app_label")


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
