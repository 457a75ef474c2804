"""The table of facts: however it grew, each row gets what it would get alone."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fraud_guard.features.facts import MOST_KEYS, Facts, keys_of
from fraud_guard.tags.kinds import Flag, Kind

ROWS = st.lists(
    st.tuples(st.sampled_from(Kind), st.integers(0, 23), st.integers(0, (1 << 31) - 1), st.integers(0, 3)), max_size=30
)


def keys(rows: list[tuple[int, int, int, int]]) -> np.ndarray:
    columns = np.array(rows, np.int64).reshape(-1, 4).T
    kind, category, flags, state = columns
    return keys_of(kind.astype(np.uint8), category.astype(np.uint8), flags.astype(np.uint32), state.astype(np.uint8))


@given(ROWS, ROWS)
def test_what_was_looked_up_before_changes_nothing(before, rows):
    """A shared table and a fresh one for each row say the same of every row."""
    shared = Facts()
    shared.look_up(keys(before))
    table, codes = shared.look_up(keys(rows))
    for i, one in enumerate(rows):
        alone, code = Facts().look_up(keys([one]))
        for field in ("counts", "quick_counts", "slow_counts", "seen", "during_call", "significant"):
            assert np.array_equal(getattr(table, field)[codes[i]], getattr(alone, field)[code[0]])


def test_the_table_stays_small():
    """Ever new combinations do not make the table grow for ever."""
    facts = Facts()
    for start in range(0, 4 * MOST_KEYS, 1_000):
        table, _ = facts.look_up(np.arange(start, start + 1_000, dtype=np.uint64))
        assert len(table.keys) < MOST_KEYS + 1_000


def test_how_a_tag_came_is_no_fact():
    """Late and clamped tags share the facts of others."""
    plain = keys([(Kind.SMS, 0, Flag.OTP, 0)])
    assert keys([(Kind.SMS, 0, Flag.OTP | Flag.LATE | Flag.CLAMPED, 0)]) == plain
