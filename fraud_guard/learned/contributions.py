"""Why a row scored as it did: exact Shapley values of the trees' own game, for the few rows that are told.

A leaf is worth its value when the row fits every split on its path, and the share of training rows
that go its way where a feature is not known. Shapley values of such a product have a closed form:
v · (o − z) · ∫₀¹ ∏ ((1−t)·z + t·o) dt over the other features of the path (o: the row fits, z: the
share). The integrand is a polynomial, so a few Gauss nodes give it exactly. The result equals the
library's `pred_contrib` (S. M. Lundberg et al., Nature Machine Intelligence 2, 2020).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraud_guard.learned.lightgbm_text import Forest, Tree

Interval = tuple[float, float, float]
"""Above, up to, and the share of rows within it: what a path asks of one feature."""


class Paths(NamedTuple):
    """One row a leaf: the features that its path asks for, and what is asked; one column a feature.

    Columns beyond a short path ask nothing (−∞…∞, share 1). `value`: of the leaf. `features`: how
    many there are in all.
    """

    feature: NDArray[np.int64]
    above: NDArray[np.float64]
    up_to: NDArray[np.float64]
    share: NDArray[np.float64]
    value: NDArray[np.float64]
    features: int

    @classmethod
    def of(cls, forest: Forest) -> Paths:
        """The paths of a checked forest of one class."""
        leaves = [leaf for tree in forest.trees for leaf in _leaves(tree)]
        shape = (len(leaves), max((len(asked) for asked, _ in leaves), default=0) or 1)
        found = cls(
            np.zeros(shape, np.int64), np.full(shape, -np.inf), np.full(shape, np.inf), np.ones(shape),
            np.array([value for _, value in leaves]), len(forest.features),
        )  # fmt: skip
        for i, (asked, _) in enumerate(leaves):
            for j, (feature, interval) in enumerate(asked.items()):
                found.feature[i, j] = feature
                found.above[i, j], found.up_to[i, j], found.share[i, j] = interval
        return found

    @property
    def base(self) -> float:
        """The score before any feature is known."""
        return float((self.value * self.share.prod(axis=1)).sum())

    def contributions(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """What each feature added to the score: (n, features); with `base` they add up to it. About 2 ms a row."""
        nodes, weights = np.polynomial.legendre.leggauss(self.feature.shape[1] // 2 + 1)
        return np.array([self._of_row(row, (nodes + 1) / 2, weights / 2) for row in rows]).reshape(
            -1, self.features
        )

    def _of_row(
        self, row: NDArray[np.float32], nodes: NDArray[np.float64], weights: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        asked = row[self.feature]
        fits = ((asked > self.above) & (asked <= self.up_to)).astype(np.float64)
        integral = np.zeros(self.share.shape)
        for t, weight in zip(nodes.tolist(), weights.tolist(), strict=True):
            known = (1 - t) * self.share + t * fits
            integral += weight * known.prod(axis=1, keepdims=True) / known
        added = self.value[:, None] * (fits - self.share) * integral
        return np.asarray(np.bincount(self.feature.ravel(), added.ravel(), self.features), np.float64)


def _leaves(tree: Tree) -> list[tuple[dict[int, Interval], float]]:
    """For each leaf what its path asks of each feature, and its value."""
    asked: list[dict[int, Interval]] = [{} for _ in range(len(tree.feature) or 1)]
    leaves: list[tuple[dict[int, Interval], float]] = [({}, float(value)) for value in tree.leaf_value]
    for node in range(len(tree.feature)):  # a node stands before its children
        for child, is_above in ((int(tree.left[node]), False), (int(tree.right[node]), True)):
            narrowed = _narrowed(asked[node], tree, node, child, is_above=is_above)
            if child >= 0:
                asked[child] = narrowed
            else:
                leaves[-child - 1] = (narrowed, leaves[-child - 1][1])
    return leaves


def _narrowed(
    asked: dict[int, Interval], tree: Tree, node: int, child: int, *, is_above: bool
) -> dict[int, Interval]:
    feature, threshold = int(tree.feature[node]), float(tree.threshold[node])
    above, up_to, share = asked.get(feature, (-np.inf, np.inf, 1.0))
    rows = tree.node_rows[child] if child >= 0 else tree.leaf_rows[-child - 1]
    share *= float(rows / tree.node_rows[node])
    bounds = (max(above, threshold), up_to) if is_above else (above, min(up_to, threshold))
    return {**asked, feature: (*bounds, share)}
