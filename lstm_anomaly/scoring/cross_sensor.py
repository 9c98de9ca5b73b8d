"""How far each sensor is from what all the other sensors say: tells the guilty sensor from those it misleads.

A network that expects each sensor from all of them is misled by one false reading into errors everywhere,
and a sensor with little noise then shows the largest one in its own unit. Leaving each sensor out of its
own expectation helps: of all sensors, the one whose fault it is departs most ("contribution by
reconstruction", Alcala & Qin 2009, by the Cauchy-Schwarz inequality).
"""

from dataclasses import dataclass

import numpy as np

from lstm_anomaly.base.types import FloatArray

RIDGE = 1e-4  # added to variances that are about 1: the logger's rounding is no knowledge
_LEAST = 1e-12


@dataclass(frozen=True)
class Peers:
    """Linear regression of each sensor on the others, on the networks' scale.

    weights  (F_t, F_t) rows (n, F_t) less the mean of training, times this = rows less their expectation
    usual    (F_t,) squared error of that expectation which is usual
    """

    weights: FloatArray
    usual: FloatArray

    @classmethod
    def fit(cls, rows: FloatArray) -> "Peers":
        """Learn from training rows less their mean (M, F_t)."""
        covariance = rows.T @ rows / len(rows)  # (F_t, F_t)
        precision = np.linalg.inv(covariance + RIDGE * np.eye(len(covariance)))
        weights = precision / np.diag(precision)  # column i: the row less what the others say of sensor i
        return cls(weights, np.maximum(((rows @ weights) ** 2).mean(axis=0), _LEAST))

    def of_rows(self, rows: FloatArray) -> FloatArray:
        """Squared distance of each sensor from what the others say, as a multiple of the usual, (n, F_t)."""
        # einsum treats each row alone, so that its last bits do not hang on how the rows were cut
        distance = np.einsum("nf,fk->nk", rows, self.weights)
        return np.asarray(distance**2 / self.usual)
