"""Promises of estimates and their intervals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_guard.evaluation.intervals import (
    Estimate,
    calibration_error,
    difference,
    f1_by_type,
    macro_f1,
    mean,
    paired_difference,
    poisson,
    quantile,
    rate,
    ratio,
    share,
)

NOTHING = Estimate(None, None, None, 0)
counts = st.integers(0, 5_000)
matrices = st.integers(1, 5).flatmap(
    lambda size: st.lists(st.integers(0, 30), min_size=size * size, max_size=size * size).map(
        lambda cells: np.array(cells, np.int64).reshape(size, size)
    )
)


def holds(figure: Estimate) -> bool:
    """Whether the interval contains its estimate."""
    if figure.value is None or figure.low is None or figure.high is None:
        return figure.value is figure.low is figure.high is None
    return figure.low <= figure.value <= figure.high


def width(figure: Estimate) -> float:
    assert figure.low is not None
    assert figure.high is not None
    return figure.high - figure.low


@given(counts, counts)
def test_a_share_lies_in_its_interval(hits: int, misses: int) -> None:
    """Wilson's interval contains the share and stays between 0 and 1."""
    figure = share(hits, hits + misses)
    assert holds(figure)
    assert figure.value is None or (figure.low >= 0 and figure.high <= 1)


@given(st.integers(0, 100), st.integers(1, 100), st.integers(2, 20))
def test_more_trials_tell_more(hits: int, more: int, times: int) -> None:
    """The same share of more trials has a narrower interval; so has the same rate of more exposure."""
    n = hits + more
    assert width(share(hits * times, n * times)) < width(share(hits, n))
    assert width(rate(hits * times, n * times)) < width(rate(hits, n))


@given(counts, st.floats(0.1, 1e9))
def test_a_rate_lies_in_its_interval(events: int, exposure: float) -> None:
    """Byar's interval contains the rate and is never negative."""
    figure = rate(events, exposure)
    assert holds(figure)
    assert figure.low is not None
    assert figure.low >= 0


@pytest.mark.parametrize(
    ("events", "low", "high"), [(0, 0, 3.689), (1, 0.0253, 5.572), (10, 4.795, 18.39), (100, 81.36, 121.6)]
)
def test_poisson_bounds_are_near_the_exact_ones(events: int, low: float, high: float) -> None:
    """The bounds agree with the tables of the exact Poisson interval."""
    assert poisson(events) == pytest.approx((low, high), rel=0.01, abs=0.02)


def test_wilson_as_published() -> None:
    """10 of 20 gives .299 to .701, 0 of 10 gives 0 to .278."""
    assert (share(10, 20).low, share(10, 20).high) == pytest.approx((0.2993, 0.7007), abs=1e-4)
    assert (share(0, 10).low, share(0, 10).high) == pytest.approx((0.0, 0.2775), abs=1e-4)


@given(st.lists(st.floats(-1e6, 1e6), max_size=60), st.sampled_from([0.25, 0.5, 0.75]))
def test_a_quantile_lies_in_its_interval(values: list[float], q: float) -> None:
    """The bootstrap interval contains the quantile and stays among the values; the same values give the same one."""
    figure = quantile(values, q)
    assert holds(figure)
    assert figure == quantile(values[::-1], q)
    assert not values or min(values) <= figure.low <= figure.high <= max(values)


def test_the_quantile_shortcut_is_the_bootstrap() -> None:
    """The interval of a median agrees with really resampling."""
    values = np.random.default_rng(5).lognormal(3, 1, 101)
    resampled = np.median(np.random.default_rng(6).choice(values, (4_000, 101)), axis=1)
    figure = quantile(values, 0.5)
    assert figure.value == np.median(values)
    assert (figure.low, figure.high) == pytest.approx(tuple(np.percentile(resampled, [2.5, 97.5])), rel=0.1)


@given(st.lists(st.integers(1, 9), max_size=80))
def test_a_mean_lies_in_its_interval(values: list[int]) -> None:
    """The bootstrap interval contains the mean."""
    figure = mean(values)
    assert holds(figure)
    assert figure.value == (pytest.approx(sum(values) / len(values)) if values else None)


@given(matrices)
def test_macro_f1_lies_in_its_interval(confusion: np.ndarray) -> None:
    """Macro-F1 and its interval stay between 0 and 1."""
    figure = macro_f1(confusion)
    assert holds(figure)
    assert figure.value is None or 0 <= figure.low <= figure.high <= 1


def test_macro_f1_by_hand() -> None:
    """Types that are never true do not count, but saying them costs recall."""
    confusion = np.array([[3, 1, 0], [0, 4, 2], [0, 0, 0]])
    assert f1_by_type(confusion)[:2].tolist() == pytest.approx([6 / 7, 8 / 11])
    assert macro_f1(confusion).value == pytest.approx((6 / 7 + 8 / 11) / 2)


def test_calibration_error_by_hand() -> None:
    """Two bins, each .1 away from its share, give .1."""
    figure = calibration_error(np.array([[8, 2], [2, 8]]), np.array([[0.8, 0.2], [1.8, 7.2]]))
    assert figure.value == pytest.approx(0.1)
    assert holds(figure)


@given(counts, counts, st.floats(1, 1e6), st.floats(1, 1e6))
def test_a_ratio_lies_in_its_interval(a: int, b: int, exposure_a: float, exposure_b: float) -> None:
    """The interval of a ratio contains it, and asking for more confidence widens it."""
    figure = ratio(a, exposure_a, b, exposure_b, 0.95)
    assert holds(figure)
    assert width(ratio(a, exposure_a, b, exposure_b, 0.99)) > width(figure)


@given(counts, counts, counts, counts)
def test_a_difference_lies_in_its_interval(a: int, b: int, c: int, d: int) -> None:
    """The interval of a difference contains it, and turning the runs round turns the sign."""
    there, back = difference(share(a, a + b), share(c, c + d)), difference(share(c, c + d), share(a, a + b))
    assert holds(there)
    if there.value is not None:
        assert (there.low, there.high) == pytest.approx((-back.high, -back.low))


@given(counts, counts, counts)
def test_a_paired_difference_lies_in_its_interval(gained: int, lost: int, same: int) -> None:
    """The interval of a paired difference contains it."""
    assert holds(paired_difference(gained, lost, gained + lost + same))


def test_nothing_gives_nothing() -> None:
    """Without data there is no value, rather than a zero."""
    empty = np.zeros((2, 2), np.int64)
    assert [
        share(0, 0),
        quantile([], 0.5),
        mean([]),
        macro_f1(empty),
        rate(0, 0),
        paired_difference(0, 0, 0),
    ] == [NOTHING] * 6
    assert [ratio(0, 0, 0, 1, 0.95), difference(NOTHING, share(1, 2))] == [NOTHING] * 2
    assert calibration_error(empty, np.zeros((2, 2))) == NOTHING
