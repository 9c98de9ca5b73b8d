"""What the other sensors say of each one: the regression by which a missing sensor is imputed."""

from dataclasses import dataclass

import numpy as np

from lstm_anomaly.base.types import FloatArray

RIDGE = 1e-4  # added to variances that are about 1: the logger's rounding is no knowledge


@dataclass(frozen=True)
class CrossSensorRegression:
    """Linear regression of each sensor on the others, on the networks' scale.

    weights  (F_t, F_t) rows (n, F_t) less the mean of training, times this = rows less their expectation
    """

    weights: FloatArray

    @classmethod
    def fit(cls, rows: FloatArray) -> "CrossSensorRegression":
        """Learn from training rows less their mean (M, F_t)."""
        covariance = rows.T @ rows  # (F_t, F_t)
        covariance /= len(rows)
        covariance.flat[:: len(covariance) + 1] += RIDGE
        weights = np.asarray(np.linalg.inv(covariance), np.float64)  # the precision
        del covariance  # of thousands of sensors each such array is large
        weights /= np.diag(weights).copy()  # column i: the row less what the others say of sensor i
        return cls(weights)
