"""The feature vector equals the documentation of its names, feature by feature."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_guard.features.vector import FEATURES, NEVER_S, compute
from fraud_guard.features.view import View
from fraud_guard.memory.layout import EVENT, HEAD
from fraud_guard.tags.block import ROW
from fraud_guard.tags.kinds import Flag, Kind
from tests.records import One
from tests.reference import record as plain
from tests.reference.harness import rows_of
from tests.reference.language import feature
from tests.strategies import FEW, days

T_MS = 1_790_000_000_000
NO_EVENTS = np.zeros((1, 1), EVENT)


def test_an_untouched_subject_has_no_signals():
    """For a fresh record everything is 0 or never; nothing is null."""
    values = compute(View(np.zeros(1, HEAD), np.array([T_MS]), NO_EVENTS), FEATURES)
    for name, value in values.items():
        assert value.shape == (1,)
        assert np.isfinite(value[0]), name
        if name.startswith("since_"):
            assert value[0] == NEVER_S
        elif name not in ("hour", "known_for_s", "night", "weekday"):
            assert value[0] == 0


def test_names_say_their_unit():
    """Every feature has a unit and a sentence; times since end in _s."""
    for name, one in FEATURES.items():
        assert one.name == name and one.unit and one.doc
        assert name.startswith("since_") <= (one.unit == "s" and name.endswith("_s"))


@pytest.mark.parametrize(("utc_h", "hour"), [(0, 8), (15, 23), (16, 0), (23, 7)])
def test_the_hour_is_local(utc_h, hour):
    """The hour of the day is that of China, UTC+8."""
    now_ms = (T_MS // 86_400_000) * 86_400_000 + utc_h * 3_600_000
    assert compute(View(np.zeros(1, HEAD), np.array([now_ms]), NO_EVENTS), ["hour"])["hour"][0] == hour


@FEW
@given(days(subjects=1), st.integers(0, 10**9))
def test_every_feature_equals_its_plain_definition(tags, later_ms):
    """After any day, at any later time, each feature is what its documentation says of the plain record."""
    one, expected, names = One(), plain.Record(), ROW.names or ()
    rows = rows_of(tags)
    score = (np.arange(len(rows)) * 37 % 256).astype(np.uint8)
    rows["text_score"], rows["host_score"] = np.where(rows["kind"] == Kind.SMS, score, 0), np.where(rows["kind"] == Kind.VISIT, score, 0)
    rows["flags"] |= np.where(score > 200, np.uint32(Flag.SCAM_TEXT | Flag.SCAM_HOST), np.uint32(0))
    for row in rows:
        given = dict(zip(names, row.tolist(), strict=True))
        one.take([np.array([row], ROW)])
        plain.apply(expected, given)
        if plain.is_significant(given):
            given["peer"] &= 0xFFFF  # all that an event keeps
            event = (given[n] for n in ("ts_ms", "kind", "category", "flags", "peer", "position"))
            plain.put_in_ring(expected, plain.Event(*event))
    now_ms = expected.last_ms + later_ms
    values = compute(View(one.head, np.array([now_ms]), one.events), FEATURES)
    for name, value in values.items():
        assert value[0] == feature(name, expected, now_ms), name


def test_rows_are_computed_independently():
    """A feature of many rows is the feature of each."""
    head = np.zeros(50, HEAD)
    head["last_ms"] = T_MS - np.arange(50) * 977_000
    head["counts"] = np.arange(50)[:, None, None] + 0.3
    head["mark_s"] = head["last_ms"] // 1000 - 4_000
    now_ms, events = np.full(50, T_MS), np.zeros((50, 9), EVENT)
    events["when"] = (T_MS - np.arange(450).reshape(50, 9) * 700_000 << 16) | Kind.CALL_END << 8
    events["flags"], events["peer"] = Flag.FIRST_CONTACT, np.arange(450).reshape(50, 9) % 4
    together = compute(View(head, now_ms, events), FEATURES)
    for i in range(50):
        alone = compute(View(head[i : i + 1], now_ms[i : i + 1], events[i : i + 1]), FEATURES)
        assert all(alone[name][0] == together[name][i] for name in FEATURES)
