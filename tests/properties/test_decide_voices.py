"""With a behaviour model beside the rules, results still depend on the tags alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.reference.behaviours import two_voices
from tests.reference.books import synthetic_book
from tests.reference.harness import by_decide, rows_of, without_places
from tests.strategies import FEW, cuts_of, days, long_day


@FEW
@given(days(), st.data())
def test_any_cut_gives_the_same_alerts(tags, data):
    """Blocks of 1, of any other size and in parts, and a restart in the middle, give the same changes."""
    rows = rows_of(tags)
    one_by_one = by_decide(two_voices(), rows, list(range(len(rows))))
    cuts = data.draw(cuts_of(len(tags)))
    assert by_decide(two_voices(), rows, cuts).changes == one_by_one.changes
    assert by_decide(two_voices(), rows, [], restart_at=frozenset(cuts)).changes == one_by_one.changes
    parts = by_decide(two_voices(), rows, cuts, in_parts=True)
    assert without_places(parts) == without_places(one_by_one)


def test_the_model_speaks_and_the_rules_are_heard():
    """On a busy day both voices are among the evidence, and the model alone never removes a rule's."""
    rows = rows_of(long_day(2, 200, subjects=3))
    both, rules = by_decide(two_voices(), rows, []), by_decide(synthetic_book(), rows, [])
    kinds = {clue[0] for changes in both.changes.values() for c in changes for clue in c.clues}
    assert {"behaviour", "rule"} <= kinds
    said = {clue[1] for changes in rules.changes.values() for c in changes for clue in c.clues}
    assert said <= {clue[1] for changes in both.changes.values() for c in changes for clue in c.clues}
