"""From what the networks say of rows to the three statistics of `score.py`, each 1 where things are usual."""

from dataclasses import dataclass

import numpy as np

from lstm_anomaly.scoring.distance import LatentDistance
from lstm_anomaly.scoring.units import error_unit, usual_level
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
        for squared in errors**2:  # (M, F_t)
            known = np.isfinite(squared).all(axis=1)
            inside, outside = squared[known & fitted], squared[known & ~fitted]
            if not len(inside) or not len(outside):
                inside = outside = squared[known] if known.any() else np.ones((1, squared.shape[1]))
            unit.append(error_unit(inside, outside))
            usual.append(usual_level((inside / unit[-1]).mean(axis=1), (outside / unit[-1]).mean(axis=1)))
        return cls(np.array(unit), np.array(usual))

    def by_sensor(self, errors: FloatArray) -> FloatArray:
        """Squared errors (S, n, F_t) as multiples of the usual, averaged over the S networks: (n, F_t)."""
        return np.asarray((errors**2 / (self.unit * self.usual[:, np.newaxis])[:, np.newaxis]).mean(axis=0))


@dataclass(frozen=True)
class Usual:
    """What is usual for all that the networks say."""

    near: View
    far: View
    latent: LatentDistance

    def statistics(
        self, near: FloatArray, far: FloatArray, latent: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """(3, n) of near, far and latent, NaN where one is not known; and near and far by sensor, (n, F_t)."""
        near_by_sensor, far_by_sensor = self.near.by_sensor(near), self.far.by_sensor(far)
        known = np.isfinite(latent).all(axis=1)
        distance = np.full(len(latent), np.nan)
        distance[known] = self.latent.of_rows(latent[known])
        rows = np.stack([near_by_sensor.mean(axis=1), far_by_sensor.mean(axis=1), distance])
        return rows, near_by_sensor, far_by_sensor
