"""Gradients of weights, summed over steps and columns in an order that does not depend on who adds them.

The columns of a batch are P pieces of equal width. Each piece has a sum of its own, and the pieces' sums
are added up at the end. So a batch gives the same bits whether one process works on all its columns, or
several on one piece each, see shards.py.
"""

from typing import Any

import numpy as np

from lstm_anomaly.base.types import Array
from lstm_anomaly.network.products import fast_rows, tiles

NARROW = 64  # columns below which a product of gradients and inputs is slower than its copies
WIDE = 128  # columns that narrow pieces of several steps are put together to


class WeightGradient:
    """The gradient of W (M, K) from those of W x: the sum of d x^T over steps and columns.

    x is copied into x^T, because a product with a transpose takes longer than with the copy; where there are
    no quick kernels, and pieces are wide, it does not. Narrow pieces of several steps are laid side by side,
    which costs a copy of d, but turns C products and C sums into one; `steps` is that C.
    """

    def __init__(self, shape: tuple[int, int], batch: int, pieces: int, dtype: Any) -> None:
        M, K = shape
        self._width = width = batch // pieces
        self.steps = WIDE // width if width < NARROW else 1
        self._d_wide = np.empty(pieces * M * self.steps * width, dtype)
        self._x_T = np.empty((pieces, self.steps, width, K), dtype)
        fast = fast_rows((M, self.steps * width), K, dtype)
        self._copies = fast > 0 or width < WIDE
        rows = fast or M
        self._products = np.empty((pieces, M // rows, rows, K), dtype)
        self._sums = np.zeros_like(self._products)

    def clear(self) -> None:
        """Begin anew."""
        self._sums[...] = 0

    def add(self, d: Array, x: Array) -> None:
        """Add n <= C steps: the gradients d (n, M, B) and what W was multiplied by, x (n, K, B)."""
        d_wide = _side_by_side(tiles(d, self._width), self._d_wide)  # (P, M, n B / P)
        pieces, tiles_of_rows, rows, K = self._products.shape
        x_T = tiles(x, self._width).transpose(1, 0, 3, 2)  # (P, n, B / P, K)
        if self._copies:
            np.copyto(self._x_T[:, : len(x)], x_T)
            x_T = self._x_T[:, : len(x)]
        d_tiles = d_wide.reshape(pieces, tiles_of_rows, rows, -1)  # (P, M / m, m, n B / P)
        np.matmul(d_tiles, x_T.reshape(pieces, 1, -1, K), out=self._products)
        np.add(self._sums, self._products, out=self._sums)

    def total(self) -> Array:
        """The sum over all pieces, (M, K)."""
        return in_order(self._sums).reshape(-1, self._sums.shape[-1])


def _side_by_side(steps: Array, wide: Array) -> Array:
    """Pieces (n, P, R, W) of n steps as (P, R, n W), in the memory of `wide` unless n is 1."""
    n, pieces, rows, width = steps.shape
    if n == 1:
        single: Array = steps[0]
        return single
    out = wide[: steps.size].reshape(pieces, rows, n, width)
    np.copyto(out, steps.transpose(1, 2, 0, 3))
    joined: Array = out.reshape(pieces, rows, n * width)
    return joined


def in_order(pieces: Array) -> Array:
    """The sum of arrays (P, ...), added up from the first to the last."""
    total: Array = pieces[0].copy()
    for piece in pieces[1:]:
        total += piece
    return total


def sum_of_columns(x: Array, pieces: int) -> Array:
    """The sum of the columns of x (M, B), piece by piece: (M,)."""
    return in_order(np.stack([np.ascontiguousarray(part).sum(axis=1) for part in np.hsplit(x, pieces)]))


def products_over_columns(d: Array, x: Array, pieces: int) -> Array:
    """d x^T for d (M, B) and x (K, B), piece by piece: (M, K)."""
    parts = zip(np.hsplit(d, pieces), np.hsplit(x, pieces), strict=True)
    return in_order(np.stack([np.matmul(part, other.T) for part, other in parts]))
