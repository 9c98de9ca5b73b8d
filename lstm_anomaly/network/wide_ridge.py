"""Ridge regression of more features than rows, by products of rows with each other (Saunders et al. 1998).

Of thousands of sensors the products of features are the largest arrays of a training, and solving with them
takes most of its time. For centred features X (D, n), targets Y (n, F_t) and a ridge r of n rows

    (X X' + n r I)^-1 X Y = X (X' X + n r I)^-1 Y

in which all that is solved is (n, n). Where a target is one of the features and must not explain itself, its
residual without its own column is its residual with it, divided by 1 - h, for h = Y' (X' X + n r I)^-1 Y:
what its row of the inverse covariance says (Cox & Wermuth 1996), by the identity of Woodbury (1950).
"""

from collections.abc import Iterator, Sequence

import numpy as np

from lstm_anomaly.base.types import BoolArray, Float32Array, FloatArray, IntArray

_COLUMNS = 256  # targets whose weights are made at a time


class WideRidge:
    """Regressions of targets y (F_t, M) on features x (D, M).

    own  (F_t,) the feature that each target itself is, and that must not explain it
    """

    def __init__(self, x: Float32Array, y: Float32Array, own: IntArray | None = None) -> None:
        self._x, self._y, self._own = x, y, own
        wide = x.astype(np.float64)  # (D, M)
        self._products = wide.T @ wide  # (M, M)

    def errors(self, cut: slice, ridges: Sequence[float]) -> Iterator[FloatArray]:
        """With each ridge what fits to the other rows leave of the targets in those of a cut, (F_t, m)."""
        kept = np.ones(len(self._products), np.bool_)
        kept[cut] = False
        products, means = self._centred(kept)  # (n, n), (n,)
        apart = self._products[cut][:, kept]  # (m, n)
        apart = apart - apart.mean(axis=1, keepdims=True) - means + means.mean()
        center = self._y[:, kept].mean(axis=1, dtype=np.float64)  # (F_t,)
        y = self._y[:, kept].T - center  # (n, F_t)
        for ridge in ridges:
            with_ridge = _with_ridge(products, ridge)
            told = np.linalg.solve(with_ridge, apart.T).T @ y  # (m, F_t)
            left = self._y[:, cut] - center[:, np.newaxis] - told.T  # (F_t, m)
            if self._own is not None:
                explained = (np.linalg.solve(with_ridge, y) * y).sum(axis=0)  # (F_t,)
                left /= (1.0 - explained)[:, np.newaxis]
            yield left

    def fitted(self, ridge: float, which: IntArray) -> tuple[Float32Array, FloatArray]:
        """Weights (K, D) and offset (K, 1) of the K targets of these numbers, fitted to all rows."""
        products, _ = self._centred(np.ones(len(self._products), np.bool_))  # (M, M)
        with_ridge = _with_ridge(products, ridge)
        mean_x = self._x.mean(axis=1, dtype=np.float64)  # (D,)
        weights = np.empty((len(which), len(self._x)), np.float32)
        offset = np.empty((len(which), 1))
        for first in range(0, len(which), _COLUMNS):
            part = slice(first, first + _COLUMNS)
            mean_y = self._y[which[part]].mean(axis=1, dtype=np.float64)  # (k,)
            y = self._y[which[part]].T - mean_y  # (M, k)
            by_row = np.linalg.solve(with_ridge, y)  # (M, k)
            by_row -= by_row.mean(axis=0)  # centres the features
            found = by_row.T @ self._x.T  # (k, D)
            if self._own is not None:
                rows, own = np.arange(len(found)), self._own[which[part]]
                found /= (1.0 - (by_row * y).sum(axis=0))[:, np.newaxis]
                found[rows, own] = 0.0
            weights[part] = found
            offset[part, 0] = mean_y - found @ mean_x
        return weights, offset

    def _centred(self, kept: BoolArray) -> tuple[FloatArray, FloatArray]:
        """Products of the n rows that are kept, less their mean, (n, n), and the means of those before."""
        products = self._products[np.ix_(kept, kept)]
        means = products.mean(axis=0)  # (n,)
        products -= means
        products -= means[:, np.newaxis] - means.mean()
        return products, means


def _with_ridge(products: FloatArray, ridge: float) -> FloatArray:
    """Products (n, n) with a ridge of n rows."""
    out = products.copy()  # (n, n)
    out.flat[:: len(out) + 1] += ridge * len(out)
    return out
