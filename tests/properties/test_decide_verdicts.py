"""Verdicts among tags: however the log is cut, each subject is told of as if its tags came one at a time."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fraud_guard.app.replay.verdicts import verdict_control
from fraud_guard.door.tokens import Tokeniser
from fraud_guard.tags.control import Control
from fraud_guard.touches.evidence import evidence_of
from fraud_guard.touches.index import touches_of
from fraud_guard.touches.known import Bad, Found
from fraud_guard.touches.notice import Mark, Notice
from fraud_guard.touches.policy import TouchPolicy
from tests.reference.books import synthetic_book
from tests.reference.harness import KEY, by_decide, rows_of
from tests.strategies import FEW, cuts_of, days, long_day

KEYS = [Tokeniser(KEY).hash64(name) for name in ("odd.example.org", "t.cn", "com.example.game", "taobao-kefu.example")]
SHA = "cd" * 32


def notice(ts_ms: int, finding: str = "malicious") -> Notice:
    marks = tuple(sorted((Mark(key, "host", 0.9) for key in KEYS), key=lambda m: m.key))
    return Notice(SHA, ts_ms, finding, marks)


def with_verdict(rows: np.ndarray, at: int) -> dict[int, Control]:
    """The verdict before row `at`, then what its hunt finds, a control before each further row; the hunt may lag to the end."""
    ts_ms, hunt = int(rows["ts_ms"][at]), int(rows["position"][at - 1]) if at else 0
    first: dict[bytes, Control] = {}
    for touch in touches_of(rows[:at]):
        if int(touch["key"]) in KEYS:
            body = Found(SHA, hunt, int(touch["key"])).text()
            token = touch["token"].tobytes()
            first.setdefault(token, Control("indicator", token, ts_ms, n=int(touch["position"]), body=body))
    last = Control("hunted", b"", ts_ms, body=Found(SHA, hunt, 0).text())
    return {at + i: c for i, c in enumerate([verdict_control(notice(ts_ms)), *first.values(), last])}


def test_the_days_have_touches():
    """The days of this file are about something: most of them have a subject of whom a verdict is told."""
    told = 0
    for seed in range(10):
        rows = rows_of(long_day(seed, 60, subjects=3))
        controls = {i: c for i, c in with_verdict(rows, len(rows) // 2).items() if i < len(rows)}
        changes = by_decide(synthetic_book(), rows, [], controls=controls).changes.values()
        told += any(clue[1].startswith("apk/") for some in changes for change in some for clue in change.clues)
    assert told > 5


@FEW
@given(days(most=30), st.data())
def test_any_cut_gives_the_same(tags, data):
    """Blocks of any size, restarts in between, and a hunt that lags: the changes of one tag at a time."""
    rows = rows_of(tags)
    if not len(rows):
        return
    at = data.draw(st.integers(0, len(rows) - 1))
    controls = {i: c for i, c in with_verdict(rows, at).items() if i < len(rows)}
    expected = by_decide(synthetic_book(), rows, list(range(len(rows))), controls=controls)
    restart = frozenset(data.draw(st.sets(st.integers(1, len(rows)), max_size=2))) - {len(rows)}
    for cuts in ((), data.draw(cuts_of(len(rows)))):
        got = by_decide(synthetic_book(), rows, list(cuts), controls=controls, restart_at=restart)
        assert got.changes == expected.changes


@given(st.floats(0, 1), st.floats(0, 1), st.sampled_from(["app", "file", "host"]))
def test_more_confidence_never_weighs_less(a, b, thing):
    """Weight grows and the level only gets more serious with confidence, and a suspicious verdict never outweighs a malicious one."""
    low, high = sorted((a, b))
    policy = TouchPolicy()
    less, more, maybe = (
        evidence_of(Bad(Notice(SHA, 0, finding), Mark(1, thing, c)), (), 0, policy)
        for c, finding in ((low, "malicious"), (high, "malicious"), (high, "suspicious"))
    )
    assert 0 <= less.weight <= more.weight <= policy.of(thing).weight
    assert less.level_floor >= more.level_floor
    assert maybe.weight <= more.weight
