"""The distance of each sensor from its regression on the others: finds the sensor at fault.

A network that predicts each sensor from all of them is misled by one false reading into errors everywhere,
and a sensor with little noise then shows the largest one in its own unit. Leaving each sensor out of its
own expectation helps: the sensor at fault departs most ("contribution by
reconstruction", Alcala & Qin 2009, by the Cauchy-Schwarz inequality).
"""

from dataclasses import dataclass

import numpy as np

from lstm_anomaly.base.types import FloatArray

RIDGE = 1e-4  # added to variances that are about 1: the logger's rounding is no knowledge
_LEAST = 1e-12


@dataclass(frozen=True)
class CrossSensorRegression:
    """Linear regression of each sensor on the others, on the networks' scale.

    weights  (F_t, F_t) rows (n, F_t) less the mean of training, times this = rows less their expectation
    usual    (F_t,) mean squared error of that regression in training
    """

    weights: FloatArray
    usual: FloatArray

    @classmethod
    def fit(cls, rows: FloatArray) -> "CrossSensorRegression":
        """Learn from training rows less their mean (M, F_t)."""
        covariance = rows.T @ rows  # (F_t, F_t)
        covariance /= len(rows)
        covariance.flat[:: len(covariance) + 1] += RIDGE
        weights = np.asarray(np.linalg.inv(covariance), np.float64)  # the precision
        del covariance  # of thousands of sensors each such array is large
        weights /= np.diag(weights).copy()  # column i: the row less what the others say of sensor i
        return cls(weights, np.maximum(((rows @ weights) ** 2).mean(axis=0), _LEAST))

    def of_rows(self, rows: FloatArray) -> FloatArray:
        """Squared error of each regression on the other sensors, as a multiple of the usual one, (n, F_t)."""
        # einsum treats each row alone, so that its last bits do not hang on how the rows were cut
        distance = np.einsum("nf,fk->nk", rows, self.weights)
        return np.asarray(distance**2 / self.usual)
