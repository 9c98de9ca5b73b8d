"""What is usual for one kind of error: the unit of each sensor, and how many units a row has on average."""

from dataclasses import dataclass

import numpy as np

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
        """Squared errors (S, n, F_t) as multiples of the usual, likewise (S, n, F_t)."""
        return np.asarray(errors**2 / (self.unit * self.usual[:, np.newaxis])[:, np.newaxis])
