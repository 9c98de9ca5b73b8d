"""Linear regression of each sensor on lagged rows: its forecast, and its estimate from the other sensors.

Two regressions of the scaled rows, both by ridge (Hoerl & Kennard 1970) and without any optimiser:

    forecast   each sensor from all sensors 1, 2, 3 and 6 rows ago
    related    each sensor from all other sensors now and 1, 6 and 24 rows ago

The second never reads the sensor itself, so a fault cannot explain itself: a reading that is stuck, offset or
from another day stays far from its estimate for as long as the fault lasts.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lstm_anomaly.base.types import BoolArray, Float32Array, FloatArray, IntArray, Segments
from lstm_anomaly.network.products import round_up, tile_width, tiled_product
from lstm_anomaly.network.wide_ridge import WideRidge

FORECAST_LAGS = (1, 2, 3, 6)
RELATED_LAGS = (0, 1, 6, 24)
LONGEST_LAG = 24
RIDGES = (1e-3, 1e-2, 1e-1, 1.0)  # of the features' variance, which is 1
MOST_FEATURES = 1000  # with more sensors fewer lags are read
FOLDS = 4  # contiguous parts of the training rows, each left out in turn
_BLOCK = 4096  # rows worked on at a time

_Solver = Callable[[FloatArray, FloatArray], FloatArray]
"""From products of the features with a ridge (D, D), and with the targets (D, F_t), to weights (D, F_t)."""


@dataclass(frozen=True)
class Regression:
    """Predicts F_t sensors from rows of F inputs at some lags, D = lags * F.

    lags     rows back
    weights  (F_t, D)
    offset   (F_t, 1)
    """

    lags: tuple[int, ...]
    weights: Float32Array
    offset: Float32Array

    @property
    def reach(self) -> int:
        """The longest lag: as many first rows of a stretch cannot be predicted."""
        return max(self.lags)

    def expected(self, rows: Float32Array) -> FloatArray:
        """The expected values of the last n of rows (F, LONGEST_LAG + n): (n, F_t).

        In tiles, see products.py: a row gets the same result whichever others there are.
        """
        count = rows.shape[1] - LONGEST_LAG
        tile = tile_width([self.weights.shape], np.float32)
        out = np.empty((count, len(self.weights)))  # (n, F_t)
        for first in range(0, count, _BLOCK):
            size = min(_BLOCK, count - first)
            features = np.zeros((self.weights.shape[1], round_up(size, tile)), np.float32)  # (D, size)
            features[:, :size] = lagged(rows[:, first : first + LONGEST_LAG + size], self.lags)
            product = tiled_product(self.weights, features, tile)  # (F_t, size)
            out[first : first + size] = (product[:, :size] + self.offset).T
        return out


def lagged(rows: Float32Array, lags: Sequence[int]) -> Float32Array:
    """The last n of rows (F, LONGEST_LAG + n) at each lag, one below the other: (lags * F, n)."""
    count = rows.shape[1] - LONGEST_LAG
    parts = [rows[:, LONGEST_LAG - lag : LONGEST_LAG - lag + count] for lag in lags]
    return np.concatenate(parts)


def with_run_up(rows: Float32Array) -> Float32Array:
    """Rows (F, n) of one stretch after `LONGEST_LAG` copies of the first one: (F, LONGEST_LAG + n)."""
    return np.concatenate([np.repeat(rows[:, :1], LONGEST_LAG, axis=1), rows], axis=1)


def usable_lags(lags: tuple[int, ...], inputs: int) -> tuple[int, ...]:
    """As many of the lags, the first ones, as there is room for with this many inputs; one at least."""
    return lags[: max(1, MOST_FEATURES // max(inputs, 1))]


def fit_forecast(rows: Float32Array, targets: BoolArray, segments: Segments) -> tuple[Regression, FloatArray]:
    """The forecast by rows before, and its cross-fitted errors on the rows in the segments, (M, F_t).

    rows (F, M') scaled; `targets` (F,) which of them are forecast. A row's error is by weights that were
    fitted to the other folds.
    """
    lags = usable_lags(FORECAST_LAGS, len(rows))
    x, y = _features(rows, lags, np.flatnonzero(targets), segments)

    def solve(gram: FloatArray, cross: FloatArray) -> FloatArray:
        return np.asarray(np.linalg.solve(gram, cross))

    ridge = WideRidge(x, y) if _is_wide(x, lags) else _Ridge(x, y, solve)
    errors, best = _cross_fitted(ridge, y.shape)
    return _regression(ridge, lags, best, len(x)), errors


def fit_related(rows: Float32Array, targets: BoolArray, segments: Segments) -> tuple[Regression, FloatArray]:
    """The estimate from the other sensors, and its cross-fitted errors in the segments, (M, F_t)."""
    lags = usable_lags(RELATED_LAGS, len(rows))
    places = np.flatnonzero(targets)
    own = [np.array([lag * len(rows) + place for lag in range(len(lags))]) for place in places]
    x, y = _features(rows, lags, places, segments)

    def solve(gram: FloatArray, cross: FloatArray) -> FloatArray:
        """Solve the regression of each sensor without its own columns, all from one inverse.

        With P the inverse of a covariance, less what leaving out columns S takes from it,
        P - P_S (P_SS)^-1 P_S^T, the regression of column j on the rest is -P_j / P_jj (Cox & Wermuth 1996).
        """
        P = np.linalg.inv(gram)  # (D, D)
        weights = np.zeros((len(gram), len(own)))  # (D, F_t)
        for k, columns in enumerate(own):
            first, others = columns[0], columns[1:]
            column = P[:, first].copy()  # (D,)
            if len(others):
                taken = np.linalg.solve(P[np.ix_(others, others)], P[others, first])
                column -= P[:, others] @ taken
            weights[:, k] = -column / column[first]
            weights[columns, k] = 0.0
        return weights

    ridge = WideRidge(x, y, places) if _is_wide(x, lags) else _Ridge(x, y, solve)
    errors, best = _cross_fitted(ridge, y.shape)
    return _regression(ridge, lags, best, len(x)), errors


def _features(
    rows: Float32Array, lags: tuple[int, ...], places: IntArray, segments: Segments
) -> tuple[Float32Array, Float32Array]:
    """Features (D, M) and targets (F_t, M) of the rows in the segments."""
    parts = [with_run_up(rows[:, a:b]) for a, b in segments]
    x = np.concatenate([lagged(part, lags) for part in parts], axis=1)  # (D, M)
    return x, np.concatenate([rows[places, a:b] for a, b in segments], axis=1)


def _is_wide(x: Float32Array, lags: tuple[int, ...]) -> bool:
    """Whether the features x (D, M), of one lag, are more than the rows that a fit gets."""
    D, M = x.shape
    return len(lags) == 1 and D > MOST_FEATURES // 2 and D > M * (FOLDS - 1) // FOLDS


def _cuts(rows: int) -> list[slice]:
    """The folds of this many rows."""
    return [slice(rows * k // FOLDS, rows * (k + 1) // FOLDS) for k in range(FOLDS)]


def _cross_fitted(ridge: "_Ridge | WideRidge", shape: tuple[int, ...]) -> tuple[FloatArray, IntArray]:
    """Errors of F_t targets in M rows by fits to other folds, (M, F_t), with the ridge that leaves the least
    of each, (F_t,).
    """
    errors = np.zeros((len(RIDGES), *shape), np.float32)  # (R, F_t, M)
    for cut in _cuts(shape[1]):
        for r, left in enumerate(ridge.errors(cut, RIDGES)):
            errors[r, :, cut] = left
    best = np.array([np.square(left).mean(axis=1) for left in errors]).argmin(axis=0)  # (F_t,)
    chosen = errors[best, np.arange(len(best))]  # (F_t, M)
    return np.ascontiguousarray(chosen.T, dtype=np.float64), best


def _regression(
    ridge: "_Ridge | WideRidge", lags: tuple[int, ...], best: IntArray, features: int
) -> Regression:
    """The regression of each target with its best ridge (F_t,), fitted to all rows."""
    weights = np.zeros((len(best), features), np.float32)  # (F_t, D)
    offset = np.zeros((len(best), 1), np.float32)
    for r in np.unique(best):
        which = np.flatnonzero(best == r)
        weights[which], offset[which] = ridge.fitted(RIDGES[r], which)
    return Regression(lags, weights, offset)


class _Ridge:
    """Regressions of targets y (F_t, M) on features x (D, M), by sums of products over all rows and folds.

    With hundreds of sensors one such sum is among the largest arrays of a training: those of the folds are
    made again when they are needed.
    """

    def __init__(self, x: Float32Array, y: Float32Array, solve: _Solver) -> None:
        self._x, self._y, self._solve = x, y, solve
        first, *others = _cuts(x.shape[1])
        self._whole = self._sum(first)  # (D + 1, D + 1 + F_t)
        for cut in others:
            self._whole += self._sum(cut)

    def errors(self, cut: slice, ridges: Sequence[float]) -> Iterator[FloatArray]:
        """With each ridge what fits to the other rows leave of the targets in those of a cut, (F_t, m)."""
        others = self._sum(cut)
        np.subtract(self._whole, others, out=others)
        count = self._x.shape[1] - (cut.stop - cut.start)
        for ridge in ridges:
            weights, offset = self._solved(others, max(count, 1), ridge)
            yield self._y[:, cut] - weights @ self._x[:, cut] - offset

    def fitted(self, ridge: float, which: IntArray) -> tuple[FloatArray, FloatArray]:
        """Weights (K, D) and offset (K, 1) of the K targets of these numbers, fitted to all rows."""
        weights, offset = self._solved(self._whole, self._x.shape[1], ridge)
        return weights[which], offset[which]

    def _sum(self, cut: slice) -> FloatArray:
        """Products of the features, a 1 and the targets with each other, (D + 1, D + 1 + F_t)."""
        total: FloatArray | None = None
        for first in range(cut.start, max(cut.stop, cut.start + 1), _BLOCK):
            part = slice(first, min(first + _BLOCK, cut.stop))
            x = np.concatenate([self._x[:, part], np.ones((1, part.stop - part.start))])  # (D + 1, n)
            product = x @ np.concatenate([x, self._y[:, part]]).T
            total = product if total is None else np.add(total, product, out=total)
        assert total is not None, "there is one part at least"
        return total

    def _solved(self, total: FloatArray, count: int, ridge: float) -> tuple[FloatArray, FloatArray]:
        D = len(self._x)
        mean_x, mean_y = total[-1, :D] / count, total[-1, D + 1 :] / count
        gram = total[:D, :D] / count
        gram -= np.outer(mean_x, mean_x)
        gram.flat[:: D + 1] += ridge
        cross = total[:D, D + 1 :] / count
        cross -= np.outer(mean_x, mean_y)
        weights = self._solve(gram, cross).T  # (F_t, D)
        return weights, (mean_y - weights @ mean_x)[:, np.newaxis]
