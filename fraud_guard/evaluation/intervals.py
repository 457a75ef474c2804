"""Estimates with their 95 % intervals: shares, rates, quantiles, macro-F1, and differences of them.

Shares have Wilson's interval, rates Byar's for a Poisson count, quantiles and F1 a seeded
bootstrap. An interval always contains its estimate. No data, no value: `None`, never 0.
"""

from __future__ import annotations

from math import inf, sqrt
from statistics import NormalDist

import msgspec
import numpy as np
import numpy.typing as npt
from numpy.random import Generator, default_rng  # noqa: TID251  seeded, and nothing decides by it

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

CONFIDENCE = 0.95
DRAWS = 2_000
SEED = 20_260_316


class Estimate(msgspec.Struct, frozen=True):
    """A figure and what it rests on.

    `n` counts the trials of a share, the events of a rate, the values behind a quantile, mean
    or F1. All of `value`, `low`, `high` are None when there is nothing to tell it from.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int


NO_DATA = Estimate(None, None, None, 0)
"""What is told when there is nothing to tell it from."""


def z_of(confidence: float = CONFIDENCE) -> float:
    """The two-sided normal quantile, 1.96 for 0.95."""
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def share(hits: int, n: int) -> Estimate:
    """`hits` of `n` trials, Wilson's interval."""
    if n == 0:
        return NO_DATA
    z, p = z_of(), hits / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return _around(p, max(0.0, centre - half), min(1.0, centre + half), n)


def rate(events: int, exposure: float) -> Estimate:
    """`events` per unit of `exposure`, Byar's approximation of the exact Poisson interval."""
    if exposure <= 0:
        return Estimate(None, None, None, events)
    low, high = poisson(events)
    return _around(events / exposure, low / exposure, high / exposure, events)


def poisson(events: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Bounds of the mean of a Poisson count."""
    z, more = z_of(confidence), events + 1
    low = events * (1 - 1 / (9 * events) - z / (3 * sqrt(events))) ** 3 if events else 0.0
    return max(0.0, low), more * (1 - 1 / (9 * more) + z / (3 * sqrt(more))) ** 3


def quantile(values: npt.ArrayLike, q: float) -> Estimate:
    """The `q`-quantile of `values` (lower of two middle ones), bootstrapped.

    The k-th smallest of n resampled values is the sorted value at n times a Beta(k, n-k+1)
    draw, so no resample has to be made.
    """
    ordered = np.sort(np.asarray(values, np.float64))
    n = len(ordered)
    if n == 0:
        return NO_DATA
    k = max(1, int(np.ceil(q * n)))
    places = np.minimum((_chance().beta(k, n - k + 1, DRAWS) * n).astype(np.int64), n - 1)
    return _bootstrapped(float(ordered[k - 1]), ordered[places], n)


def mean(values: npt.ArrayLike) -> Estimate:
    """The mean of few distinct values, such as counts, bootstrapped over how often each occurs."""
    distinct, count = np.unique(np.asarray(values, np.float64), return_counts=True)
    n = int(count.sum())
    if n == 0:
        return NO_DATA
    draws = _chance().multinomial(n, count / n, DRAWS) @ distinct / n
    return _bootstrapped(float(count @ distinct / n), draws, n)


def macro_f1(confusion: Ints) -> Estimate:
    """Macro-F1 of a square matrix (true × said), over the types that are true at least once."""
    n = int(confusion.sum())
    if n == 0:
        return NO_DATA
    draws = _chance().multinomial(n, confusion.ravel() / n, DRAWS).reshape(DRAWS, *confusion.shape)
    return _bootstrapped(float(_macro_f1(confusion[None])[0]), _macro_f1(draws), n)


def calibration_error(count: Ints, total: Floats) -> Estimate:
    """Expected calibration error from cells (bin × false, true): alerts and the sum of their probabilities.

    Bootstrapped over the cells; within a cell each alert has the cell's mean probability.
    """
    n = int(count.sum())
    if n == 0:
        return NO_DATA
    probability = total / np.maximum(count, 1)
    draws = _chance().multinomial(n, count.ravel() / n, DRAWS).reshape(DRAWS, *count.shape)
    return _bootstrapped(float(_ece(count[None], probability)[0]), _ece(draws, probability), n)


def f1_by_type(confusion: Ints) -> Floats:
    """F1 of each type (last axis) of one or more square matrices (true × said); NaN where never true."""
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    true, said = confusion.sum(axis=-1), confusion.sum(axis=-2)
    return np.where(true > 0, 2 * hits / np.maximum(true + said, 1), np.nan)


def ratio(a: int, exposure_a: float, b: int, exposure_b: float, confidence: float) -> Estimate:
    """Rate a over rate b, log-normal interval; half an event is added to both when one has none."""
    if min(exposure_a, exposure_b) <= 0:
        return Estimate(None, None, None, a + b)
    extra = 0.5 if min(a, b) == 0 else 0.0
    value = (a + extra) / exposure_a / ((b + extra) / exposure_b)
    factor = float(np.exp(z_of(confidence) * sqrt(1 / (a + extra) + 1 / (b + extra))))
    return _around(value, value / factor, value * factor, a + b)


def difference(a: Estimate, b: Estimate) -> Estimate:
    """`a` - `b` of independent runs, from the two intervals (MOVER; for shares it is Newcombe's)."""
    if (
        a.value is None
        or b.value is None
        or a.low is None
        or b.low is None
        or a.high is None
        or b.high is None
    ):
        return NO_DATA
    value = a.value - b.value
    low = value - sqrt((a.value - a.low) ** 2 + (b.high - b.value) ** 2)
    high = value + sqrt((a.high - a.value) ** 2 + (b.value - b.low) ** 2)
    return _around(value, low, high, min(a.n, b.n))


def paired_difference(gained: int, lost: int, n: int) -> Estimate:
    """Difference of two shares of the same `n` trials from their discordance (Bonett and Price)."""
    if n == 0:
        return NO_DATA
    more, less = (gained + 1) / (n + 2), (lost + 1) / (n + 2)
    half = z_of() * sqrt(max(0.0, more + less - (more - less) ** 2) / (n + 2))
    return _around((gained - lost) / n, more - less - half, more - less + half, n)


def _macro_f1(confusion: Ints) -> Floats:
    f1 = f1_by_type(confusion)
    return np.asarray(np.nansum(f1, axis=-1) / np.maximum((~np.isnan(f1)).sum(axis=-1), 1), np.float64)


def _ece(count: Ints, probability: Floats) -> Floats:
    distance = np.abs((count * probability).sum(axis=-1) - count[..., 1])
    return np.asarray(distance.sum(axis=-1) / count.sum(axis=(-2, -1)), np.float64)


def _bootstrapped(value: float, draws: Floats, n: int) -> Estimate:
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(draws, [tail, 100 - tail])
    return _around(value, float(low), float(high), n)


def _around(value: float, low: float, high: float, n: int) -> Estimate:
    return Estimate(value, min(value, low), max(value, high if high < inf else value), n)


def _chance() -> Generator:
    return default_rng(SEED)
