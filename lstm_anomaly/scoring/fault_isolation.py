"""Names the sensor at fault: the one whose last rows, made anew from all others, leave least to explain.

A network that expects each sensor from all of them is misled by one false reading into errors everywhere,
and a sensor with little noise then shows the largest one in its own unit. With x the last K rows of F sensors
and P the inverse of their covariance in training, x' P x says how unusual they are together. Replace the K
readings of sensor i by those that the others make most likely, and it falls by

    (P x)_i' (P_ii)^-1 (P x)_i

(reconstruction-based contribution, Alcala & Qin 2009, over K rows as in dynamic components, Ku, Storer &
Georgakis 1995). A fault of one sensor falls by all of it, and no other sensor can fall by more, whatever the
covariance. Several rows count, since a slow sensor departs from what it was far sooner than from what the
others say of it.
"""

from dataclasses import dataclass

import numpy as np

from lstm_anomaly.base.types import BoolArray, FloatArray, Segments
from lstm_anomaly.network.products import round_up, tile_width, tiled_product

ROWS = 4
MOST_FEATURES = 500  # with more sensors fewer rows are read; with more sensors than that none
RIDGE = 1e-4  # added to variances that are about 1: the logger's rounding is no knowledge
_BLOCK = 4096  # rows worked on at a time


def rows_read(sensors: int) -> int:
    """How many rows of so many sensors are read at once; 0: too many to tell the one at fault so."""
    return min(ROWS, MOST_FEATURES // max(sensors, 1))


def with_run_up(rows: FloatArray) -> FloatArray:
    """Rows (n, F_t) of one stretch after copies of the first one: (K - 1 + n, F_t)."""
    return np.concatenate([np.repeat(rows[:1], rows_read(rows.shape[1]) - 1, axis=0), rows])


@dataclass(frozen=True)
class FaultIsolation:
    """What replacing each of F_t sensors takes away, beyond what it takes away of usual rows.

    weights  (K F_t, K F_t) K for each sensor; times the last K rows, squared and added up they are it; none,
             (0, 0), where sensors are very many
    usual    (F_t,) the mean of that in training
    """

    weights: FloatArray
    usual: FloatArray

    @classmethod
    def fit(cls, rows: FloatArray, segments: Segments) -> "FaultIsolation":
        """Learn from training rows less their mean (M, F_t), which lie in stretches of these lengths."""
        sensors, read = rows.shape[1], rows_read(rows.shape[1])
        if not read:
            return cls(np.zeros((0, 0)), np.zeros(sensors))
        covariance, first = np.zeros((read * sensors, read * sensors)), 0
        for a, b in segments:
            part = with_run_up(rows[first : first + b - a])
            first += b - a
            for start in range(0, b - a, _BLOCK):
                x = _stacked(part[start : start + _BLOCK + read - 1], read)  # (K F_t, n)
                covariance += x @ x.T
        covariance /= len(rows)
        precision = np.linalg.inv(covariance + RIDGE * np.eye(len(covariance)))
        weights = np.empty_like(covariance)
        for k in range(sensors):
            own = np.arange(k, read * sensors, sensors)  # (K,)
            root = np.linalg.cholesky(np.linalg.inv(precision[np.ix_(own, own)]))  # (K, K)
            weights[k * read : (k + 1) * read] = root.T @ precision[own]
        usual = ((weights @ covariance) * weights).sum(axis=1).reshape(sensors, read).sum(axis=1)
        return cls(weights, usual)

    def of_rows(self, rows: FloatArray) -> FloatArray:
        """That at the last n of rows (K - 1 + n, F_t), (n, F_t); below 0 where less than usual.

        In tiles, see products.py: a row gets the same result whichever others there are.
        """
        read = rows_read(rows.shape[1])
        count = len(rows) - read + 1
        tile = tile_width([self.weights.shape], np.float64)
        out = np.empty((count, rows.shape[1]))  # (n, F_t)
        for first in range(0, count, _BLOCK):
            size = min(_BLOCK, count - first)
            x = np.zeros((len(self.weights), round_up(size, tile)))  # (K F_t, size)
            x[:, :size] = _stacked(rows[first : first + size + read - 1], read)
            product = tiled_product(self.weights, x, tile)[:, :size]  # (K F_t, size)
            squares = np.square(product).reshape(rows.shape[1], read, size)  # (F_t, K, size)
            taken = np.cumsum(squares, axis=1)[:, -1]  # (F_t, size), added up in one order
            out[first : first + size] = taken.T - self.usual
        return out

    def without(self, missing: BoolArray) -> "FaultIsolation":
        """The same where some sensors (F_t,) are imputed, which are never at fault."""
        read = rows_read(len(missing))
        if not read:
            return self
        weights = np.where(np.repeat(missing, read)[:, np.newaxis], 0.0, self.weights)
        return FaultIsolation(weights, np.where(missing, 0.0, self.usual))


def _stacked(rows: FloatArray, read: int) -> FloatArray:
    """The last n of rows (K - 1 + n, F_t), each above the K - 1 before it, (K F_t, n)."""
    count = len(rows) - read + 1
    return np.concatenate([rows[read - 1 - back : read - 1 - back + count].T for back in range(read)])
