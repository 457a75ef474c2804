"""Reader of LightGBM's text format that believes nothing: counts, ranges and values are all checked.

The library itself crashes on hostile files, so it never sees a model of ours. Only what the trainer
writes is read: numerical splits, no missing values, constant leaves, one of two objectives.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MOST_TREES = 5_000
MOST_LEAVES = 1_024
MOST_NODES = 1_000_000
MOST_ROWS = 1 << 40
LARGEST_VALUE = 1e6
OBJECTIVES = {"binary sigmoid:1": 1, "multiclass": 0}
"""Objectives that are read, and how many classes they have (0 = as many as `num_class` says)."""
_SPLITS = {0, 2}
"""`decision_type` of a numerical split without missing values; bit 1 is the default side, which none takes."""


class Tree(NamedTuple):
    """One tree. A child c ≥ 0 is a node, c < 0 the leaf −c−1; `…_rows`: how many rows of training came there."""

    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    node_rows: NDArray[np.int64]
    leaf_rows: NDArray[np.int64]
    leaf_value: NDArray[np.float64]


class Forest(NamedTuple):
    """The trees of a model, class 0, 1, … by turns; `features`: names of the columns."""

    features: tuple[str, ...]
    classes: int
    trees: tuple[Tree, ...]


def read_forest(text: str) -> Forest:
    """The forest in `text`. Raises ValueError naming the tree and what is wrong with it."""
    head, *blocks = text.partition("end of trees")[0].split("\nTree=")
    if "\nend of trees" not in text:
        raise ValueError("cut off: no `end of trees`")
    if not 0 < len(blocks) <= MOST_TREES:
        raise ValueError(f"{len(blocks)} trees; between 1 and {MOST_TREES} are read")
    features, classes = _head(_fields(head))
    trees = tuple(_tree(number, block, len(features)) for number, block in enumerate(blocks))
    if len(trees) % classes or sum(len(tree.leaf_value) for tree in trees) > MOST_NODES:
        raise ValueError(f"{len(trees)} trees of {classes} classes: unequal numbers, or too many nodes")
    return Forest(features, classes, trees)


def _fields(block: str) -> dict[str, str]:
    return {
        key: value for line in block.split("\n") for key, is_field, value in [line.partition("=")] if is_field
    }


def _head(fields: Mapping[str, str]) -> tuple[tuple[str, ...], int]:
    """Names of the features and number of classes."""
    objective = fields.get("objective", "")
    kind = objective if objective in OBJECTIVES else objective.partition(" ")[0]
    features = tuple(fields.get("feature_names", "").split(" "))
    classes, each = _whole(fields, "num_class"), _whole(fields, "num_tree_per_iteration")
    if fields.get("version") not in {"v3", "v4"} or kind not in OBJECTIVES or "average_output" in fields:
        raise ValueError(
            f"version {fields.get('version')}, objective {objective!r}: not of the kinds read here"
        )
    if len(features) != _whole(fields, "max_feature_idx") + 1 or len(set(features)) != len(features):
        raise ValueError("feature_names: not as many different names as max_feature_idx says")
    if classes != each or not 1 <= classes <= 64 or (OBJECTIVES[kind] or classes) != classes:
        raise ValueError(f"{classes} classes with {each} trees a round")
    return features, classes


def _whole(fields: Mapping[str, str], name: str) -> int:
    value = fields.get(name, "")
    if not value.isascii() or not value.isdigit() or len(value) > 9:
        raise ValueError(f"{name}={value[:20]!r}: not a whole number")
    return int(value)


def _tree(number: int, block: str, features: int) -> Tree:
    try:
        return _checked(_columns(_fields(block)), features)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"tree {number}: {error}") from error


def _columns(fields: Mapping[str, str]) -> Tree:
    leaves = _whole(fields, "num_leaves")
    if not 1 <= leaves <= MOST_LEAVES or fields.get("num_cat") != "0" or fields.get("is_linear", "0") != "0":
        raise ValueError("number of leaves, categories or linear leaves")
    nodes = leaves - 1
    if not set(_integers(fields, "decision_type", nodes).tolist()) <= _SPLITS:
        raise ValueError("decision_type: categories and missing values are not read")
    return Tree(
        _integers(fields, "split_feature", nodes), _numbers(fields, "threshold", nodes),
        _integers(fields, "left_child", nodes), _integers(fields, "right_child", nodes),
        _rows(fields, "internal_count", nodes), _rows(fields, "leaf_count", leaves) if nodes else np.ones(1, np.int64),
        _numbers(fields, "leaf_value", leaves),
    )  # fmt: skip


def _checked(tree: Tree, features: int) -> Tree:
    nodes, leaves = len(tree.feature), len(tree.leaf_value)
    if not ((tree.feature >= 0) & (tree.feature < features)).all():
        raise ValueError("split_feature: no such feature")
    children = np.concatenate([tree.left, tree.right])
    if nodes and sorted(children.tolist()) != [*range(-leaves, 0), *range(1, nodes)]:
        raise ValueError("children: not every node and leaf hangs on exactly one other")
    if (children <= np.tile(np.arange(nodes), 2))[children >= 0].any():
        raise ValueError("children: a node hangs below itself")
    return tree


def _integers(fields: Mapping[str, str], name: str, n: int) -> NDArray[np.int64]:
    return _column(fields, name, n, np.dtype(np.int64)).astype(np.int64)


def _rows(fields: Mapping[str, str], name: str, n: int) -> NDArray[np.int64]:
    rows = _integers(fields, name, n)
    if not ((rows > 0) & (rows < MOST_ROWS)).all():
        raise ValueError(f"{name}: not a number of rows")
    return rows


def _numbers(fields: Mapping[str, str], name: str, n: int) -> NDArray[np.float64]:
    column = _column(fields, name, n, np.dtype(np.float64)).astype(np.float64)
    largest = np.inf if name == "threshold" else LARGEST_VALUE
    if not (np.isfinite(column) & (np.abs(column) <= largest)).all():
        raise ValueError(f"{name}: a value is not finite, or too large")
    return column


def _column(fields: Mapping[str, str], name: str, n: int, dtype: np.dtype[np.generic]) -> NDArray[np.generic]:
    values = fields.get(name, "").split()
    if len(values) != n:
        raise ValueError(f"{name}: {len(values)} values, not {n}")
    return np.array(values or [], dtype=str).astype(dtype) if n else np.zeros(0, dtype)
