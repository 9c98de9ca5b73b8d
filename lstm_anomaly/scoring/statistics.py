"""From what the networks say of rows to the four statistics of `score.py`, each 1 where things are usual."""

from dataclasses import dataclass

import numpy as np

from lstm_anomaly.scoring.distance import LatentDistance
from lstm_anomaly.scoring.peers import Peers
from lstm_anomaly.scoring.readings import Readings
from lstm_anomaly.scoring.units import drift, error_unit, usual_level
from lstm_anomaly.types import BoolArray, FloatArray


@dataclass(frozen=True)
class View:
    """What is usual for one kind of error, seen by S networks.

    unit   (S, F_t) unit of each sensor's squared error
    usual  (S,) usual mean over sensors of squared errors in that unit
    """

    unit: FloatArray
    usual: FloatArray

    @classmethod
    def fit(cls, errors: FloatArray, fitted: BoolArray) -> "View":
        """From errors (S, M, F_t) on training rows, of which the weights were fitted to `fitted` (M,)."""
        unit, usual = [], []
        for error in errors:  # (M, F_t)
            squared = error**2
            known = np.isfinite(squared).all(axis=1)
            inside, outside = squared[known & fitted], squared[known & ~fitted]
            if not len(inside) or not len(outside):
                inside = outside = squared[known] if known.any() else np.ones((1, squared.shape[1]))
            unit.append(error_unit(inside, outside))
            usual.append(usual_level((inside / unit[-1]).mean(axis=1), (outside / unit[-1]).mean(axis=1)))
            unit[-1] *= drift(error[known]) ** 2
        return cls(np.array(unit), np.array(usual))

    def by_sensor(self, errors: FloatArray) -> FloatArray:
        """Squared errors (S, n, F_t) as multiples of the usual, averaged over the S networks: (n, F_t)."""
        return np.asarray((errors**2 / (self.unit * self.usual[:, np.newaxis])[:, np.newaxis]).mean(axis=0))


@dataclass(frozen=True)
class Usual:
    """What is usual for all that the networks say, and for the rows themselves."""

    near: View
    level: View
    slow: View
    latent: LatentDistance
    peers: Peers

    def statistics(self, readings: Readings) -> tuple[FloatArray, FloatArray]:
        """The four statistics of n rows, (4, n), NaN where one is not known; each sensor's part, (n, F_t).

        A sensor's part is the geometric mean of its own errors and of how far it is from what the other
        sensors say: the guilty sensor departs both ways.
        """
        near = self.near.by_sensor(readings.near)  # (n, F_t)
        level = self.level.by_sensor(readings.level)
        slow = self.slow.by_sensor(readings.slow)
        known = np.isfinite(readings.latent).all(axis=1)
        distance = np.full(len(readings.latent), np.nan)
        distance[known] = self.latent.of_rows(readings.latent[known])
        rows = np.stack([*map(_mean_over_sensors, (near, level, slow)), distance])  # (4, n)
        own = near + 0.5 * (level + np.nan_to_num(slow))  # (n, F_t)
        apart = self.peers.of_rows(readings.level[0])
        both = np.sqrt(own * apart)  # (n, F_t)
        total = _sum_over_sensors(both)  # (n,)
        size = np.divide(_sum_over_sensors(own), total, out=np.zeros_like(total), where=total > 1e-150)
        return rows, both * size[:, np.newaxis]


def _mean_over_sensors(x: FloatArray) -> FloatArray:
    """Mean of each row of x (n, F_t), (n,)."""
    return np.asarray(_sum_over_sensors(x) / x.shape[1])


def _sum_over_sensors(x: FloatArray) -> FloatArray:
    """Sum of each row of x (n, F_t), (n,).

    A running sum adds sensor after sensor. NumPy's sum adds in another order when there is one row only,
    so that its last bits hang on how the rows were cut.
    """
    return np.asarray(np.cumsum(x, axis=1)[:, -1])
