"""How good forecasts would have been: made from many rows of past data, each by the rows before it alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from lstm_anomaly.base.errors import NotEnoughDataError
from lstm_anomaly.base.types import BoolArray, FloatArray, Series
from lstm_anomaly.decision.intervals import pinball
from lstm_anomaly.model.horizon import Horizon, expect
from lstm_anomaly.model.past_errors import RecentErrors
from lstm_anomaly.preparing.grid import Grid, even_grid

MOST_ORIGINS = 400


@dataclass(frozen=True)
class StepRange:
    """Steps `first` to `last` of the horizon, from 1, and what forecasts of them were off by.

    mae, mse   mean absolute and squared error, in training standard deviations of each sensor
    mase       mean absolute error as a multiple of what repeating the last period (or value) is off by, one
               period (or row) ahead, in the rows before the first origin (Hyndman & Koehler 2006)
    pinball    mean pinball loss of the ends of the intervals, in training standard deviations
    coverage   by level: the share of readings inside the interval
    """

    first: int
    last: int
    mae: float
    mse: float
    mase: float
    pinball: float
    coverage: tuple[float, ...]


@dataclass(frozen=True)
class Backtest:
    """One way to forecast, tried at many origins.

    method   its name, `chosen` for what the model uses
    ranges   the parts of the horizon; the last one is all of it
    """

    method: str
    ranges: tuple[StepRange, ...]


@dataclass(frozen=True)
class Backtests:
    """All that was tried on one input, at `origins` rows, with intervals of these `levels`."""

    origins: int
    steps: int
    levels: tuple[float, ...]
    results: tuple[Backtest, ...]


def backtest(
    horizon: Horizon,
    series: Series,
    levels: Sequence[float],
    on_origin: Callable[[int, int], None] | None = None,
) -> Backtests:
    """Forecast from at most `MOST_ORIGINS` rows, evenly spread, as the model would, and by every method.

    `on_origin` is called with how many origins are done, and of how many. Raises NotEnoughDataError when no
    row has a look-back before it and a horizon behind it.
    """
    grid = even_grid(series)
    direct = horizon.direct
    first, last = direct.look_back, len(grid) - direct.steps
    if last < first:
        raise NotEnoughDataError(
            f"{len(grid):,} rows are too few to try forecasts on: the look-back is {first:,} rows and the"
            f" horizon {direct.steps:,}",
            hint="more rows",
        )
    origins = np.unique(np.linspace(first, last, MOST_ORIGINS).round().astype(np.int64))
    recent = RecentErrors(direct, horizon.paths, grid)
    ways = {"chosen": horizon.methods_of(None)}
    ways |= {name: horizon.methods_of(name) for name in direct.methods}
    sums = {name: _Sums(horizon, grid, recent, levels) for name in ways}
    for number, origin in enumerate(origins.tolist(), 1):
        for name, methods in ways.items():
            sums[name].add(origin, methods)
        if on_origin:
            on_origin(number, len(origins))
    results = tuple(Backtest(name, each.ranges()) for name, each in sums.items())
    return Backtests(len(origins), direct.steps, tuple(levels), results)


def step_ranges(steps: int) -> list[tuple[int, int]]:
    """First and last steps, from 1, of the parts of a horizon: the first step, quarters of it, all of it."""
    edges = sorted({1, max(1, steps // 4), max(1, steps // 2), steps})
    parts = [(1, 1)] + [(a + 1, b) for a, b in pairwise(edges)]
    return [*parts, (1, steps)] if len(parts) > 1 else parts


class _Sums:
    """Sums over origins and sensors of what one way was off by, by step."""

    def __init__(self, horizon: Horizon, grid: Grid, recent: RecentErrors, levels: Sequence[float]) -> None:
        self._horizon, self._grid, self._recent, self._levels = horizon, grid, recent, levels
        steps, direct = horizon.steps, horizon.direct
        self._count = np.zeros(steps)
        self._absolute, self._squared, self._scaled, self._pinball = np.zeros((4, steps))
        self._inside = np.zeros((len(levels), steps))
        before, lag = slice(0, direct.look_back), direct.period or 1
        self._usual = _usual_change(grid.values[:, before], grid.known[:, before], lag) / direct.scale  # (F,)

    def add(self, origin: int, methods: tuple[str, ...]) -> None:
        expected = expect(self._horizon, self._grid, origin, methods, self._recent)
        steps = slice(origin, origin + self._horizon.steps)
        seen, known = self._grid.values[:, steps], self._grid.known[:, steps]  # (F, S)
        scale = self._horizon.direct.scale[:, np.newaxis]
        error = np.where(known, np.abs(seen - expected.values) / scale, 0.0)
        self._count += known.sum(axis=0)
        self._absolute += error.sum(axis=0)
        self._squared += np.square(error).sum(axis=0)
        self._scaled += (error / self._usual[:, np.newaxis]).sum(axis=0)
        for k, level in enumerate(self._levels):
            ends = expected.interval(level)
            self._inside[k] += (known & (ends[0] <= seen) & (seen <= ends[1])).sum(axis=0)
            for end, probability in zip(ends, ((1 - level) / 2, (1 + level) / 2), strict=True):
                loss = pinball(seen, end, probability) / scale
                self._pinball += np.where(known, loss, 0.0).sum(axis=0) / (2 * len(self._levels))

    def ranges(self) -> tuple[StepRange, ...]:
        return tuple(self._range(first, last) for first, last in step_ranges(len(self._count)))

    def _range(self, first: int, last: int) -> StepRange:
        part = slice(first - 1, last)
        count = max(float(self._count[part].sum()), 1.0)
        sums = (self._absolute, self._squared, self._scaled, self._pinball)
        mae, mse, mase, loss = (float(each[part].sum()) / count for each in sums)
        inside = tuple(float(each[part].sum()) / count for each in self._inside)
        return StepRange(first, last, mae, mse, mase, loss, inside)


def _usual_change(values: FloatArray, known: BoolArray, lag: int) -> FloatArray:
    """Mean absolute change of rows (F, M) over this many rows, where both are known; at least a little."""
    both = known[:, lag:] & known[:, :-lag]
    changes = np.where(both, np.abs(values[:, lag:] - values[:, :-lag]), 0.0).sum(axis=1)
    mean = changes / np.maximum(both.sum(axis=1), 1)
    return np.asarray(np.maximum(mean, 1e-9 * np.maximum(np.abs(values).max(axis=1), 1e-9)))
