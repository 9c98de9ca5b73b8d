"""The linear rival: a closed-form ridge regression from a look-back to all steps of a horizon.

The look-back is taken less its last value, and what lies far back in it as means of a few rows each, so that
the regression stays small however long the look-back is. All sensors share it.
"""

from collections.abc import Iterable

import numpy as np

from lstm_anomaly.base.types import Array

MOST_INPUTS = 336  # of the regression, besides its constant
MOST_WEIGHTS = 200_000  # in a model file, which bounds the inputs of long horizons
RECENT = 2 / 3  # of the inputs are single rows, the last ones
SHRINKAGE = 1e-2  # of the inputs' mean square, added to it


def input_edges(look_back: int, steps: int) -> Array:
    """First rows (k,) of the blocks of a look-back whose means are the inputs; the last blocks are rows."""
    inputs = min(look_back, MOST_INPUTS, max(8, MOST_WEIGHTS // steps))
    recent = look_back if inputs == look_back else round(RECENT * inputs)
    old = np.linspace(0, look_back - recent, inputs - recent, endpoint=False).astype(np.int64)
    return np.concatenate([old, np.arange(look_back - recent, look_back)])


def fit_ridge(batches: Iterable[tuple[Array, Array, Array]], look_back: int, steps: int) -> Array:
    """The weights (S, k + 1), constant last, by batches of look-backs x (L, B), changes y (S, B) and weights.

    x and y are less the look-back's last value. The weights (B,) are 0 where a column is not to count.
    """
    k = len(input_edges(look_back, steps))
    squares, products = np.zeros((k + 1, k + 1)), np.zeros((k + 1, steps))
    for x, y, weights in batches:
        inputs = _inputs(x, steps).astype(np.float64)  # (k + 1, B)
        weighted = inputs * weights
        squares += weighted @ inputs.T
        products += weighted @ y.T
    shrinkage = SHRINKAGE * float(np.trace(squares[:k, :k])) / max(k, 1) + 1e-9
    solution = np.linalg.solve(squares + shrinkage * np.eye(k + 1), products)  # (k + 1, S)
    return np.ascontiguousarray(solution.T, dtype=np.float32)


def ridge_changes(weights: Array, x: Array) -> Array:
    """The forecasts (S, B) for look-backs x (L, B), both less the last values."""
    changes: Array = weights @ _inputs(x, len(weights))
    return changes


def _inputs(x: Array, steps: int) -> Array:
    """The means of the blocks of x (L, B), and a row of ones: (k + 1, B)."""
    edges = input_edges(len(x), steps)
    sums = np.add.reduceat(x, edges, axis=0)  # (k, B)
    sums /= np.diff(edges, append=len(x)).astype(x.dtype)[:, np.newaxis]
    return np.concatenate([sums, np.ones((1, x.shape[1]), x.dtype)])
