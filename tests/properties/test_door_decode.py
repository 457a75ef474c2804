"""The fast decoder takes exactly what the schema takes, and says why it refuses the rest."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from fraud_guard.door.decode import decode
from fraud_guard.errors import RejectedTag
from fraud_guard.tags.models import TAG, NetTag
from fraud_guard.tags.reasons import REMEDY, Reason
from tests.strategies import SCENES, Step, play

MORE = settings(max_examples=settings.default.max_examples * 25)
FULL: tuple[dict[str, Any], ...] = (
    {"v": 1, "labels": ["crowd-marked-scam"], "area": "110101"},
    {"area": "110101001001", "labels": None, "unknown": {"a": [1, {"b": None}]}},
    {
        "duration_s": 60,
        "forwarded": True,
        "call_id": "c",
        "urls": ["http://a.cn"],
        "bytes_up": 1,
        "sha256": "ab" * 32,
    },
)
VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 1.0, 1.5, -0.0, 1e30, 2**31, 2**63 - 1, 2**63, 2**64, 10**40, "", " ", "1", "in", "out",
    "start", "visit", "call", "sms", "net", "app_install", "x" * 64, "x" * 65, "x" * 128, "x" * 129, "x" * 256, "x" * 257,
    "x" * 2_049, "x" * 4_000, "x" * 4_001, "界" * 64, "界" * 65, "𠀀" * 64, "𠀀" * 65, "110101", "110101\n", "\n110101", "１１０１０１",
    "11010", "110101001", "1101010010", "ab" * 32, "ab" * 32 + "\n", "AB" * 32, "g" * 64, [], {}, [1], ["a"], ["a"] * 33,
    ["x" * 65], ["x" * 2_049], [None], {"a": 1}, 946_684_799_999, 946_684_800_000, 4_102_444_799_999, 4_102_444_800_000,
    1_790_000_000, 604_800, 604_801,
)  # fmt: skip
FIELDS = tuple(dict.fromkeys(
    ["channel", *NetTag.model_fields, "peer", "direction", "phase", "call_id", "duration_s", "forwarded", "text", "urls"]
))  # fmt: skip
VALID = st.builds(
    lambda scene, more, i: (tags := play([Step(0, 0, scene, 0)]))[i % len(tags)] | more,
    st.integers(0, len(SCENES) - 1), st.sampled_from(({}, *FULL)), st.integers(0, 9),
)  # fmt: skip
MUTATIONS = st.lists(
    st.tuples(st.sampled_from(FIELDS), st.one_of(st.just(...), st.sampled_from(VALUES))), max_size=2
)


def mutated(tag: dict[str, Any], mutations: list[tuple[str, Any]]) -> dict[str, Any]:
    tag = dict(tag)
    for name, value in mutations:
        if value is ...:
            tag.pop(name, None)
        else:
            tag[name] = value
    return tag


def schema_takes(record: bytes) -> bool:
    try:
        TAG.validate_json(record)
    except ValidationError:
        return False
    return (
        type(json.loads(record).get("v", 1)) is int
    )  # for Python, and so for pydantic, true and 1.0 equal 1


def refusal(record: bytes) -> RejectedTag | None:
    try:
        decode(record)
    except RejectedTag as no:
        return no
    return None


@MORE
@given(VALID, MUTATIONS, st.booleans())
def test_the_decoder_takes_what_the_schema_takes(tag, mutations, ascii_only):
    """Over tags with up to two fields changed or removed, both accept or both refuse."""
    record = json.dumps(mutated(tag, mutations), ensure_ascii=ascii_only).encode()
    no = refusal(record)
    assert (no is None) == schema_takes(record), no


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_takes_the_same_values(name):
    """Each single field, on each kind of tag, accepts or refuses each odd value in both alike."""
    for scene in (0, len(SCENES) - 16, len(SCENES) - 20, len(SCENES) - 30):
        tag = play([Step(0, 0, scene, 0)])[0]
        for value in VALUES:
            record = json.dumps(tag | {name: value}, ensure_ascii=False).encode()
            no = refusal(record)
            assert (no is None) == schema_takes(record), (tag["channel"], value, no)


@MORE
@given(VALID, MUTATIONS)
def test_a_taken_tag_carries_the_values_it_came_with(tag, mutations):
    """What is decoded equals what the schema reads, field by field."""
    record = json.dumps(mutated(tag, mutations)).encode()
    if refusal(record) is None:
        model, got = TAG.validate_json(record), decode(record)
        for name in type(model).model_fields:
            if name != "channel":
                assert getattr(got, name) == getattr(model, name)


@MORE
@given(VALID, MUTATIONS)
@example({"channel": "call", "subject": "19900000001"}, [])
def test_a_refusal_names_a_known_reason_and_quotes_nothing(tag, mutations):
    """A refused tag has a reason with a remedy, and the detail names places, never values."""
    no = refusal(json.dumps(mutated(tag, mutations)).encode())
    if no is not None:
        assert Reason(no.reason) in REMEDY
        assert "19900000" not in no.detail
        assert len(no.detail) < 200
