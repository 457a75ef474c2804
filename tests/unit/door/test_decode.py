"""Decoding: what is refused, and with which reason and detail."""

from __future__ import annotations

import json

import pytest

from fraud_guard.door.decode import MAX_RECORD_BYTES, decode
from fraud_guard.errors import RejectedTag
from fraud_guard.tags.reasons import Reason
from fraud_guard.tags.wire import WireCall, WireNet, WireSms

CALL = {"id": "1", "source": "a", "channel": "call", "ts_ms": 1_790_000_000_000, "subject": "+8619900000001",
        "peer": "0085212345678", "direction": "in", "phase": "start"}  # fmt: skip
SMS = CALL | {"channel": "sms", "text": "你好"}
NET = CALL | {"channel": "net", "kind": "visit", "host": "a.example"}


def record(tag: dict, **changes: object) -> bytes:
    changed = tag | changes
    return json.dumps({k: v for k, v in changed.items() if v is not ...}).encode()


def refused(line: bytes) -> tuple[str, str]:
    with pytest.raises(RejectedTag) as no:
        decode(line)
    return no.value.reason, no.value.detail


@pytest.mark.parametrize(("tag", "kind"), [(CALL, WireCall), (SMS, WireSms), (NET, WireNet)])
def test_each_channel_has_its_shape(tag, kind):
    """A valid tag of each channel is decoded; unknown fields are passed over."""
    got = decode(record(tag, something_new={"x": 1}))
    assert type(got) is kind
    assert (got.id, got.source, got.ts_ms, got.subject) == ("1", "a", 1_790_000_000_000, "+8619900000001")


@pytest.mark.parametrize(
    ("line", "reason", "detail"),
    [
        (record(CALL, peer=...), Reason.MISSING_FIELD, "$.peer"),
        (record(CALL, channel=...), Reason.MISSING_FIELD, "$.channel"),
        (record(NET, host=...), Reason.MISSING_FIELD, "$.host"),
        (record(NET, kind="app_install"), Reason.MISSING_FIELD, "$.package or $.app_label"),
        (record(CALL, ts_ms=1_790_000_000), Reason.ABSURD_TIME, ""),
        (record(CALL, ts_ms=-5), Reason.ABSURD_TIME, ""),
        (record(CALL, ts_ms=10**30), Reason.ABSURD_TIME, ""),
        (record(CALL, ts_ms="1790000000000"), Reason.WRONG_TYPE, "$.ts_ms: Expected `int`, got `str`"),
        (record(CALL, v=2), Reason.UNKNOWN_VERSION, ""),
        (record(CALL, phase="ringing"), Reason.BAD_VALUE, "$.phase"),
        (record(CALL, channel="fax"), Reason.BAD_VALUE, "$.channel"),
        (record(CALL, area="110101\n"), Reason.BAD_VALUE, "$.area"),
        (record(SMS, text="x" * 4_001), Reason.BAD_VALUE, "$.text"),
        (record(SMS, text="a\x00b"), Reason.NUL, "U+0000 in a string"),
        (record(SMS, urls=["a\x00b"]), Reason.NUL, "U+0000 in a string"),
        (record(SMS, text="\ud800"), Reason.SURROGATE, ""),
        (record(NET, bytes_up=2**63), Reason.BAD_VALUE, "$.bytes_up"),
        (record(CALL) + b"x", Reason.NOT_JSON, ""),
        (b"\xff" + record(CALL), Reason.NOT_UTF8, ""),
        (b"", Reason.NOT_JSON, ""),
        (b"[]", Reason.WRONG_TYPE, "$"),
        (b"[" * 50_000, Reason.NOT_JSON, ""),
        (record(CALL)[:-1] + b', "x": NaN}', Reason.NOT_JSON, ""),
        (record(CALL, pad="y" * MAX_RECORD_BYTES), Reason.TOO_LONG, "record of"),
    ],
)
def test_a_refusal_says_why_and_where(line, reason, detail):
    """Each kind of damage has its reason; the detail names the field and never its value."""
    got_reason, got_detail = refused(line)
    assert got_reason == reason
    assert got_detail.startswith(detail)
    assert "19900000001" not in got_detail and "1234" not in got_detail


def test_nul_in_an_unknown_field_does_no_harm():
    """U+0000 where nothing is read from is passed over with the field."""
    assert decode(record(CALL, other="\x00")).id == "1"


def test_limits_are_inclusive():
    """A text of 4,000 characters, of any plane, is taken."""
    for text in ("x" * 4_000, "界" * 4_000, "𠀀" * 4_000):
        assert decode(json.dumps(SMS | {"text": text}, ensure_ascii=False).encode()).text == text
