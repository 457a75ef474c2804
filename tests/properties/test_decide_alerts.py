"""What an alert may and may not do over its life."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.reference.alerts import Change
from tests.reference.books import synthetic_book
from tests.reference.harness import Told, by_decide, rows_of
from tests.strategies import FEW, controls_of, days


def lives(told: Told) -> list[list[Change]]:
    """The changes of every alert, in order."""
    by_alert: dict[tuple[bytes, int], list[Change]] = {}
    for changes in told.changes.values():
        for change in changes:
            by_alert.setdefault((change.token, change.n), []).append(change)
    return list(by_alert.values())


@FEW
@given(days(), st.data())
def test_an_alert_lives_by_the_rules(tags, data):
    """It is raised once, its level never falls and its time never goes back, and nothing follows its end."""
    rows = rows_of(tags)
    told = by_decide(synthetic_book(), rows, range(0, len(rows), 7), controls=data.draw(controls_of(rows)))
    for life in lives(told):
        assert [c.change == "raised" for c in life] == [True] + [False] * (len(life) - 1)
        assert [c.change in ("expired", "closed") for c in life] == [False] * (len(life) - 1) + [True]
        for before, after in pairwise(life):
            assert after.level <= before.level
            assert after.ts_ms >= before.ts_ms
            assert after.probability >= before.probability
            assert (after.change == "escalated") == (after.level < before.level)


@FEW
@given(days(), st.data())
def test_one_alert_at_a_time_and_numbers_go_on(tags, data):
    """A subject's alerts are numbered 1, 2, 3 …, each ended before the next begins, across closures and releases."""
    rows = rows_of(tags)
    told = by_decide(synthetic_book(), rows, [], controls=data.draw(controls_of(rows)))
    for changes in told.changes.values():
        numbers = [c.n for c in changes]
        assert numbers == sorted(numbers)
        assert sorted(set(numbers)) == list(range(1, max(numbers) + 1))


@FEW
@given(days(), st.data())
def test_a_closure_and_a_release_forget(tags, data):
    """No evidence or tag from before a closure or a release is ever shown again after it."""
    rows = rows_of(tags)
    controls = data.draw(controls_of(rows, most=2))
    told = by_decide(synthetic_book(), rows, range(0, len(rows), 5), controls=controls)
    for changes in told.changes.values():
        for before, after in pairwise(changes):
            if before.change == "closed":
                assert all(p > before.position for clue in after.clues for p in clue[-1])


@FEW
@given(days(), st.sampled_from((1, 7, 1_000)))
def test_the_tally_conserves_tags(tags, stride):
    """Read tags are scored, duplicates or dead, and every tag is counted once."""
    rows = rows_of(tags)
    told = by_decide(synthetic_book(), rows, range(0, len(rows), stride))
    tally = told.tally
    assert tally["read"] == len(rows) == tally["scored"] + tally["duplicate"] + tally["dead"]
    assert tally["dead"] == len(told.dead)
