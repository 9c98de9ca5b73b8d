"""From what the networks say of rows to the statistics of `score.py`, each 1 where things are usual."""

from dataclasses import dataclass, replace

import numpy as np

from lstm_anomaly.scoring.bias import Bias
from lstm_anomaly.scoring.peers import Peers
from lstm_anomaly.scoring.readings import Readings
from lstm_anomaly.scoring.score import BIASED, STATISTICS, USUAL
from lstm_anomaly.scoring.view import View
from lstm_anomaly.types import FloatArray

_NOTHING = 1e-100  # parts that add up to less are not shared out
# The statistic that each network's error goes into.
STATISTIC_OF = {"forecaster": "forecast", "autoencoder": "restore", "linear": "restore"}


@dataclass(frozen=True)
class Usual:
    """What is usual for all that the networks say, and for the rows themselves.

    networks  names of the S networks
    errors    what is usual for the error of each
    shares    (S,) share of each network in the statistic that its error goes into
    level     what is usual for the rows' distance from the mean of training
    bias      what is usual for the means of signed errors, of the forecast (if there is one) and of the level
    peers     what is usual for each sensor's distance from what the others say
    """

    networks: tuple[str, ...]
    errors: View
    shares: FloatArray
    level: View
    bias: Bias
    peers: Peers

    def without_lstm(self) -> "Usual":
        """The same for the linear network alone, which is the last."""
        errors = View(self.errors.unit[-1:], self.errors.usual[-1:])
        bias = self.bias.only_level()
        return replace(self, networks=self.networks[-1:], errors=errors, shares=np.ones(1), bias=bias)

    def statistics(self, readings: Readings) -> FloatArray:
        """The three statistics of n rows, (3, n), NaN where one is not known."""
        sensors = readings.level.shape[2]
        out = np.zeros((len(STATISTICS), readings.level.shape[1]))
        for name, share, multiples in zip(
            self.networks, self.shares, self.errors.by_sensor(readings.errors), strict=True
        ):
            if share:
                out[STATISTICS.index(STATISTIC_OF[name])] += share * _sum_over_sensors(multiples) / sensors
        out[STATISTICS.index("level")] = _sum_over_sensors(self.level.by_sensor(readings.level)[0]) / sensors
        return out

    def signed(self, readings: Readings) -> FloatArray:
        """The errors of n rows as they count in a bias, (K, n, F_t)."""
        return self.bias.bounded(signed_errors(self.networks, readings))

    def biases(self, bounded: FloatArray, last: int) -> FloatArray:
        """The biases of the last rows, (4, last), from the errors (K, n, F_t) of `signed`."""
        squares = self.bias.by_sensor(bounded, last)  # (S, last, F_t)
        found = [np.sqrt(_sum_over_sensors(square) / squares.shape[2]) for square in squares]
        if len(bounded) < len(BIASED):  # nothing is forecast
            found = [row for level in found for row in (np.full(last, USUAL), level)]
        return np.array(found)

    def of_stretch(self, readings: Readings) -> FloatArray:
        """Statistics and biases of a whole stretch of n rows, (3 + 4, n), NaN where one is not known."""
        bounded = self.signed(readings)
        return np.concatenate([self.statistics(readings), self.biases(bounded, bounded.shape[1])])

    def parts(self, readings: Readings, weights: FloatArray) -> FloatArray:
        """Each sensor's part in n rows, (n, F_t); `weights` (3,) are those of the statistics.

        A sensor's part is the geometric mean of its own errors and of how far it is from what the other
        sensors say: the guilty sensor departs both ways.
        """
        own = weights[STATISTICS.index("level")] * self.level.by_sensor(readings.level)[0]  # (n, F_t)
        for share, multiples in zip(
            self._network_weights(weights), self.errors.by_sensor(readings.errors), strict=True
        ):
            own += share * np.nan_to_num(multiples)
        both = np.sqrt(own * self.peers.of_rows(readings.level[0]))  # (n, F_t)
        whole = _sum_over_sensors(both)  # (n,)
        size = np.divide(_sum_over_sensors(own), whole, out=np.zeros_like(whole), where=whole > _NOTHING)
        shared = both * size[:, np.newaxis]  # (n, F_t)
        return np.asarray(np.where((whole > _NOTHING)[:, np.newaxis], shared, own))

    def expected(self, readings: Readings, weights: FloatArray) -> FloatArray:
        """The n rows as the networks expected them, (n, F_t): their mean by weight, NaN if none says."""
        total = np.zeros(readings.level.shape[1:])  # (n, F_t)
        seen = np.zeros_like(total)
        for weight, view in zip(self._network_weights(weights), readings.expected, strict=True):
            known = np.isfinite(view)
            seen += weight * known
            total += weight * np.where(known, view, 0.0)
        return np.asarray(np.divide(total, seen, out=np.full_like(total, np.nan), where=seen > 0))

    def _network_weights(self, weights: FloatArray) -> list[float]:
        """Of each network: its share times the weight of the statistic that it goes into, (S,)."""
        return [
            float(share * weights[STATISTICS.index(STATISTIC_OF[name])])
            for name, share in zip(self.networks, self.shares, strict=True)
        ]


def signed_errors(networks: tuple[str, ...], readings: Readings) -> FloatArray:
    """The errors that a bias is looked for in, (K, n, F_t): of the forecast if there is one, of the level."""
    forecast = [k for k, name in enumerate(networks) if STATISTIC_OF[name] == "forecast"]
    return np.concatenate([readings.errors[forecast], readings.level])


def shares_of(networks: tuple[str, ...], held_out: FloatArray) -> FloatArray:
    """Share of each network in its statistic, (S,), from the mean squared errors on held-out rows (S,).

    Networks of one statistic share it by the inverse of their errors, as the estimate of least variance
    does: where the LSTM autoencoder restores rows better than principal components it has more to say.
    """
    inverse = 1.0 / np.maximum(held_out, 1e-12)
    kinds = [STATISTIC_OF[name] for name in networks]
    total = [sum(i for i, other in zip(inverse, kinds, strict=True) if other == kind) for kind in kinds]
    return np.asarray(inverse / total)


def _sum_over_sensors(x: FloatArray) -> FloatArray:
    """Sum of each row of x (n, F_t), (n,).

    A running sum adds sensor after sensor. NumPy's sum adds in another order when there is one row only,
    so that its last bits hang on how the rows were cut.
    """
    return np.asarray(np.cumsum(x, axis=1)[:, -1])
