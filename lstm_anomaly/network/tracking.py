"""A trained forecaster at work: reads rows as they come, and says how far each was from what it had forecast."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from lstm_anomaly.network.forecaster import Params, first_state, follow
from lstm_anomaly.types import BoolArray, FloatArray

Array = NDArray[Any]

SLOW_ROWS = 100


@dataclass(frozen=True)
class Forecaster:
    """A forecaster's weights and what its outputs mean.

    params    see `forecaster_shapes`; D = K horizons times F_t targets
    horizons  K numbers of rows: a forecast is the mean of so many rows to come
    unit      (K, F_t) the outputs are multiples of this, on the network's scale
    change    the forecasts are differences from the row they are made at, not values
    targets   (F,) which of the F rows that it reads are forecast
    """

    params: Params
    horizons: tuple[int, ...]
    unit: FloatArray
    change: bool
    targets: BoolArray


class ForecastTracker:
    """Follows rows with one forecaster, and remembers what it forecast for rows still to come."""

    def __init__(self, forecaster: Forecaster) -> None:
        self._forecaster = forecaster
        self._state = first_state(forecaster.params)
        longest = max(forecaster.horizons)
        K, F = forecaster.unit.shape
        self._rows = np.full((F, longest), np.nan)  # the rows before the next one
        self._forecasts = np.full((K, F, longest), np.nan)  # and what was forecast at each

    def push(self, rows: Array) -> tuple[FloatArray, FloatArray]:
        """Read the next rows (F, n); errors (K, n, F_t), and what was expected of each row (n, F_t).

        The error for horizon k is the mean of the last k rows, less what was forecast k rows before; NaN
        while there is no such forecast.
        """
        f = self._forecaster
        K, F = f.unit.shape
        count, longest = rows.shape[1], self._rows.shape[1]
        outputs, self._state = follow(f.params, rows, self._state)  # (K F_t, n)
        new = rows[f.targets].astype(np.float64)  # (F_t, n)
        forecasts = outputs.reshape(K, F, count) * f.unit[:, :, np.newaxis]  # (K, F_t, n)
        if f.change:
            forecasts += new
        seen = np.concatenate([self._rows, new], axis=1)  # (F_t, longest + n)
        made = np.concatenate([self._forecasts, forecasts], axis=2)  # (K, F_t, longest + n)
        errors = np.empty((K, count, F))
        for k, horizon in enumerate(f.horizons):
            last = seen[:, longest - horizon + 1 :]
            means = sliding_window_view(last, horizon, axis=1).mean(axis=2)  # (F_t, n)
            errors[k] = (means - made[k, :, longest - horizon : -horizon]).T
        expected = made[0, :, longest - f.horizons[0] : -f.horizons[0]].T  # (n, F_t)
        self._rows, self._forecasts = seen[:, -longest:], made[:, :, -longest:]
        return errors, expected


class SlowMeans:
    """Fixed views of the last `SLOW_ROWS` rows that no training takes part in: a level, and how it moved."""

    def __init__(self, sensors: int) -> None:
        self._rows = np.full((sensors, SLOW_ROWS), np.nan)  # the rows before the next one

    def push(self, rows: FloatArray) -> FloatArray:
        """Take the next rows (n, F_t); (2, n, F_t): the mean of the last rows, and that less the row before
        them. NaN while there are fewer rows.
        """
        seen = np.concatenate([self._rows, rows.T], axis=1)  # (F_t, SLOW_ROWS + n)
        self._rows = seen[:, -SLOW_ROWS:]
        level = sliding_window_view(seen[:, 1:], SLOW_ROWS, axis=1).mean(axis=2)  # (F_t, n)
        return np.stack([level.T, (level - seen[:, : level.shape[1]]).T])
