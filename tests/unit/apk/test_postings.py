"""The inverted index in arrays finds what a dictionary would find."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apk_analysis.reskin import postings
from apk_analysis.reskin.postings import MOST_PER_KEY, Segment, common_keys, merged, segment_of, without

KEYS = st.integers(0, 12) | st.integers((1 << 64) - 4, (1 << 64) - 1) | st.integers(0, (1 << 64) - 1)
APPS = st.dictionaries(st.integers(1, 40), st.sets(KEYS, max_size=8), max_size=12)


def array(values: object) -> np.ndarray:
    return np.array(sorted(values), np.uint64)  # type: ignore[call-overload]


def segment(apps: dict[int, set[int]]) -> Segment:
    return segment_of([(number, array(keys)) for number, keys in apps.items()])


def by_key(apps: dict[int, set[int]]) -> dict[int, set[int]]:
    found: defaultdict[int, set[int]] = defaultdict(set)
    for number, keys in apps.items():
        for key in keys:
            found[key].add(number)
    return found


def found_by(one: Segment, asked: list[int]) -> dict[int, set[int]]:
    found: defaultdict[int, set[int]] = defaultdict(set)
    which, apps = one.find(np.array(asked, np.uint64))
    for place, number in zip(which.tolist(), apps.tolist(), strict=True):
        found[asked[place]].add(number)
    return found


@given(APPS, st.lists(KEYS, max_size=10))
def test_a_segment_finds_what_a_dictionary_finds(apps: dict[int, set[int]], asked: list[int]) -> None:
    """For each key, wherever it lies, the apps that have it."""
    expected = by_key(apps)
    assert found_by(segment(apps), asked) == {key: expected[key] for key in asked if expected.get(key)}


@given(APPS, APPS, st.sets(st.integers(1, 40)), st.lists(KEYS, max_size=10))
def test_merging_and_leaving_out(a: dict[int, set[int]], b: dict[int, set[int]], gone: set[int], asked: list[int]) -> None:
    """Two segments in one hold what both hold, and without some apps all but theirs."""
    b = {number + 50: keys for number, keys in b.items()}
    left = without(merged([segment(a), segment(b)]), np.array(sorted(gone), np.uint32))
    expected = by_key({number: keys for number, keys in (a | b).items() if number not in gone})
    assert found_by(left, asked) == {key: expected[key] for key in asked if expected.get(key)}
    assert np.all(left.keys[1:] >= left.keys[:-1])


@given(APPS, st.lists(st.integers(1, 4), min_size=41, max_size=41), st.integers(1, 4))
def test_common_keys_are_counted_by_owner(apps: dict[int, set[int]], owners: list[int], least: int) -> None:
    """A key is common when apps of enough different makers have it, however many apps one maker has and in whichever segment."""
    owner = np.array(owners, np.uint32)
    halves = [segment({n: k for n, k in apps.items() if n % 2 == half}) for half in (0, 1)]
    expected = sorted(key for key, numbers in by_key(apps).items() if len({owners[n] for n in numbers}) >= least)
    assert common_keys(halves, owner, least).tolist() == expected
    assert common_keys([], owner, least).tolist() == []


def test_of_a_key_that_all_have_some_stand_for_all() -> None:
    """A family of thousands of skins does not slow every question."""
    which, apps = segment({number: {7} for number in range(1, 3 * MOST_PER_KEY)}).find(np.array([7, 7], np.uint64))
    assert len(apps) == 2 * MOST_PER_KEY and set(which.tolist()) == {0, 1}


def test_a_segment_comes_back_from_the_disk(tmp_path: Path) -> None:
    """Written and mapped it is the same, and an absent one is an error of the system."""
    before = segment({1: {3, 4}, 2: {4}})
    postings.write(before, tmp_path, "2-3")
    after = postings.read(tmp_path, "2-3", 2)
    assert found_by(after, [3, 4, 5]) == {3: {1}, 4: {1, 2}}
    with pytest.raises(OSError):
        postings.read(tmp_path, "2-4", 2)
