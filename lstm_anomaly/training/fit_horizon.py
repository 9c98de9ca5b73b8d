"""Fits what forecasts the rows to come, measures every method on held-out rows, and chooses by sensor."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np

from lstm_anomaly.base.errors import NotEnoughDataError, SettingsError
from lstm_anomaly.base.types import BoolArray, FloatArray, IntArray, Series
from lstm_anomaly.decision.intervals import MOST_PATHS, ErrorPaths, HeldOut, knots_of, recent_spacing
from lstm_anomaly.model.horizon import Horizon
from lstm_anomaly.model.past_errors import columns, past_errors
from lstm_anomaly.network.horizon.baselines import DAYS_A_WEEK, find_period
from lstm_anomaly.network.horizon.blend import blend_weights
from lstm_anomaly.network.horizon.direct import FITTED, METHODS, DirectForecaster, scaled
from lstm_anomaly.network.horizon.origins import Origins
from lstm_anomaly.network.horizon.ridge import Batches, fit_ridge
from lstm_anomaly.network.horizon.segment_lstm import SegmentSizes, init_segment_lstm
from lstm_anomaly.network.training.horizon_training import HorizonConfig, HorizonLesson
from lstm_anomaly.network.training.loop import EpochReport, Limits, train
from lstm_anomaly.preparing.grid import Grid, even_grid
from lstm_anomaly.preparing.scaler import Scaler
from lstm_anomaly.training.settings import LearningSettings

HELD_OUT_SHARE = 0.25
LONGEST_DEFAULT = 1440  # rows: a day of minutes
LEAST_LOOK_BACK = 720  # rows, where there are enough
PERIODS_BACK = 3
SEGMENTS = 15  # of a look-back, about
HIDDEN = 64
EMBEDDING = 64
UPDATES = 500
UNASKED = 0.2  # of them, where the horizon is the default: forecasts are worse by a hundredth or so
UPDATES_A_HORIZON = 2  # at most, of those side by side in the rows to fit to: few are soon learned by heart
RIDGE_EARLIER = 0.8  # of the rows to fit to: by the others it is decided how far to shrink
RIDGE_COLUMNS = 20_000  # look-backs that the ridge regression is fitted to; more change little
COLUMNS = 7680  # segments an update, read and written
UNASKED_COLUMNS = 2560  # the same, where the horizon is the default: worse by half a hundredth

_DAY = np.timedelta64(1, "D")

OnEpoch = Callable[[str, EpochReport], None]


def horizon_rows(series: Series, wanted: int | timedelta | None) -> int:
    """How many rows are to be forecast; 0: none.

    `wanted` in rows or as a length of time; None is a day, where rows have times, a fifth of the rows hold
    one, and it is no more than `LONGEST_DEFAULT` rows.
    """
    if isinstance(wanted, int):
        return wanted
    if series.step is None:
        if wanted is None:
            return 0
        raise SettingsError(
            "the horizon is a length of time, and the rows have no time stamps", hint="a number of rows"
        )
    span = np.timedelta64(timedelta(days=1) if wanted is None else wanted)
    rows = max(1, round(float(span / series.step)))
    if wanted is None:
        rows = min(rows, LONGEST_DEFAULT)
        return rows if rows * 5 <= len(series) else 0
    return rows


def fit_horizon(
    series: Series,
    settings: LearningSettings,
    moving: BoolArray,
    on_epoch: OnEpoch | None = None,
    limits: Limits | None = None,
) -> Horizon | None:
    """What forecasts as many rows as the settings ask for; None when that is none.

    The LSTM and the regression learn from the sensors that are `moving` (F,). Raises NotEnoughDataError when
    the rows are too few for a horizon that was asked for.
    """
    steps = horizon_rows(series, settings.horizon)
    if not steps:
        return None
    grid = even_grid(series)
    plan = _plan(grid, steps, series.step)
    rng = np.random.default_rng([settings.seed, 1])  # none of the other networks' numbers
    known = np.where(grid.known, grid.values, np.nan)[:, : plan.fitted]  # (F, M_fit)
    scaler = _scaler(known)
    rows = scaled(grid.values, scaler.center, scaler.scale)
    origins = Origins(rows, grid.known, plan.look_back, steps)
    sensors = np.flatnonzero(moving & grid.known[:, : plan.fitted].any(axis=1))
    sensors = sensors if len(sensors) else np.arange(len(moving))
    ridge = fit_ridge(*_ridge_batches(origins, plan.fit, sensors), plan.look_back, steps)
    lstm = None
    if settings.kind != "linear":
        lesson = _lesson(origins, plan, sensors, settings, rng)
        for report in train(lesson, lesson.config, rng, limits):
            if on_epoch:
                on_epoch("horizon", report)
        lstm = lesson.params
    none = np.zeros((len(moving), len(METHODS)))
    direct = DirectForecaster(
        plan.look_back, steps, plan.period, plan.week, scaler.center, scaler.scale, lstm, ridge, none
    )
    return _measured(direct, origins, plan)


@dataclass(frozen=True)
class _Plan:
    """Which rows of the grid serve for what.

    segment   rows that the LSTM reads at a time
    fitted    rows before this one are fitted to
    fit       (n,) rows that the horizons to fit to begin at
    held_out  those to measure on
    every     the same of all rows, for methods that nothing is fitted for
    """

    look_back: int
    segment: int
    period: int
    week: int
    fitted: int
    fit: IntArray
    held_out: HeldOut
    every: HeldOut


def _plan(grid: Grid, steps: int, step: np.timedelta64 | None) -> _Plan:
    M = len(grid)
    fitted = round(M * (1 - HELD_OUT_SHARE))
    most = (fitted - steps) // 2  # rows that a look-back may have
    if most < SEGMENTS or M - fitted < steps + 1:
        needed = max(-(-(2 * SEGMENTS + steps) * 4 // 3), 4 * (steps + 1)) + 1
        raise NotEnoughDataError(
            f"a horizon of {steps:,} rows is learned from at least {needed:,} rows, and there are {M:,}",
            hint="a shorter --horizon, more rows, or --horizon 0 for no forecasts",
        )
    day = 0 if step is None else round(float(_DAY / step))  # rows
    period = find_period(grid.values[:, :fitted], most // 2, day)
    longest = min(max(LEAST_LOOK_BACK, PERIODS_BACK * period, steps), most)
    segment = _segment(longest / SEGMENTS, period)
    look_back = longest // segment * segment
    week = DAYS_A_WEEK * period if period == day and (DAYS_A_WEEK + 1) * period <= look_back else 0
    held_out, every = (
        _held_out(np.arange(first, M - steps + 1), steps, period) for first in (fitted, look_back)
    )
    return _Plan(
        look_back=look_back,
        segment=segment,
        period=period,
        week=week,
        fitted=fitted,
        fit=np.arange(look_back, fitted - steps + 1),
        held_out=replace(held_out, rows=M - fitted),
        every=every,
    )


def _segment(about: float, period: int) -> int:
    """Rows of a segment: whole periods or a whole part of one, so that segments begin at few phases."""
    if about >= period > 0:
        return round(about / period) * period
    parts = [rows for rows in range(1, period + 1) if period % rows == 0 and about / 2 < rows < 2 * about]
    return min(parts, key=lambda rows: abs(np.log(rows / about)), default=max(1, int(about)))


def _held_out(rows: IntArray, steps: int, period: int) -> HeldOut:
    """At most `MOST_PATHS` of the rows, up to the last one, spaced so that some are recent for others."""
    apart, least = recent_spacing(steps, period), -(-len(rows) // MOST_PATHS)
    spacing = next((each for each in range(least, 2 * least + 1) if apart % each == 0), least)
    return HeldOut(rows[::-spacing][::-1], len(rows), steps, apart)


def _spread_out(rows: IntArray, most: int) -> IntArray:
    """At most this many of the rows, evenly."""
    return rows[np.linspace(0, len(rows) - 1, min(most, len(rows))).round().astype(np.int64)]


def _scaler(rows: FloatArray) -> Scaler:
    """Mean and spread of what is known of rows (F, M); of a sensor that is not known at all, 0 and 1."""
    center, scale = np.zeros(len(rows)), np.ones(len(rows))
    for f, row in enumerate(rows):
        if len(read := row[np.isfinite(row)]):
            found = Scaler.fit(read[:, np.newaxis])
            center[f], scale[f] = found.center[0], found.scale[0]
    return Scaler(center, scale)


def _ridge_batches(origins: Origins, fit: IntArray, sensors: IntArray) -> tuple[Batches, Batches]:
    """What the regression is fitted to: of the earlier rows, and of the later ones."""
    rows = _spread_out(fit, max(1, RIDGE_COLUMNS // len(sensors)))
    earlier = round(RIDGE_EARLIER * len(rows))
    return _batches(origins, rows[:earlier], sensors), _batches(origins, rows[earlier:], sensors)


def _batches(origins: Origins, rows: IntArray, sensors: IntArray) -> Batches:
    for at, of in columns(rows, sensors):
        x, last = origins.look_backs(at, of)
        y, weights = origins.targets(at, of, last)
        yield x, y, weights.min(axis=0)


def _lesson(
    origins: Origins, plan: _Plan, sensors: IntArray, settings: LearningSettings, rng: np.random.Generator
) -> HorizonLesson:
    """A fresh LSTM, and what it is to learn in how many updates."""
    sizes = SegmentSizes(
        segment=plan.segment,
        read=plan.look_back // plan.segment,
        written=-(-origins.steps // plan.segment),
        sensors=origins.sensors,
        hidden=HIDDEN,
        embedding=EMBEDDING,
    )
    params = init_segment_lstm(rng, sizes)
    asked = settings.horizon is not None
    horizons = plan.fitted * len(sensors) / origins.steps
    wanted = UPDATES * (1.0 if asked else UNASKED)
    updates = max(1, round(min(wanted, UPDATES_A_HORIZON * horizons) * settings.effort))
    look_backs = (COLUMNS if asked else UNASKED_COLUMNS) // (sizes.read + sizes.written)  # an update
    config = HorizonConfig(updates=updates, batch_size=look_backs)
    return HorizonLesson(params, origins, plan.fit, plan.held_out.at, sensors, config)


def _measured(direct: DirectForecaster, origins: Origins, plan: _Plan) -> Horizon:
    """The horizon: what each method was off by on held-out rows, and the mean of them that was off least."""
    steps, names = direct.steps, direct.methods[1:]
    held_out, moved = past_errors(direct, origins, plan.held_out.at, names)  # (P, F, K) each, (P, F)
    blend, blended = _blended(np.stack([held_out[name] for name in names]), steps)
    weights = np.zeros_like(direct.blend)
    weights[:, [METHODS.index(name) for name in names]] = blend
    held_out = {"blend": blended, **held_out}
    errors = {name: _figures(each, steps) for name, each in held_out.items()}
    unfitted, moved_before = past_errors(
        direct, origins, plan.every.at, [name for name in names if name not in FITTED]
    )
    paths = {name: ErrorPaths.of(each, moved, plan.held_out) for name, each in held_out.items()}
    paths |= {name: ErrorPaths.of(each, moved_before, plan.every) for name, each in unfitted.items()}
    return Horizon(replace(direct, blend=weights), _chosen(errors), errors, paths)


def _blended(errors: FloatArray, steps: int) -> tuple[FloatArray, FloatArray]:
    """Weights (F, n) of methods with these errors (n, P, F, K), and what their mean is off by, (P, F, K).

    The mean's errors in each half of the rows are by weights from the other half, so that they are no
    smaller than they will be.
    """
    known, of_steps = np.nan_to_num(errors), _step_weights(steps)
    half = errors.shape[1] // 2
    by_half = [blend_weights(known[:, rows], of_steps) for rows in (slice(half, None), slice(half))]
    parts = (errors[:, :half], errors[:, half:])
    mean = [np.einsum("npfk,fn->pfk", part, each) for part, each in zip(parts, by_half, strict=True)]
    return blend_weights(known, of_steps), np.concatenate(mean)


def _step_weights(steps: int) -> FloatArray:
    """The share of the steps (K,) that each knot stands for."""
    knots = knots_of(steps)
    edges = np.concatenate([[0.5], (knots[1:] + knots[:-1]) / 2, [steps + 0.5]])
    return np.diff(edges) / steps


def _figures(errors: FloatArray, steps: int) -> FloatArray:
    """Mean absolute and mean squared error (2, F) of errors (P, F, K), NaN where unknown."""
    weights = np.isfinite(errors) * _step_weights(steps)  # (P, F, K)
    sizes = np.nan_to_num(np.stack([np.abs(errors), np.square(errors)]))  # (2, P, F, K)
    return np.asarray((sizes * weights).sum(axis=(1, 3)) / np.maximum(weights.sum(axis=(0, 2)), 1e-9))


def _chosen(errors: dict[str, FloatArray]) -> IntArray:
    """The method of each sensor, (F,): the one that does best for the sensors in the median.

    Errors are the geometric mean of the absolute error and the root of the squared one, as multiples of
    the sensor's best method. One for all: what is best for one sensor was so by chance as often as not.
    """
    names = tuple(errors)
    sizes = np.stack([np.sqrt(errors[name][0] * np.sqrt(errors[name][1])) + 1e-9 for name in names])
    relative = sizes / sizes.min(axis=0)  # (methods, F)
    best = METHODS.index(names[int(np.median(relative, axis=1).argmin())])
    return np.full(sizes.shape[1], best, dtype=np.int64)
