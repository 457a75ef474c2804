"""Weights of evidence in one byte: order kept, little lost, absence apart."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fraud_guard.tags.quantised import LIMIT, NO_SCORE, STEPS, from_codes, to_codes


@given(st.lists(st.floats(-1e9, 1e9), min_size=1))
def test_a_value_comes_back_within_half_a_step(values: list[float]) -> None:
    """Every finite weight within the limits is read back at most half a step away; none becomes absence."""
    codes = to_codes(values)
    assert (codes != NO_SCORE).all()
    assert np.abs(from_codes(codes) - np.clip(values, -LIMIT, LIMIT)).max() <= 0.5 / STEPS + 1e-5


def test_codes_keep_order_and_ends() -> None:
    """1 is the lowest, 128 says nothing, 255 is the highest; more weight never gives a lower code."""
    assert to_codes([-LIMIT, 0.0, LIMIT]).tolist() == [1, 128, 255]
    assert (np.diff(to_codes(np.linspace(-17, 17, 1_000)).astype(int)) >= 0).all()
