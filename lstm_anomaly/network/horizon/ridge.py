"""The linear rival: a closed-form ridge regression from a look-back to all steps of a horizon.

The look-back is taken less its last value, and what lies far back in it as means of a few rows each, so that
the regression stays small however long the look-back is. All sensors share it. How much it is shrunk is
decided by the later rows, when it is fitted to the earlier ones; then it is fitted to all.
"""

from collections.abc import Iterable

import numpy as np

from lstm_anomaly.base.types import Array, FloatArray

Batches = Iterable[tuple[Array, Array, Array]]

MOST_INPUTS = 336  # of the regression, besides its constant
MOST_WEIGHTS = 200_000  # in a model file, which bounds the inputs of long horizons
RECENT = 2 / 3  # of the inputs are single rows, the last ones
SHRINKAGES = (0.01, 0.1, 1.0)  # of the inputs' mean square, added to it


def input_edges(look_back: int, steps: int) -> Array:
    """First rows (k,) of the blocks of a look-back whose means are the inputs; the last blocks are rows."""
    inputs = min(look_back, MOST_INPUTS, max(8, MOST_WEIGHTS // steps))
    recent = look_back if inputs == look_back else round(RECENT * inputs)
    old = np.linspace(0, look_back - recent, inputs - recent, endpoint=False).astype(np.int64)
    return np.concatenate([old, np.arange(look_back - recent, look_back)])


def fit_ridge(earlier: Batches, later: Batches, look_back: int, steps: int) -> Array:
    """The weights (S, k + 1), constant last, by batches of look-backs x (L, B), changes y (S, B) and weights.

    x and y are less the look-back's last value. The weights (B,) are 0 where a column is not to count.
    """
    first, second = (_products(batches, look_back, steps) for batches in (earlier, later))
    losses = [_loss(_solved(first, shrinkage), second) for shrinkage in SHRINKAGES]
    whole = (first[0] + second[0], first[1] + second[1])
    solution = _solved(whole, SHRINKAGES[int(np.argmin(losses))])  # (k + 1, S)
    return np.ascontiguousarray(solution.T, dtype=np.float32)


def _products(batches: Batches, look_back: int, steps: int) -> tuple[FloatArray, FloatArray]:
    """Sums of products of inputs with inputs (k + 1, k + 1), and with changes (k + 1, S)."""
    k = len(input_edges(look_back, steps))
    squares, products = np.zeros((k + 1, k + 1)), np.zeros((k + 1, steps))
    for x, y, weights in batches:
        inputs = _inputs(x, steps)  # (k + 1, B)
        weighted = inputs * weights
        squares += weighted @ inputs.T
        products += weighted @ y.T
    return squares, products


def _solved(sums: tuple[FloatArray, FloatArray], shrinkage: float) -> FloatArray:
    """The coefficients (k + 1, S)."""
    squares, products = sums
    k = len(squares) - 1
    added = shrinkage * float(np.trace(squares[:k, :k])) / max(k, 1) + 1e-9
    return np.asarray(np.linalg.solve(squares + added * np.eye(k + 1), products))


def _loss(solution: FloatArray, sums: tuple[FloatArray, FloatArray]) -> float:
    """The squared error of coefficients (k + 1, S) on the rows of these sums, but for a constant."""
    squares, products = sums
    return float(np.vdot(solution, squares @ solution) - 2 * np.vdot(solution, products))


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
