"""What the behaviour model is taught: which rows are of a scam, how much each counts, and what may only raise a score."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fraud_guard.training.behaviour import BehaviourRows, TypeRows
from fraud_guard.training.city_rows import CityRows

IGNORED_COUNTS = 1.0
"""An attempt that was ignored is no scam to rush to: taught as honest, and as weighty as a loss, for an alert costs the same."""
LATE_COUNTS = 0.5
"""A row after the point of no return: help still counts, but less."""

_RAISES = frozenset(("text_score_24h", "host_score_24h", "call_reputation"))
_COUNTS_THAT_RAISE = ("same_stranger_", "scam_texts_", "lures_", "lookalike_visits_", "sideloads_", "marked_")
_FADES = frozenset(("scam_text", "scam_host", "lure", "lure_link", "lookalike_host", "sideload", "marked"))
"""The longer ago, the less it says: `since_…_s` of these may only lower a score."""


def direction(feature: str) -> int:
    """1 when the feature may only raise the score, -1 when it may only lower it, 0 when it may do both."""
    if feature in _RAISES or feature.startswith(_COUNTS_THAT_RAISE):
        return 1
    return -1 if feature.startswith("since_") and feature.removeprefix("since_").removesuffix("_s") in _FADES else 0


def taught(cities: Sequence[CityRows]) -> BehaviourRows:
    """The training set of several cities; a city is a group."""
    labelled = [_labelled(city) for city in cities]
    label, weight, types = (np.concatenate(parts) for parts in zip(*labelled, strict=True))
    group = np.concatenate([np.full(len(city.rows), i) for i, city in enumerate(cities)])
    return BehaviourRows(cities[0].names, np.concatenate([c.rows for c in cities]), label, types, group, weight)


def taught_types(cities: Sequence[CityRows]) -> TypeRows:
    """What types are learned from: rows inside scams that were not ignored. An episode counts once, however many rows it has, and a rare type more."""
    named = [np.flatnonzero([k >= 0 and city.episodes[k].outcome != "ignored" for k in city.episode.tolist()]) for city in cities]
    of = [city.episode[at] for city, at in zip(cities, named, strict=True)]
    types = np.array([city.episodes[k].main_type for city, some in zip(cities, of, strict=True) for k in some.tolist()], np.str_)
    once = np.concatenate([1.0 / np.bincount(some)[some] if len(some) else np.zeros(0) for some in of])
    _, number = np.unique(types, return_inverse=True)
    weight = once / np.sqrt(np.bincount(number, once))[number]
    rows = np.concatenate([city.rows[at] for city, at in zip(cities, named, strict=True)])
    group = np.concatenate([np.full(len(at), i) for i, at in enumerate(named)])
    return TypeRows(cities[0].names, rows, types, group, weight / weight.mean() if len(weight) else weight)


def _labelled(city: CityRows) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.str_]]:
    found = [city.episodes[k] if k >= 0 else None for k in city.episode.tolist()]
    label = np.array([int(e is not None and e.outcome != "ignored") for e in found], np.int64)
    limit_ms = np.array([(e and e.t_point_of_no_return_ms) or np.iinfo(np.int64).max for e in found], np.int64)
    counts = np.where(label == 1, np.where(city.ts_ms < limit_ms, 1.0, LATE_COUNTS), IGNORED_COUNTS)
    weight = np.where(city.episode >= 0, counts, 1.0) * city.weight
    return label, weight.astype(np.float64), np.array([e.main_type if e else "" for e in found], np.str_)
