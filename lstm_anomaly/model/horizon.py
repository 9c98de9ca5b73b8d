"""What a model knows about the rows to come: the forecaster, how well each method does, and its errors."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lstm_anomaly.base.types import Array, BoolArray, FloatArray, IntArray
from lstm_anomaly.decision.intervals import ErrorPaths, at_steps, movement
from lstm_anomaly.model.past_errors import RecentErrors
from lstm_anomaly.network.horizon.direct import METHODS, DirectForecaster, scaled
from lstm_anomaly.preparing.grid import Grid

NAMES = {
    "blend": "weighted mean of the methods",
    "lstm": "LSTM",
    "ridge": "ridge regression",
    "seasonal": "last period again",
    "weekly": "last week again",
    "level": "last week at the level of the last day",
    "average": "mean of the last periods",
    "last": "last value",
}


BARELY = 1.02  # times the error: no difference


@dataclass(frozen=True)
class Horizon:
    """Forecasts of S steps of all F sensors.

    direct   the forecaster, with all its methods
    chosen   (F,) the method that held-out rows favour, for each sensor, as a number in METHODS
    errors   by method: (2, F) mean absolute and mean squared error of held-out forecasts, in training
             standard deviations
    paths    by method: what held-out forecasts were off by
    """

    direct: DirectForecaster
    chosen: IntArray
    errors: Mapping[str, FloatArray]
    paths: Mapping[str, ErrorPaths]

    @property
    def steps(self) -> int:
        """S."""
        return self.direct.steps

    def methods_of(self, wanted: str | None) -> tuple[str, ...]:
        """The method of each sensor: the one that is `wanted`, or else the chosen ones."""
        return tuple(wanted or METHODS[number] for number in self.chosen.tolist())

    @property
    def naive(self) -> str:
        """The method that none should be worse than."""
        return "seasonal" if self.direct.period else "last"

    def worse_than_naive(self) -> BoolArray:
        """Sensors (F,) that on held-out rows the naive method did better for than what is used."""
        used = [self.errors[name][0, f] for f, name in enumerate(self.methods_of(None))]
        return np.asarray(np.array(used) > BARELY * self.errors[self.naive][0])


@dataclass(frozen=True)
class Expected:
    """Forecasts from one row, in own units.

    values   (F, S)
    unit     (F, S) what error paths are multiples of
    methods  of each sensor
    """

    values: FloatArray
    unit: FloatArray
    horizon: Horizon
    methods: tuple[str, ...]

    def quantile(self, probability: float) -> FloatArray:
        """What a share of this size of the readings will be at most, (F, S)."""
        steps = self.values.shape[1]
        found = {name: self.horizon.paths[name].quantiles(probability, steps) for name in set(self.methods)}
        errors = np.stack([found[name][f] for f, name in enumerate(self.methods)])  # (F, S)
        return np.asarray(self.values + self.unit * errors)

    def interval(self, level: float) -> tuple[FloatArray, FloatArray]:
        """Lower and upper end (F, S) of what a share `level` of the readings will be within."""
        return self.quantile((1 - level) / 2), self.quantile((1 + level) / 2)

    def paths(self, sensor: int) -> FloatArray:
        """Courses (P, S) that the readings of a sensor may take, each as likely as the others."""
        steps = self.values.shape[1]
        errors = self.horizon.paths[self.methods[sensor]].paths(steps)[:, sensor]  # (P, S)
        return np.asarray(self.values[sensor] + self.unit[sensor] * errors)


def expect(
    horizon: Horizon, grid: Grid, at: int, methods: tuple[str, ...], recent: RecentErrors | None = None
) -> Expected:
    """Forecast the steps from `at` on, by the rows before it alone; a method for each sensor.

    At least `horizon.direct.look_back` steps must come before. `recent` errors of the same grid serve many
    calls.
    """
    direct = horizon.direct
    recent = recent or RecentErrors(direct, horizon.paths, grid)
    rows = scaled(grid.values[:, at - direct.look_back : at], direct.center, direct.scale)  # (F, L)
    last = rows[:, -1:]  # (F, 1)
    x: Array = np.ascontiguousarray((rows - last).T, dtype=np.float32)  # (L, F)
    sensors = np.arange(len(rows))
    moved = movement(x)  # (F,)
    values, unit = np.empty((2, len(rows), direct.steps))  # (F, S) each
    with np.errstate(over="ignore", invalid="ignore"):  # of weights that make no sense; who asks looks at it
        for method in sorted(set(methods)):
            own = np.array([name == method for name in methods])
            changes = direct.changes(method, x, sensors).T.astype(np.float64)  # (F, S)
            values[own] = (last + changes)[own]
            of_movement = moved[:, np.newaxis] ** horizon.paths[method].power  # (F, 1)
            unit[own] = (of_movement * at_steps(recent.factor(method, at), direct.steps))[own]
    scale, center = direct.scale[:, np.newaxis], direct.center[:, np.newaxis]
    return Expected(values * scale + center, unit * scale, horizon, methods)
