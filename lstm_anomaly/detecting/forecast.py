"""What comes after the rows of an input, by a model that has a horizon: forecasts, intervals, and limits."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from numbers import Real

import numpy as np

from lstm_anomaly.base.bounds import check_number
from lstm_anomaly.base.errors import InputError, LstmAnomalyError, NotEnoughDataError, SettingsError
from lstm_anomaly.base.text import count, listed
from lstm_anomaly.base.types import BoolArray, FloatArray, IntArray, SensorFrame, TimeArray
from lstm_anomaly.model.horizon import NAMES, Expected, Horizon, expect
from lstm_anomaly.model.model import Model
from lstm_anomaly.network.horizon.direct import PERIODIC
from lstm_anomaly.preparing.clean import clean
from lstm_anomaly.preparing.grid import Grid, even_grid
from lstm_anomaly.preparing.report import CleanReport

SEEN_ROWS = 4  # horizons of past rows that are shown beside a forecast


@dataclass(frozen=True)
class Forecast:
    """Forecasts of some sensors, in their own units.

    sensors   K names
    numbers   (K,) which sensors of the model they are
    values    (K, S) the forecasts
    times     (S,) UTC datetime64[ns], None when rows are only counted; first_row: its number, from 1
    seen      (K, n) the last rows, NaN where nothing was read
    expected  the forecasts of all sensors, with their intervals
    notes     what is to be known about them, a sentence each
    cleaning  what cleaning noticed
    """

    sensors: tuple[str, ...]
    numbers: IntArray
    values: FloatArray
    times: TimeArray | None
    first_row: int
    seen: FloatArray
    expected: Expected
    notes: tuple[str, ...]
    cleaning: CleanReport

    @property
    def methods(self) -> tuple[str, ...]:
        """How each sensor is forecast."""
        return tuple(self.expected.methods[number] for number in self.numbers.tolist())

    def interval(self, level: float) -> tuple[FloatArray, FloatArray]:
        """Lower and upper end (K, S) of the interval that a share `level` of the readings will lie in.

        Raises SettingsError unless the level is between 0 and 1.
        """
        if not isinstance(level, Real) or not 0 < level < 1:
            raise SettingsError(f"the level {level!r:.24} is not between 0 and 1", hint="0.8")
        steps = self.values.shape[1]
        low, high = self.expected.interval(float(level))
        return low[self.numbers, :steps], high[self.numbers, :steps]

    def reached(self, sensor: str, limit: float, *, above: bool) -> "Reached":
        """When a sensor reaches a limit, and how likely that is within the horizon.

        Raises SettingsError when there is no such sensor, or the limit is no number.
        """
        if sensor not in self.sensors:
            raise SettingsError(f"{sensor!r:.24} was not forecast", hint=f"one of {listed(self.sensors)}")
        check_number("limit", limit, Real, -np.inf, np.inf)
        place = self.sensors.index(sensor)
        sign = 1.0 if above else -1.0
        courses = sign * self.expected.paths(int(self.numbers[place]))[:, : self.values.shape[1]]  # (P, S)
        within = courses >= sign * limit
        expected = np.flatnonzero(sign * self.values[place] >= sign * limit)
        first = np.sort(within.argmax(axis=1)[within.any(axis=1)])
        return Reached(
            sensor=sensor,
            limit=limit,
            above=above,
            chance=float(within.any(axis=1).mean()),
            expected=int(expected[0]) if len(expected) else None,
            median=int(first[len(first) // 2]) if len(first) else None,
        )


@dataclass(frozen=True)
class Reached:
    """A limit that a sensor may reach.

    chance    that it is within the horizon, 0 to 1
    expected  step, from 0, at which the forecast itself reaches it, None if it does not
    median    step at which half of the courses that reach it have done so, None if none does
    """

    sensor: str
    limit: float
    above: bool
    chance: float
    expected: int | None
    median: int | None


def forecast(
    model: Model,
    frame: SensorFrame,
    steps: int | None = None,
    method: str | None = None,
    sensors: Sequence[str] = (),
) -> Forecast:
    """Forecast the rows after those of `frame`, whose sensors are the model's in the model's order.

    `steps` are at most the model's; a `method` takes the place of those that held-out rows favour; without
    `sensors` all are forecast. Raises InputError when the model has no horizon, SettingsError when there is
    no such method or the horizon is longer than the model's.
    """
    horizon = horizon_of(model)
    steps = checked_steps(horizon, steps)
    if method is not None and method not in horizon.direct.methods:
        raise SettingsError(f"the model has no method {method!r}", hint=" or ".join(horizon.direct.methods))
    series, cleaning = clean(frame, step=model.step, max_fill=0, resample=model.resample)
    if not len(series):
        raise NotEnoughDataError(
            "there are no rows to forecast from", where=", ".join(frame.sources), hint="a file with rows"
        )
    grid = even_grid(series)
    methods, notes = usable_methods(horizon, len(grid), horizon.methods_of(method))
    grid = padded(grid, horizon.direct.look_back)
    numbers, told = _forecastable(model, grid, sensors)
    expected = expect(horizon, grid, len(grid), methods)
    values = expected.values[numbers, :steps]
    if not np.isfinite(values).all():
        raise LstmAnomalyError(
            "the forecasts are not finite numbers", where=", ".join(frame.sources), hint="--method last"
        )
    seen = np.where(grid.known, grid.values, np.nan)[numbers, -SEEN_ROWS * steps :]
    return Forecast(
        sensors=tuple(model.sensors[number] for number in numbers.tolist()),
        numbers=numbers,
        values=values,
        times=_times_after(series.times, series.step, steps),
        first_row=len(series) + 1,
        seen=seen,
        expected=expected,
        notes=(*notes, *told),
        cleaning=cleaning,
    )


def horizon_of(model: Model) -> Horizon:
    """The model's horizon. Raises InputError when it was trained without."""
    if model.horizon is None:
        raise InputError(
            "the model has no horizon, so it cannot forecast",
            hint="train it again with `train --horizon 24h`, or a number of rows",
        )
    return model.horizon


def checked_steps(horizon: Horizon, steps: int | None) -> int:
    """The steps to forecast. Raises SettingsError when the model does not reach so far."""
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer | None):
        raise SettingsError(f"{steps!r:.24} is no number of rows to forecast", hint="a whole number")
    if steps is not None and not 0 < steps <= horizon.steps:
        raise SettingsError(
            f"{count(steps, 'row')} cannot be forecast: the model's horizon is {count(horizon.steps, 'row')}",
            hint="1 row at least" if steps < 1 else "a shorter --horizon, or train with a longer one",
        )
    return steps or horizon.steps


def rows_of(model: Model, wanted: int | timedelta | None) -> int | None:
    """How many rows a length of time spans; for None, as many as the model can forecast."""
    if not isinstance(wanted, timedelta):
        return wanted
    if model.step is None:
        raise SettingsError(
            "the horizon is a length of time, and the model's rows have no time stamps",
            hint="a number of rows",
        )
    return max(1, round(float(np.timedelta64(wanted) / model.step)))


def usable_methods(
    horizon: Horizon, rows: int, methods: tuple[str, ...]
) -> tuple[tuple[str, ...], list[str]]:
    """The methods, or the best that need no more rows than there are; and what to say about that."""
    direct = horizon.direct
    if rows >= direct.look_back:
        return methods, []
    fallback = "seasonal" if 0 < direct.period <= rows else "last"
    can = {"last", *(PERIODIC if 0 < direct.period <= rows else ())}
    said = (
        f"{count(rows, 'row')} are fewer than the {direct.look_back:,} that forecasts look back on: what"
        f" needs more is replaced by the {NAMES[fallback]}; give the rows before, too, as further files"
    )
    return tuple(method if method in can else fallback for method in methods), [said]


def padded(grid: Grid, rows: int) -> Grid:
    """The grid with at least this many rows; those before the first hold its readings, and are unknown."""
    missing = max(rows - len(grid), 0)
    if not missing:
        return grid
    before = np.repeat(grid.values[:, :1], missing, axis=1)  # (F, missing)
    unknown = np.zeros(before.shape, dtype=np.bool_)
    return replace(
        grid,
        values=np.concatenate([before, grid.values], axis=1),
        known=np.concatenate([unknown, grid.known], axis=1),
    )


def _forecastable(model: Model, grid: Grid, wanted: Sequence[str]) -> tuple[IntArray, list[str]]:
    """Numbers of the sensors to forecast, and what to say about readings that are missing or never move."""
    unknown = [name for name in wanted if name not in model.sensors]
    if unknown:
        raise SettingsError(f"the model has no sensor {listed(unknown)}", hint=listed(model.sensors))
    chosen = np.array([not wanted or name in wanted for name in model.sensors])
    known = grid.known[:, -horizon_of(model).direct.look_back :]  # (F, L)
    silent = ~known.any(axis=1)  # (F,)
    if (silent | ~chosen).all():
        raise NotEnoughDataError(
            "no sensor to forecast has a reading in the rows that forecasts look back on",
            hint="more rows, or other --sensors",
        )
    behind = np.where(silent, 0, known[:, ::-1].argmax(axis=1))  # (F,) rows since the last reading
    gaps = 1 - known.mean(axis=1)
    said = []
    if (silent & chosen).any():
        said.append(f"no readings, so not forecast: {listed(_named(model, silent & chosen))}")
    for number in np.flatnonzero(chosen & ~silent & (behind > 0)):
        rows = count(int(behind[number]), "row")
        said.append(
            f"{listed([model.sensors[number]])} was not read in the last {rows}: its last value stands"
        )
    holed = chosen & ~silent & (gaps > 0.05)
    if holed.any():
        most = 100 * float(gaps[holed].max())
        said.append(
            f"up to {most:.0f} % of the rows that forecasts look back on are missing, and hold the reading"
            f" before: {listed(_named(model, holed))}"
        )
    resting = chosen & ~silent & ~model.roles.targets
    if resting.any():
        said.append(
            f"stood still or switched between two values in training, so that forecasts say little:"
            f" {listed(_named(model, resting))}"
        )
    return np.flatnonzero(chosen & ~silent), said


def _named(model: Model, which: BoolArray) -> list[str]:
    return [model.sensors[number] for number in np.flatnonzero(which)]


def _times_after(times: TimeArray | None, step: np.timedelta64 | None, steps: int) -> TimeArray | None:
    if times is None or step is None:
        return None
    after: TimeArray = times[-1] + step.astype("timedelta64[ns]") * np.arange(1, steps + 1)
    return after
