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
    errors    what is usual for the errors that `errors_by_view` makes of theirs
    shares    (S,) share of each network in what its statistic expects
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
        """The three statistics of n rows, (3, n), NaN where one is not known; 0 for one that there is not."""
        sensors = readings.level.shape[2]
        out = np.zeros((len(STATISTICS), readings.level.shape[1]))
        for name, multiples in self._multiples(readings).items():
            out[STATISTICS.index(name)] = _sum_over_sensors(multiples) / sensors
        return out

    def _multiples(self, readings: Readings) -> dict[str, FloatArray]:
        """Each sensor's squared errors as multiples of the usual by statistic, (n, F_t) each."""
        multiples = self.errors.by_sensor(errors_by_view(self.networks, self.shares, readings.errors))
        by_view = dict(zip(_views_of(self.networks), multiples, strict=True))
        by_view["level"] = self.level.by_sensor(readings.level)[0]
        return {name: by_view[name] for name in STATISTICS if name in by_view}

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
        own = np.zeros(readings.level.shape[1:])  # (n, F_t)
        for name, multiples in self._multiples(readings).items():
            own += weights[STATISTICS.index(name)] * np.nan_to_num(multiples)
        both = np.sqrt(own * self.peers.of_rows(readings.level[0]))  # (n, F_t)
        whole = _sum_over_sensors(both)  # (n,)
        size = np.divide(_sum_over_sensors(own), whole, out=np.zeros_like(whole), where=whole > _NOTHING)
        shared = both * size[:, np.newaxis]  # (n, F_t)
        return np.asarray(np.where((whole > _NOTHING)[:, np.newaxis], shared, own))

    def expected(self, readings: Readings, weights: FloatArray) -> FloatArray:
        """The n rows as the networks expected them, (n, F_t): their mean by weight, NaN if none says."""
        total = np.zeros(readings.level.shape[1:])  # (n, F_t)
        seen = np.zeros_like(total)
        errors = errors_by_view(self.networks, self.shares, readings.errors)
        for name, error in zip(_views_of(self.networks), errors, strict=True):
            if name in STATISTICS:
                expected = readings.level[0] - error  # (n, F_t)
                weight, known = weights[STATISTICS.index(name)], np.isfinite(expected)
                seen += weight * known
                total += weight * np.where(known, expected, 0.0)
        return np.asarray(np.divide(total, seen, out=np.full_like(total, np.nan), where=seen > 0))


def errors_by_view(networks: tuple[str, ...], shares: FloatArray, errors: FloatArray) -> FloatArray:
    """From each network's errors (S, n, F_t) to those of the views, (V, n, F_t).

    The forecast's; those of the row as the networks restore it together, the mean of what they expect by
    `shares` (S,); and of the row as the linear network restores it alone, by which the linear model beside
    judges. A linear model has no other.
    """
    if len(networks) == 1:
        return errors
    restoring = [k for k, name in enumerate(networks) if STATISTIC_OF[name] == "restore"]
    together = np.sum([shares[k] * errors[k] for k in restoring], axis=0)  # (n, F_t)
    return np.stack([errors[0], together, errors[-1]])


def _views_of(networks: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the views that `errors_by_view` makes, of which those of statistics go into these."""
    return ("restore",) if len(networks) == 1 else ("forecast", "restore", "linear alone")


def signed_errors(networks: tuple[str, ...], readings: Readings) -> FloatArray:
    """The errors that a bias is looked for in, (K, n, F_t): of the forecast if there is one, of the level."""
    forecast = [k for k, name in enumerate(networks) if STATISTIC_OF[name] == "forecast"]
    return np.concatenate([readings.errors[forecast], readings.level])


def shares_of(networks: tuple[str, ...], held_out: FloatArray) -> FloatArray:
    """Share of each network in its statistic, (S,), from the mean squared errors on held-out rows (S,).

    What networks of one statistic expect is averaged by the inverse of their errors, the combination of
    least variance where these are independent (Bates & Granger 1969). So the LSTM autoencoder has more to
    say where it restores rows better than principal components.
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
