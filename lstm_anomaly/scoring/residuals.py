"""Residuals: by how much each sensor departs from what three views expect of it, on the networks' scale.

    forecast   from the rows before: linear regression, and the LSTM forecaster
    restored   from the window that ends with the row: principal components, and the LSTM autoencoder
    related    from the other sensors, now and in the past: linear regression

What an LSTM and its linear counterpart expect is averaged by the inverse of their squared errors on rows that
the weights were not fitted to, the combination of least variance where errors are independent (Bates &
Granger 1969). So an LSTM has as much to say as it has earned, sensor by sensor.
"""

from dataclasses import dataclass

import numpy as np

from lstm_anomaly.network_reader import NetworkReader, Networks
from lstm_anomaly.scoring.readings import Readings
from lstm_anomaly.scoring.regression import LONGEST_LAG, Regression, with_run_up
from lstm_anomaly.types import Float32Array, FloatArray

VIEWS = ("forecast", "restored", "related")
FORECAST, RESTORED, RELATED = range(3)
NETWORK_OF = ("forecaster", "autoencoder")  # the LSTM beside the first two views


@dataclass(frozen=True)
class Expectations:
    """What the views need beside the networks.

    forecast, related  the two regressions
    shares             (2, F_t) share of the LSTM in what the forecast and the restored row are, 0 to 1
    """

    forecast: Regression
    related: Regression
    shares: FloatArray


@dataclass(frozen=True)
class Residuals:
    """Of n rows and F_t sensors.

    errors  (3, n, F_t) the row less what each view expects; NaN where a view cannot say anything yet
    level   (n, F_t) the row less the mean of training
    """

    errors: FloatArray
    level: FloatArray


class ResidualReader:
    """Reads the rows of one stretch, in order and in any pieces, by all views of a model."""

    def __init__(self, networks: Networks, expectations: Expectations) -> None:
        self._networks, self._expectations = networks, expectations
        self._reader = NetworkReader(networks)
        self._before: Float32Array | None = None  # (F, LONGEST_LAG) the rows before the next ones

    def push(self, rows: Float32Array) -> Residuals:
        """The next scaled rows (F, n), n at least 1."""
        context = with_run_up(rows) if self._before is None else np.concatenate([self._before, rows], axis=1)
        self._before = context[:, -LONGEST_LAG:]
        readings = self._reader.push(rows)
        level = readings.level[0]  # (n, F_t)
        forecast, related = (
            level - regression.expected(context)
            for regression in (self._expectations.forecast, self._expectations.related)
        )
        linear = (forecast, readings.errors[-1])
        combined = [
            mixed(part, lstm_errors(self._networks, readings, name), share)
            for part, name, share in zip(linear, NETWORK_OF, self._expectations.shares, strict=True)
        ]
        return Residuals(np.stack([*combined, related]), level)


def lstm_errors(networks: Networks, readings: Readings, name: str) -> FloatArray | None:
    """The errors (n, F_t) of one LSTM, None where there is none."""
    return readings.errors[networks.names.index(name)] if name in networks.names else None


def mixed(linear: FloatArray, lstm: FloatArray | None, share: FloatArray) -> FloatArray:
    """The error of what both expect together, (n, F_t): `share` (F_t,) of the LSTM's. NaN where that is."""
    return linear if lstm is None else np.asarray(share * lstm + (1.0 - share) * linear)


def lstm_shares(linear: FloatArray, lstm: FloatArray) -> FloatArray:
    """Share of the LSTM (F_t,) by the errors (n, F_t) of both on rows that neither was fitted to."""
    own, other = (1.0 / np.maximum(np.nanmean(np.square(part), axis=0), 1e-12) for part in (lstm, linear))
    return np.asarray(own / (own + other))
