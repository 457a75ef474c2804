"""Scores of boosted trees over a block of rows, in NumPy: as fast as the library, without its memory.

All trees walk at once, one level a pass: for every (tree, row) pair the current node's feature is
gathered and compared, and the pair moves to a child; leaves point at themselves, and trees whose
leaves are all reached drop out. Sums run in a fixed order, so a score does not depend on the block.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraud_guard.learned.lightgbm_text import Forest, Tree

ROWS_AT_ONCE = 256
"""Rows of one pass: what keeps the columns and the walkers in the processor's cache."""


class Trees(NamedTuple):
    """All trees, end to end, the deepest first.

    `feature`, `threshold`, `child` (two a node: not above, above), `value` have an entry a node or
    leaf; `root`, `klass` one a tree; `active[d]`: trees that are deeper than d.
    """

    feature: NDArray[np.int32]
    threshold: NDArray[np.float32]
    child: NDArray[np.int32]
    value: NDArray[np.float64]
    root: NDArray[np.int32]
    klass: NDArray[np.int64]
    active: tuple[int, ...]
    classes: int
    features: int

    @classmethod
    def of(cls, forest: Forest) -> Trees:
        """The trees of a checked forest."""
        depths = np.array([_depth(tree) for tree in forest.trees])
        order = np.argsort(-depths, kind="stable")
        trees = [forest.trees[i] for i in order.tolist()]
        sizes = [len(tree.feature) + len(tree.leaf_value) for tree in trees]
        bases = np.concatenate([[0], np.cumsum(sizes)])
        return cls(
            np.concatenate([_padded(tree.feature, tree, 0) for tree in trees]).astype(np.int32),
            np.concatenate([_padded(_as_float32(tree.threshold), tree, np.inf) for tree in trees]).astype(np.float32),
            np.concatenate([_children(tree, int(base)) for tree, base in zip(trees, bases, strict=False)]),
            np.concatenate([np.concatenate([np.zeros(len(tree.feature)), tree.leaf_value]) for tree in trees]),
            bases[:-1].astype(np.int32), order % forest.classes,
            tuple(int((depths > level).sum()) for level in range(int(depths.max()))),
            forest.classes, len(forest.features),
        )  # fmt: skip

    def scores(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Sums of leaf values, one row a row and one column a class. `rows`: (n, features), finite."""
        out = np.empty((len(rows), self.classes))
        for start in range(0, len(rows), ROWS_AT_ONCE):
            part = rows[start : start + ROWS_AT_ONCE]
            out[start : start + len(part)] = self._sums(self.value.take(self._walk(part)))
        return out

    def _walk(self, rows: NDArray[np.float32]) -> NDArray[np.int32]:
        """The leaf that each row reaches in each tree: (trees, n)."""
        n = len(rows)
        columns, row = np.ascontiguousarray(rows.T).ravel(), np.arange(n, dtype=np.int32)
        first = self.feature * np.int32(n)
        at: NDArray[np.int32] = np.repeat(self.root[:, None], n, axis=1)
        for trees in self.active:
            node: NDArray[np.int32] = at[:trees].ravel()
            cell: NDArray[np.int32] = np.add(first.take(node).reshape(trees, n), row, dtype=np.int32)
            above = columns.take(cell.ravel()) > self.threshold.take(node)
            at[:trees] = self.child.take(2 * node + above).reshape(trees, n)
        return at

    def _sums(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """`values` (trees, n) added up within each class: (n, classes)."""
        by_class = np.argsort(self.klass, kind="stable")
        each = len(self.klass) // self.classes
        return np.asarray(
            np.add.reduceat(values[by_class], np.arange(self.classes) * each, axis=0).T, np.float64
        )


def _depth(tree: Tree) -> int:
    depth = np.zeros(len(tree.feature), np.int64)
    for node in range(len(depth)):
        for child in (tree.left[node], tree.right[node]):
            if child >= 0:
                depth[child] = depth[node] + 1
    return int(depth.max()) + 1 if len(depth) else 0


def _padded(column: NDArray[np.generic], tree: Tree, filling: float) -> NDArray[np.generic]:
    """`column` of the nodes, followed by `filling` for the leaves."""
    return np.concatenate([column, np.full(len(tree.leaf_value), filling, column.dtype)])


def _as_float32(threshold: NDArray[np.float64]) -> NDArray[np.float32]:
    """The largest float32 not above each threshold: a float32 feature compares with it as with the threshold."""
    with np.errstate(over="ignore"):
        near = threshold.astype(np.float32)
    return np.where(near > threshold, np.nextafter(near, np.float32(-np.inf)), near).astype(np.float32)


def _children(tree: Tree, base: int) -> NDArray[np.int32]:
    nodes = len(tree.feature)
    sides = [np.where(side >= 0, side, nodes - side - 1) for side in (tree.left, tree.right)]
    itself = np.arange(nodes, nodes + len(tree.leaf_value))
    return (np.stack([np.concatenate([side, itself]) for side in sides], axis=1).ravel() + base).astype(
        np.int32
    )
