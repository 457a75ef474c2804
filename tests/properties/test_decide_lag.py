"""A watermark held back by a slow inlet partition changes no alert of a subject whose own is on time."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.reference.books import synthetic_book
from tests.reference.harness import by_decide, rows_of, without_places
from tests.strategies import FEW, days

HOUR_MS = 3_600_000


@FEW
@given(days(), st.sampled_from((1, 7, 1_000)), st.sampled_from((1, 60_000, 1_800_000)))
def test_a_held_watermark_changes_nothing(tags, stride, lag_ms):
    """Rows that carry how far their own inlet partition is ahead give the alerts of rows without any lag."""
    book, rows = synthetic_book(), rows_of(tags)
    held, mark = rows.copy(), rows["watermark_ms"]
    held["watermark_ms"] = np.maximum(mark - lag_ms, mark // HOUR_MS * HOUR_MS)  # repeats are known by the hour
    held["ahead_ms"] = mark - held["watermark_ms"]
    cuts = range(0, len(rows), stride)
    assert without_places(by_decide(book, held, cuts)) == without_places(by_decide(book, rows, cuts))
