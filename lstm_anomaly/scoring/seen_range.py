"""Sub-score "outside anything seen in training": readings, alone or together, where none ever lay.

Networks restore a pattern of three times its usual size as well as the usual one, so errors do not find
it. Its place does: along each sensor, and along the directions in which all sensors mainly move together
(principal components of rows), training rows reach from `low` to `high`. Where a row lies outside by d,

    multiple = mean over the last 5 rows of d / margin

The margin is a quarter of high - low, or more where a tail (`extremes.py`) says that normal rows go
farther more often than the rule's share of the false-alarm budget allows. A direction in which a fifth
of the training rows lies outside the range of the other four fifths by more than a tenth of it says
nothing: its level moves on.
"""

from dataclasses import dataclass, replace

import numpy as np

from lstm_anomaly.scoring.extremes import block_maxima, rare_level
from lstm_anomaly.scoring.memory import trailing_mean
from lstm_anomaly.types import BoolArray, FloatArray

MEMORY = 5  # rows
SHARE_OF_RANGE = 0.25
PARTS = 5
MOST_HELD_OUT = 0.1  # of the range
BLOCK_ROWS = 64
MARGIN = 1.5  # rows known to be normal lie so many times nearer than the limit
VARIANCE_KEPT = 0.9


@dataclass(frozen=True)
class SeenRange:
    """Where training rows lay, along K directions of F scaled sensors.

    directions  (K, F) unit vectors: sensors one by one, then all together
    low, high   (K,) the range of training rows
    margin      (K,) how far outside of it is too far
    """

    directions: FloatArray
    low: FloatArray
    high: FloatArray
    margin: FloatArray

    @classmethod
    def fit(cls, rows: FloatArray, per_row: float) -> "SeenRange":
        """Learn from scaled rows (M, F) in time order; normal rows may be too far `per_row` times a row."""
        directions = _directions(rows)
        places = rows @ directions.T  # (M, K)
        low, high = places.min(axis=0), places.max(axis=0)
        rare = per_row / (2 * len(directions))  # each side of each
        margin = np.array([max(_rare(x, rare), _rare(-x, rare)) for x in places.T])
        margin = np.maximum(margin, SHARE_OF_RANGE * (high - low))
        used = np.isfinite(margin) & (margin > 0) & _stays(places)
        return cls(directions[used], low[used], high[used], margin[used])

    def raised(self, rows: FloatArray) -> "SeenRange":
        """The rule by which none of these normal rows (M, F) is too far outside, nor nearly so."""
        if not len(rows):
            return self
        seen = self._by_direction(rows, len(rows)).max(axis=0)  # (K,)
        return replace(self, margin=self.margin * np.maximum(1.0, MARGIN * seen))

    def multiples(self, rows: FloatArray, count: int) -> FloatArray:
        """How many times too far the last `count` scaled rows (n, F) lie, (count, F): a sensor's part in it.

        The highest of a row is the whole; it is the direction's in which the row lies farthest out.
        """
        if not len(self.directions):
            return np.zeros((count, rows.shape[1]))
        by_direction = self._by_direction(rows, count)  # (count, K)
        farthest = by_direction.argmax(axis=1)  # (count,)
        weights = self.directions**2  # (K, F)
        weights = weights / weights.max(axis=1, keepdims=True)
        return np.asarray(by_direction.max(axis=1, keepdims=True) * weights[farthest])

    def _by_direction(self, rows: FloatArray, count: int) -> FloatArray:
        """The same by direction, (count, K)."""
        recent = rows[max(0, len(rows) - count - MEMORY + 1) :]
        places = np.einsum("nf,kf->nk", recent, self.directions)  # each row on its own: cuts do not matter
        outside = np.maximum(np.maximum(self.low - places, places - self.high), 0.0) / self.margin
        means = [trailing_mean(column, MEMORY, count) for column in outside.T]
        return np.stack(means, axis=1) if means else np.zeros((count, 0))


def _directions(rows: FloatArray) -> FloatArray:
    """Each sensor, and the directions that hold most of the variance of rows (M, F), (K, F)."""
    sensors = rows.shape[1]
    values, vectors = np.linalg.eigh(np.cov(rows.T).reshape(sensors, sensors))  # ascending
    kept = np.cumsum(values[::-1]) / max(float(values.sum()), 1e-300)
    count = min(int(np.searchsorted(kept, VARIANCE_KEPT)) + 1, sensors)
    together = vectors.T[::-1][:count] if sensors > 1 else np.zeros((0, 1))
    return np.concatenate([np.eye(sensors), together])


def _rare(x: FloatArray, per_row: float) -> float:
    """How far above the highest of x (M,) rows go `per_row` times a row; infinite when too few to tell."""
    return rare_level(block_maxima(x, BLOCK_ROWS), per_row * BLOCK_ROWS) - float(x.max())


def _stays(places: FloatArray) -> BoolArray:
    """Which directions of places (M, K) have a range that holds for every part of the rows, (K,)."""
    parts = np.array_split(places, PARTS)
    lows, highs = (np.array([f(part, axis=0) for part in parts]) for f in (np.min, np.max))  # (5, K)
    stays = np.ones(places.shape[1], dtype=np.bool_)
    for k in range(PARTS):
        low, high = np.delete(lows, k, axis=0).min(axis=0), np.delete(highs, k, axis=0).max(axis=0)
        outside = np.maximum(low - lows[k], highs[k] - high)
        stays &= outside <= MOST_HELD_OUT * (high - low)
    return stays
