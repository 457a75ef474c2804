"""Log-odds in one byte: order kept, little lost, absence apart."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fraud_guard.learned.quantised import LIMIT, NO_TEXT, STEP, from_codes, to_codes


@given(st.lists(st.floats(-1e9, 1e9), min_size=1))
def test_a_value_comes_back_within_half_a_step(values: list[float]) -> None:
    """Every finite log-odds within the limits is read back at most half a step away; none becomes absence."""
    codes = to_codes(values)
    assert (codes != NO_TEXT).all()
    assert np.abs(from_codes(codes) - np.clip(values, -LIMIT, LIMIT)).max() <= STEP / 2 + 1e-5


def test_codes_keep_order_and_ends() -> None:
    """1 is the lowest, 128 is even odds, 255 the highest; more log-odds never give a lower code."""
    assert to_codes([-8.0, 0.0, 8.0]).tolist() == [1, 128, 255]
    assert (np.diff(to_codes(np.linspace(-9, 9, 1_000)).astype(int)) >= 0).all()


def test_absence_is_told_as_the_caller_wants() -> None:
    """Code 0 is no log-odds: it comes back as NaN, or as what the caller names."""
    assert np.isnan(from_codes([0])).all()
    assert from_codes([0, 128], absent=-3.0).tolist() == [-3.0, 0.0]
