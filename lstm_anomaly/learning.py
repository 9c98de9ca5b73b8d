"""Training, from a clean series to a model: split, scale, fit, measure what is usual, set the threshold."""

import platform
from dataclasses import dataclass, replace

import numpy as np

from lstm_anomaly.calibrating import NOT_LEARNED, budget_of, calibrate_on
from lstm_anomaly.decision.drift import Familiar
from lstm_anomaly.doubts import doubts
from lstm_anomaly.errors import NotEnoughDataError, TrainingError
from lstm_anomaly.fitting import Fitted, OnEpoch, fit_networks
from lstm_anomaly.model import Baseline, Model, TrainingSummary
from lstm_anomaly.network.linear_forecast import held_out_forecast_error
from lstm_anomaly.network.resuming import Keep
from lstm_anomaly.network_reader import NetworkReader, Networks
from lstm_anomaly.scoring.novelty import NoveltyRule
from lstm_anomaly.scoring.peers import Peers
from lstm_anomaly.scoring.readings import Readings
from lstm_anomaly.scoring.scaler import Scaler
from lstm_anomaly.scoring.score import Memories
from lstm_anomaly.scoring.sensors import SensorRoles
from lstm_anomaly.scoring.sides import Sides
from lstm_anomaly.scoring.statistics import Usual, View, shares_of
from lstm_anomaly.settings import DEFAULTS, LearningSettings
from lstm_anomaly.trials import trial_weights
from lstm_anomaly.trimming import Trimmed, trim
from lstm_anomaly.types import BoolArray, Float32Array, FloatArray, Segments, Series
from lstm_anomaly.version import __version__
from lstm_anomaly.windows import Split, cut, rows_in, split_chronologically, window_starts

VALIDATION_SHARE = 0.1
CALIBRATION_SHARE = 0.25
SHORT_SERIES = 4000  # usable rows below which no usual budget can be certified: rows rather serve the fit
SHORT_CALIBRATION_SHARE = 0.15
REFIT_VALIDATION_SHARE = 0.15  # when the networks are fitted again, after the threshold was learned
LONGEST_DEFAULT_WINDOW = 24  # rows
WINDOWS_A_PART = 2  # the default window is at most this fraction of the smallest part of the split
MOST_MEASURED_ROWS = 20_000  # of the fitted rows, the last so many tell what is usual


def learn(
    series: Series,
    settings: LearningSettings = DEFAULTS,
    on_epoch: OnEpoch | None = None,
    keep: Keep | None = None,
) -> Model:
    """Train a model on rows that are mostly normal.

    `on_epoch` is called with a network's name after each of its epochs; `keep` keeps the networks' progress,
    from which a training that was broken off goes on to the same model. Raises NotEnoughDataError when
    the series is too short, TrainingError when a loss stops being finite, ThresholdError when no
    threshold can be learned.
    """
    split, window = plan(series, settings)
    trimmed = trim(_scaled(series, split)[2], split, window, settings.trim)
    if trimmed.rows:
        split = trimmed.split
        _require_windows(series, split, window)
    if settings.max_train_time is not None:  # networks may be fitted twice
        settings = replace(settings, max_train_time=settings.max_train_time / 2)
    training = _Training(series, window, trimmed, settings, on_epoch, keep)
    model = _fitted(training, split, split)
    # The validation rows before the calibration rows fill the memories.
    run_up = cut(series.segments, split.validation[0][0], split.calibration[-1][1])
    model, raw = calibrate_on(model, series, run_up, split.calibration, settings)
    if not model.threshold.certified:
        model = _fitted_again(training, model, split)
    left_out = model.summary.rows_left_out / max(model.summary.rows + model.summary.rows_left_out, 1)
    found = doubts(trimmed.standing, settings.trim, raw, left_out)
    return replace(model, summary=replace(model.summary, doubts=found))


@dataclass(frozen=True)
class _Training:
    """What stays the same when networks are fitted twice."""

    series: Series
    window: int
    trimmed: Trimmed
    settings: LearningSettings
    on_epoch: OnEpoch | None
    keep: Keep | None


def _fitted_again(training: _Training, model: Model, split: Split) -> Model:
    """The model with networks that are fitted to all but the last rows, calibration rows included.

    Rows that are too few to prove the budget are worth more in the fit. What the scores of the first fit
    taught, of rows that it never saw, stays: the threshold and what goes with it.
    """
    rows = split_chronologically(
        _joined((*split.fit, *split.validation, *split.calibration)), REFIT_VALIDATION_SHARE, 0.0
    )
    again = Split(rows.fit, rows.validation, split.calibration)
    refitted = _fitted(training, again, split)
    baseline = refitted.baseline
    if baseline is not None and model.baseline is not None:
        baseline = replace(baseline, threshold=model.baseline.threshold)
    return replace(
        refitted,
        threshold=model.threshold,
        baseline=baseline,
        familiar=model.familiar,
        strangest=model.strangest,
    )


def _fitted(training: _Training, split: Split, first_split: Split) -> Model:
    """A model of the fit and validation rows of `split`, without a threshold.

    The rules beside the error keep to `first_split`: they are learned on rows before the calibration rows.
    """
    series, settings, window = training.series, training.settings, training.window
    scaler, roles, scaled = _scaled(series, split)
    targets = roles.targets[roles.inputs]
    for_networks, for_trials = np.random.default_rng(settings.seed).spawn(2)
    fitted = fit_networks(
        scaled, targets, split, window, settings, training.on_epoch, for_networks, training.keep
    )
    readings, is_fitted = _read_training_rows(fitted.networks, scaled, split)
    kind, why = settings.kind, "as asked for"
    if kind == "auto":
        kind, why = _chosen_kind(readings, ~is_fitted)
        if kind == "linear":
            networks = fitted.networks.without_lstm()
            fitted = replace(fitted, networks=networks, parameters=0, reports=[])
            readings = replace(readings, errors=readings.errors[-1:])
    networks = fitted.networks
    usual = _usual(networks, readings, is_fitted, kind)
    baseline = None
    if kind != "linear":
        linear = replace(readings, errors=readings.errors[-1:])
        beside = Memories.fit(usual.without_lstm().statistics(linear), is_fitted)
        baseline = Baseline(beside, NOT_LEARNED)
    trial_rows = (split.fit[0][0], split.validation[-1][1])
    held_out = _held_out_errors(fitted, scaled, targets, split, readings.errors[:, ~is_fitted])
    return Model(
        kind=kind,
        sensors=series.sensors,
        step_seconds=None if series.step is None else float(series.step / np.timedelta64(1, "s")),
        max_fill=series.max_fill,
        resample=series.resample,
        look_ahead=settings.look_ahead,
        roles=roles,
        scaler=scaler,
        networks=networks,
        usual=usual,
        weights=trial_weights(networks, usual, scaled, trial_rows, for_trials),
        memories=Memories.fit(usual.statistics(readings), is_fitted),
        # Values of the calibration rows count as seen, too: one first move of a switch among them would
        # otherwise raise the threshold beyond all use. The proof of the budget does not cover novelty.
        novelty=NoveltyRule.fit(_stacked(series.values, series.segments), roles.ruled),
        sides=_sides(series, scaled, roles, first_split, settings),
        threshold=NOT_LEARNED,
        baseline=baseline,
        familiar=Familiar.fit(np.zeros(0), series.values[:1]),
        strangest=(),
        summary=_summary(series, split, window, fitted, training.trimmed, settings, why, held_out),
    )


def _usual(networks: Networks, readings: Readings, fitted: BoolArray, kind: str) -> Usual:
    held_out = np.nanmean(readings.errors[:, ~fitted] ** 2, axis=(1, 2))  # (S,)
    left_out = np.array([kind == "pure" and name == "linear" for name in networks.names])  # (S,)
    return Usual(
        networks=networks.names,
        errors=View.fit(readings.errors, fitted),
        shares=shares_of(networks.names, np.where(left_out, np.inf, held_out)),
        level=View.fit(readings.level, fitted),
        peers=Peers.fit(readings.level[0]),
    )


def _chosen_kind(readings: Readings, held_out: BoolArray) -> tuple[str, str]:
    """`lstm`, or `linear` where the LSTM forecasts held-out rows no better than that nothing changes; why."""
    changes = np.diff(readings.level[0], axis=0)[held_out[1:]]  # (n, F_t)
    nothing, forecast = np.nanmean(changes**2), np.nanmean(readings.errors[0][held_out] ** 2)
    better = 1.0 - float(forecast) / max(float(nothing), 1e-12)
    if better > 0:
        return "lstm", f"on held-out rows its forecast is {better:.0%} better than that nothing changes"
    return "linear", "the LSTM forecast held-out rows no better than that nothing changes"


def _scaled(series: Series, split: Split) -> tuple[Scaler, SensorRoles, Float32Array]:
    """Scaler and roles by the rows to fit to, and all rows scaled, (F_in, M)."""
    fit_rows = _stacked(series.values, split.fit)  # (rows, F)
    scaler, roles = _scaler(fit_rows, series.sensors), SensorRoles.find(fit_rows)
    # No window holds a NaN.
    return scaler, roles, np.nan_to_num(scaler.transform(series.values)[roles.inputs])


def _held_out_errors(
    fitted: Fitted, scaled: Float32Array, targets: BoolArray, split: Split, near: FloatArray
) -> dict[str, float]:
    """Mean squared errors on the validation rows of the LSTMs and of their linear counterparts, by task.

    A window is restored from as many numbers by either; the next row is forecast from the rows before it.
    """
    linear, starts = fitted.networks.linear, window_starts(split.validation, fitted.networks.window)
    found = {
        "forecast_linear": held_out_forecast_error(linear, scaled, targets, split.fit, split.validation),
        "window_linear": float(linear.errors(scaled, starts, fitted.code_size).mean()),
    }
    if fitted.reports:
        found["forecast_lstm"] = float(np.nanmean(near[0] ** 2))
        found["window_lstm"] = min(report.validation_loss for report in fitted.reports)
    return {name: value for name, value in sorted(found.items()) if np.isfinite(value)}


def plan(series: Series, settings: LearningSettings = DEFAULTS) -> tuple[Split, int]:
    """Which rows will serve for what, and the window. Raises NotEnoughDataError when they are too few."""
    split = _split(series)
    window = settings.window or _default_window(split)
    _require_windows(series, split, window)
    return split, window


def _scaler(fit_rows: FloatArray, sensors: tuple[str, ...]) -> Scaler:
    scaler = Scaler.fit(fit_rows)
    for name, scale, column in zip(sensors, scaler.scale, fit_rows.T, strict=True):
        if not np.isfinite(scale):
            raise TrainingError(
                f"'{name}' has readings of up to {np.abs(column).max():.3g}, too large to compute with",
                hint="leave those readings empty, or --exclude the sensor",
            )
    return scaler


def _sides(
    series: Series, scaled: Float32Array, roles: SensorRoles, split: Split, settings: LearningSettings
) -> Sides:
    """The rules beside the error, learned on the rows before the calibration rows."""
    values, rows = series.values[:, roles.targets], scaled[roles.targets[roles.inputs]].T.astype(np.float64)
    step = None if series.step is None else float(series.step / np.timedelta64(1, "s"))
    per_row = budget_of(settings, step).per_row(step)
    before = _joined((*split.fit, *split.validation))
    return Sides.fit(values, rows, before, per_row).tolerant(values, rows, split.calibration)


def _split(series: Series) -> Split:
    if not series.segments:
        raise NotEnoughDataError(
            "no row has a reading of every sensor, so there is nothing to learn from",
            hint="--exclude the sensors that are missing, or a longer file",
        )
    short = rows_in(series.segments) < SHORT_SERIES
    share = SHORT_CALIBRATION_SHARE if short else CALIBRATION_SHARE
    return split_chronologically(series.segments, VALIDATION_SHARE, share)


def _default_window(split: Split) -> int:
    smallest = min(rows_in(split.fit), rows_in(split.validation), rows_in(split.calibration))
    return int(np.clip(smallest // WINDOWS_A_PART, 2, LONGEST_DEFAULT_WINDOW))


def _require_windows(series: Series, split: Split, window: int) -> None:
    for name, segments in (
        ("fitting", split.fit),
        ("validation", split.validation),
        ("calibration", split.calibration),
    ):
        if not len(window_starts(segments, window)):
            raise NotEnoughDataError(
                f"{rows_in(series.segments)} usable rows are too few: the part for {name} has "
                f"{rows_in(segments)}, and a window is {window} rows without a gap",
                hint="more rows, or a smaller --window",
            )


def _stacked(values: FloatArray, segments: Segments) -> FloatArray:
    return np.concatenate([values[a:b] for a, b in segments])


def _read_training_rows(networks: Networks, scaled: Float32Array, split: Split) -> tuple[Readings, BoolArray]:
    """What the networks say of the last fitted rows and the validation rows; which of them were fitted."""
    end_of_fit, end = split.fit[-1][1], split.validation[-1][1]
    first = max(split.fit[0][0], end_of_fit - MOST_MEASURED_ROWS)
    last = min(end, end_of_fit + MOST_MEASURED_ROWS)
    parts, is_fitted = [], []
    for a, b in _joined((*cut(split.fit, first, end_of_fit), *cut(split.validation, end_of_fit, last))):
        parts.append(NetworkReader(networks).push(scaled[:, a:b]))
        is_fitted.append(np.arange(a, b) < end_of_fit)
    return Readings.joined(parts), np.concatenate(is_fitted)


def _joined(segments: Segments) -> Segments:
    """Segments with those that follow each other without a gap made one."""
    out: list[tuple[int, int]] = []
    for a, b in segments:
        if out and out[-1][1] == a:
            out[-1] = (out[-1][0], b)
        else:
            out.append((a, b))
    return tuple(out)


def _summary(
    series: Series,
    split: Split,
    window: int,
    fitted: Fitted,
    trimmed: Trimmed,
    settings: LearningSettings,
    why: str,
    held_out: dict[str, float],
) -> TrainingSummary:
    usable = [(a, b) for a, b in series.segments if b - a >= window]
    first, last = usable[0][0], usable[-1][1] - 1
    stamps = ("", "") if series.times is None else (str(series.times[first]), str(series.times[last]))
    rows = _stacked(series.values, tuple(usable))
    best = min(fitted.reports, key=lambda report: report.validation_loss, default=None)
    return TrainingSummary(
        rows=rows_in(usable),
        rows_left_out=len(series.row_of) - rows_in(usable),
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
        held_out=held_out,
        doubts=(),
        preset=settings.preset,
        why_kind=why,
        seed=settings.seed,
        first=stamps[0],
        last=stamps[1],
        lowest=tuple(map(float, rows.min(axis=0))),
        highest=tuple(map(float, rows.max(axis=0))),
        versions={"lstm-anomaly": __version__, "numpy": np.__version__, "python": platform.python_version()},
    )
