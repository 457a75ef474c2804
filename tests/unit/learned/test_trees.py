"""Trees in NumPy say what LightGBM says, and the reader of its format takes nothing else."""

from __future__ import annotations

import lightgbm
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_guard.learned.contributions import Paths
from fraud_guard.learned.lightgbm_text import read_forest
from fraud_guard.learned.trees import ROWS_AT_ONCE, Trees

RNG = np.random.default_rng(3)
ROWS = RNG.standard_normal((600, 6)).astype(np.float32)
ROWS[:, 5] = np.round(ROWS[:, 5])  # ties with thresholds
QUIET = {"verbose": -1, "use_missing": False, "num_threads": 1, "num_leaves": 12, "min_data_in_leaf": 5}
BINARY = lightgbm.train(
    {**QUIET, "objective": "binary"}, lightgbm.Dataset(ROWS, ROWS[:, 0] + ROWS[:, 5] * ROWS[:, 1] > 0), 15
)
SEVERAL = lightgbm.train(
    {**QUIET, "objective": "multiclass", "num_class": 3},
    lightgbm.Dataset(ROWS, (ROWS[:, 0] > 0).astype(int) + (ROWS[:, 5] > 0)), 8,
)  # fmt: skip
TEXT = BINARY.model_to_string()
TREES = Trees.of(read_forest(TEXT))


@pytest.mark.parametrize("booster", [BINARY, SEVERAL])
def test_scores_equal_those_of_the_library(booster: lightgbm.Booster) -> None:
    """The sums of leaves are LightGBM's own raw scores, of one class and of several."""
    trees = Trees.of(read_forest(booster.model_to_string()))
    ours = trees.scores(ROWS)
    assert np.abs(ours - booster.predict(ROWS, raw_score=True).reshape(ours.shape)).max() < 1e-12


def test_a_score_does_not_depend_on_the_block() -> None:
    """Row by row, in any block, a row has exactly the same score."""
    together = TREES.scores(ROWS)
    assert len(ROWS) > 2 * ROWS_AT_ONCE
    assert (np.concatenate([TREES.scores(ROWS[i : i + 7]) for i in range(0, 600, 7)]) == together).all()
    assert TREES.scores(ROWS[:0]).shape == (0, 1)


def test_contributions_are_those_of_the_library() -> None:
    """Shapley values and the base equal `pred_contrib`, so together they are the score."""
    paths, theirs = Paths.of(read_forest(TEXT)), BINARY.predict(ROWS[:40], pred_contrib=True)
    ours = paths.contributions(ROWS[:40])
    assert np.abs(ours - theirs[:, :-1]).max() < 1e-9
    assert paths.base == pytest.approx(theirs[0, -1])
    assert np.abs(ours.sum(axis=1) + paths.base - TREES.scores(ROWS[:40])[:, 0]).max() < 1e-9


def test_a_single_leaf_is_a_tree() -> None:
    """A model that could not split anything has one constant score."""
    flat = lightgbm.train({**QUIET, "objective": "binary"}, lightgbm.Dataset(ROWS * 0, ROWS[:, 0] > 0), 2)
    assert len(np.unique(Trees.of(read_forest(flat.model_to_string())).scores(ROWS))) == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("objective=binary sigmoid:1", "objective=regression"),
        ("version=v4", "version=v9"),
        ("num_class=1", "num_class=9"),
        ("num_tree_per_iteration=1", "num_tree_per_iteration=-1"),
        ("max_feature_idx=5", "max_feature_idx=4"),
        ("max_feature_idx=5", "max_feature_idx=999999999999"),
        ("num_cat=0", "num_cat=1"),
        ("is_linear=0", "is_linear=1"),
        ("left_child=1", "left_child=0"),
        ("left_child=1", "left_child=99"),
        ("num_leaves=12", "num_leaves=400000000"),
        ("split_feature=", "split_feature=77 "),
        ("decision_type=2", "decision_type=1"),
        ("leaf_value=", "leaf_value=nan "),
        ("end of trees", "end of tree"),
        ("label_index=0", "label_index=0\naverage_output=1"),
    ],
)
def test_what_the_trainer_never_writes_is_refused(old: str, new: str) -> None:
    """Other objectives, categories, loops, wild indices and counts are refused in words."""
    assert old in TEXT
    with pytest.raises(ValueError, match=r"."):
        read_forest(TEXT.replace(old, new, 1))


def test_an_infinite_leaf_is_refused() -> None:
    """A leaf value that is not finite is named with its tree."""
    at = TEXT.index("leaf_value=") + len("leaf_value=")
    end = TEXT.index(" ", at)
    with pytest.raises(ValueError, match="tree 0: leaf_value"):
        read_forest(TEXT[:at] + "inf" + TEXT[end:])


@given(st.integers(0, len(TEXT) - 1), st.integers(0, 40), st.text(max_size=12))
def test_garbled_text_never_crashes(start: int, length: int, put: str) -> None:
    """Whatever is cut out or put in: a clear ValueError, or trees that still give finite scores."""
    try:
        forest = read_forest(TEXT[:start] + put + TEXT[start + length :])
    except ValueError:
        return
    if len(forest.features) == ROWS.shape[1]:
        assert np.isfinite(Trees.of(forest).scores(ROWS[:20])).all()
        assert np.isfinite(Paths.of(forest).contributions(ROWS[:1])).all()
