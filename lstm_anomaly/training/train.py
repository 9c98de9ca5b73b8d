"""Training, from a clean series to a model: split, scale, fit, measure usual errors, learn the threshold."""

import platform
from dataclasses import replace
from time import perf_counter

import numpy as np

from lstm_anomaly.base.errors import SettingsError
from lstm_anomaly.base.types import BoolArray, Float32Array, FloatArray, Segments, Series
from lstm_anomaly.base.version import __version__
from lstm_anomaly.decision.drift import Familiar
from lstm_anomaly.model.model import NOT_LEARNED, Model, TrainingSummary, with_clock
from lstm_anomaly.network.training.loop import Limits
from lstm_anomaly.network.training.progress import Keep
from lstm_anomaly.preparing.calendar import Calendar, few_weekends, follows_week
from lstm_anomaly.preparing.off_rule import OffRule, after_stops
from lstm_anomaly.preparing.scaler import Scaler
from lstm_anomaly.preparing.sensor_roles import SensorRoles
from lstm_anomaly.preparing.time_of_day import LEAST_SHARE, share_told_by_clock
from lstm_anomaly.preparing.windows import Split, cut_out, rows_in
from lstm_anomaly.scoring.networks import Networks
from lstm_anomaly.scoring.symbols.column import SymbolColumn
from lstm_anomaly.training.calibrate import budget_of, familiar_of, place, with_threshold
from lstm_anomaly.training.doubts import doubts, fault_doubt, of_weekends, unlike_span
from lstm_anomaly.training.fit_horizon import fit_horizon
from lstm_anomaly.training.fit_networks import FitRows, Fitted, OnEpoch, fit_networks
from lstm_anomaly.training.fit_symbols import fit_symbols
from lstm_anomaly.training.measure_errors import Measured, TrainingRows, measure
from lstm_anomaly.training.settings import DEFAULTS, LearningSettings
from lstm_anomaly.training.split import fits, joined, plan, require_windows
from lstm_anomaly.training.train_symbols import is_symbols_only, learn_symbols, symbol_mask
from lstm_anomaly.training.trim import Trimmed, fault_rows, trim

MOST_SENSORS = 2000  # what is known of each pair of them, and the components, fit into a file of 112 MiB


def learn(
    series: Series,
    settings: LearningSettings = DEFAULTS,
    on_epoch: OnEpoch | None = None,
    keep: Keep | None = None,
    start: Networks | None = None,
) -> Model:
    """Train a model on rows that are mostly normal.

    `on_epoch` is called with a network's name after each of its epochs; `keep` keeps the networks' progress,
    from which a training that was broken off goes on to the same model. `start`: networks of an earlier
    model, whose weights training goes on from where their shapes are the same. Raises NotEnoughDataError when
    the series is too short, TrainingError when a loss stops being finite, ThresholdError when no
    threshold can be learned.
    """
    began = perf_counter()
    _require_few_sensors(len(series.sensors))
    numeric = np.array(series.sensors, object)[~symbol_mask(series)].tolist()
    off = OffRule.parse(settings.off, numeric)
    is_off = off.of_rows(series.values, series.sensors)
    resumes = after_stops(is_off, series.starts)
    series = replace(series, segments=cut_out(series.segments, is_off))
    if is_symbols_only(series):
        model = learn_symbols(series, settings, on_epoch, keep)
        return replace(model, off=off, calendar=Calendar(settings.tz, settings.holidays))
    split, window = plan(series, settings)
    for_networks, for_states, for_faults = np.random.default_rng(settings.seed).spawn(3)
    faults = _faults(series, _usable(split), settings, for_faults)
    left = Split(*(cut_out(part, faults) for part in (split.fit, split.validation, split.calibration)))
    if fits(left, window):
        split = left
    else:  # rows that are so few cannot do without them
        faults[:] = False
    trimmed = trim(_scaled(series, _usable(split))[2], split, window, settings.trim)
    split = trimmed.split
    require_windows(series, split, window)
    trimmed = replace(trimmed, rows=trimmed.rows + int(faults.sum()))
    scaler, roles, scaled = _scaled(series, _usable(split))
    targets = roles.targets[roles.inputs]
    calendar = _calendar(series, scaled[targets], split, settings)
    clock = calendar.weekly or _follows_clock(series, scaled[targets], split, calendar)
    if clock and series.times is not None:
        scaled = np.concatenate([scaled, calendar.rows(series.times)])
        targets = with_clock(targets, calendar)
    fit_rows = FitRows(scaled, targets, split, window, start)
    fitted = fit_networks(fit_rows, settings, for_networks, on_epoch, keep)
    is_fitted = np.zeros(len(series), dtype=np.bool_)
    for a, b in split.fit:
        is_fitted[a:b] = True
    step = None if series.step is None else float(series.step / np.timedelta64(1, "s"))
    per_row = budget_of(settings, step, rows_in(_usable(split))).per_row(step)
    rows = TrainingRows(
        series.values,
        scaled,
        targets,
        roles,
        _usable(split),
        is_fitted,
        resumes,
        per_row,
        settings.look_ahead,
    )
    measured = measure(rows, fitted, settings.kind, for_states)
    columns: tuple[SymbolColumn, ...] = ()
    largest, session = measured.largest, None
    if series.symbols is not None:
        columns, by_symbols = fit_symbols(series, measured.segments, settings, per_row, on_epoch, keep)
        largest, session = np.maximum(largest, by_symbols), series.symbols.session
    model = Model(
        kind=measured.kind,
        sensors=series.sensors,
        step_seconds=step,
        max_fill=series.max_fill,
        resample=series.resample,
        look_ahead=max(settings.look_ahead, int(session is not None)),
        clock=clock,
        roles=roles,
        scaler=scaler,
        networks=measured.networks,
        expectations=measured.expectations,
        states=measured.states,
        components=measured.components,
        unseen=measured.unseen,
        novelty=measured.novelty,
        stillness=measured.stillness,
        cross_sensor=measured.cross_sensor,
        isolation=measured.isolation,
        threshold=NOT_LEARNED,
        familiar=Familiar.fit(np.zeros(0), series.values[:1]),
        strangest=(),
        summary=_summary(series, fit_rows, fitted, measured, trimmed, settings),
        off=off,
        calendar=calendar,
        symbols=columns,
        session=session,
    )
    raw, ranked = np.full((2, len(series)), np.nan)
    inside = np.concatenate([np.arange(a, b) for a, b in measured.segments])
    raw[inside], ranked[inside] = largest, measured.together
    model = with_threshold(model, series, raw, settings)
    model = replace(model, familiar=familiar_of(series, ranked / model.threshold.value))
    lost = max(0, model.summary.rows_left_out - int(is_off.sum()))
    left_out = lost / max(model.summary.rows + lost, 1)
    times, first, last = measured.unlike
    span = unlike_span(
        times, (place(series, first), place(series, last)), last + 1 - first, rows_in(measured.segments)
    )
    before, last_part = raw[: split.calibration[0][0]], raw[split.calibration[0][0] :]
    weekends = None
    if series.times is not None and not calendar.weekly:
        moving = scaled[: len(roles.inputs[roles.inputs])][roles.targets[roles.inputs]]
        weekends = few_weekends(calendar, moving, series.times, measured.segments)
    places = [(place(series, first), place(series, last)) for first, last in _spans(faults, window)]
    found = (
        *fault_doubt(places),
        *of_weekends(weekends),
        *doubts(trimmed.standing, settings.trim, before, last_part, left_out),
        *span,
    )
    seconds = settings.max_train_time
    remaining = None if seconds is None else max(seconds - (perf_counter() - began), 1e-9)
    sound = replace(series, segments=cut_out(series.segments, faults))
    horizon = fit_horizon(sound, settings, roles.targets, on_epoch, Limits(remaining, keep))
    return replace(model, summary=replace(model.summary, doubts=found), horizon=horizon)


def _require_few_sensors(count: int) -> None:
    """Raise SettingsError where what is known of each pair of sensors would not fit into a model file."""
    if count > MOST_SENSORS:
        raise SettingsError(
            f"{count:,} sensors are more than a model holds ({MOST_SENSORS:,})",
            hint="--only or --exclude, or a model for each part of the plant",
        )


def _faults(
    series: Series, usable: Segments, settings: LearningSettings, rng: np.random.Generator
) -> BoolArray:
    """Which rows look like faults and may be left out, (M,)."""
    if not settings.trim:
        return np.zeros(len(series), dtype=np.bool_)
    _, roles, scaled = _scaled(series, usable)
    return fault_rows(scaled, roles.targets[roles.inputs], usable, rng)


def _spans(rows: BoolArray, gap: int) -> list[tuple[int, int]]:
    """First and last of marked rows (M,) with at most `gap` rows between them."""
    marked = np.flatnonzero(rows)
    parts = np.split(marked, np.flatnonzero(np.diff(marked) > gap + 1) + 1)
    return [(int(part[0]), int(part[-1])) for part in parts if len(part)]


def _usable(split: Split) -> Segments:
    """All rows of the split."""
    return joined((*split.fit, *split.validation, *split.calibration))


def _scaled(series: Series, usable: Segments) -> tuple[Scaler, SensorRoles, Float32Array]:
    """Scaler and roles by the usable rows, and all rows scaled, (F_in, M)."""
    rows = _stacked(series.values, usable)  # (rows, F)
    numeric = ~symbol_mask(series)
    scaler, roles = Scaler.fit(rows), SensorRoles.find(rows[:, numeric])
    if not numeric.all():
        roles = roles.spread(numeric)
    # No window holds a NaN.
    return scaler, roles, np.nan_to_num(scaler.transform(series.values)[roles.inputs])


def _calendar(series: Series, moving: Float32Array, split: Split, settings: LearningSettings) -> Calendar:
    """The calendar, in which days count by their kind where the held-out weeks follow it."""
    calendar = Calendar(settings.tz, settings.holidays)
    if series.times is None:
        return calendar
    held_out = (*split.validation, *split.calibration)
    return replace(calendar, weekly=follows_week(calendar, moving, series.times, split.fit, held_out))


def _follows_clock(series: Series, moving: Float32Array, split: Split, calendar: Calendar) -> bool:
    """Whether the networks get the time of day; moving (F_t, M) are the scaled targets."""
    if series.times is None:
        return False
    return (
        share_told_by_clock(moving, calendar.local(series.times), split.fit, split.validation) >= LEAST_SHARE
    )


def _stacked(values: FloatArray, segments: Segments) -> FloatArray:
    return np.concatenate([values[a:b] for a, b in segments])


def _summary(
    series: Series,
    rows: FitRows,
    fitted: Fitted,
    measured: Measured,
    trimmed: Trimmed,
    settings: LearningSettings,
) -> TrainingSummary:
    split, window = rows.split, rows.window
    usable = [(a, b) for a, b in series.segments if b - a >= window]
    first, last = usable[0][0], usable[-1][1] - 1
    stamps = ("", "") if series.times is None else (str(series.times[first]), str(series.times[last]))
    values = _stacked(series.values, tuple(usable))
    if measured.kind == "linear":
        fitted = replace(fitted, reports=[], parameters=measured.networks.linear.components.size)
    best = min(fitted.reports, key=lambda report: report.validation_loss, default=None)
    return TrainingSummary(
        rows=rows_in(usable),
        rows_left_out=(len(series.row_of) if series.resample is None else len(series)) - rows_in(usable),
        fit_rows=rows_in(split.fit),
        validation_rows=rows_in(split.validation),
        calibration_rows=rows_in(split.calibration),
        stride=fitted.stride,
        timed_out=", ".join(fitted.timed_out),
        parameters=fitted.parameters,
        losses=tuple(report.loss for report in fitted.reports),
        validation_losses=tuple(report.validation_loss for report in fitted.reports),
        best_epoch=best.epoch if best else 0,
        trimmed_rows=trimmed.rows,
        held_out=measured.held_out,
        doubts=(),
        preset=settings.preset,
        why_kind=measured.why,
        seed=settings.seed,
        first=stamps[0],
        last=stamps[1],
        lowest=tuple(map(float, values.min(axis=0))),
        highest=tuple(map(float, values.max(axis=0))),
        versions={"lstm-anomaly": __version__, "numpy": np.__version__, "python": platform.python_version()},
    )
