"""A trained forecaster on a stream: reads rows as they come, and gives the forecast of each."""

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.base.snapshot import saved_as
from lstm_anomaly.base.types import BoolArray, FloatArray
from lstm_anomaly.network.following import State, first_state, follow
from lstm_anomaly.network.forecaster import Params

Array = NDArray[Any]


@dataclass(frozen=True)
class Forecaster:
    """A forecaster's weights and what its outputs mean.

    params   see `forecaster_shapes`; it reads F rows and has F_t outputs
    unit     (F_t,) the outputs are multiples of this, on the network's scale
    targets  (F,) which of the rows that it reads are forecast
    lowest   (F,) what lies below is read as this: far outside of what training showed, what an LSTM makes of
             a reading is an accident of its weights
    highest  (F,) what lies above is read as this
    """

    params: Params
    unit: FloatArray
    targets: BoolArray
    lowest: Array
    highest: Array

    @property
    def sizes(self) -> dict[str, int]:
        """What letters stand for in the shapes of what is remembered."""
        rows, units = self.params["lstm.W_x"].shape[1], self.params["lstm.W_h"].shape[1]
        return {"I": rows, "H": units, "Y": int(self.targets.sum())}

    def read(self, rows: Array) -> Array:
        """Rows (F, n) as it reads them."""
        return np.asarray(np.clip(rows, self.lowest[:, np.newaxis], self.highest[:, np.newaxis]))


@saved_as("forecast tracker")
class ForecastTracker:
    """Follows rows with a forecaster, and remembers what it forecast for the next."""

    _forecaster: Forecaster
    _state: State
    _forecast: Annotated[FloatArray, "1 Y"]

    def __init__(self, forecaster: Forecaster) -> None:
        self._forecaster = forecaster
        self._state = first_state(forecaster.params)
        self._forecast = np.full((1, int(forecaster.targets.sum())), np.nan)

    def push(self, rows: Array) -> FloatArray:
        """Read the next rows (F, n); what was expected of each, (n, F_t), NaN for the very first."""
        f = self._forecaster
        changes, self._state = follow(f.params, f.read(rows), self._state)  # (F_t, n)
        forecasts = rows[f.targets].T + changes.T * f.unit  # (n, F_t)
        expected = np.concatenate([self._forecast, forecasts])  # (1 + n, F_t)
        self._forecast = expected[-1:]
        return expected[:-1]
