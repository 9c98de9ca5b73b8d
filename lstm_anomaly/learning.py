"""Training, from a clean series to a model: split, scale, fit, measure what is usual, set the threshold."""

import platform
from dataclasses import dataclass, replace

import numpy as np

from lstm_anomaly.calibrating import NOT_LEARNED, budget_of, calibrate_on
from lstm_anomaly.decision.drift import Familiar
from lstm_anomaly.doubts import doubts
from lstm_anomaly.errors import TrainingError
from lstm_anomaly.fitting import Fitted, OnEpoch, fit_networks
from lstm_anomaly.measuring import chosen_kind, held_out_errors, read_training_rows, usual_of
from lstm_anomaly.model import Baseline, Model, TrainingSummary, with_clock
from lstm_anomaly.network.resuming import Keep
from lstm_anomaly.planning import is_short, joined, plan, planned_again, require_windows
from lstm_anomaly.scoring.clock import LEAST_SHARE, clock_rows, share_told_by_clock
from lstm_anomaly.scoring.novelty import NoveltyRule
from lstm_anomaly.scoring.scaler import Scaler
from lstm_anomaly.scoring.score import Memories
from lstm_anomaly.scoring.sensors import SensorRoles
from lstm_anomaly.scoring.sides import Sides
from lstm_anomaly.settings import DEFAULTS, LearningSettings
from lstm_anomaly.trials import trial_weights
from lstm_anomaly.trimming import Trimmed, trim
from lstm_anomaly.types import Float32Array, FloatArray, Segments, Series
from lstm_anomaly.version import __version__
from lstm_anomaly.windows import Split, cut, rows_in


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
        require_windows(series, split, window)
    if settings.max_train_time is not None and is_short(series):  # networks may be fitted twice
        settings = replace(settings, max_train_time=settings.max_train_time / 2)
    clock = _follows_clock(series, split)
    training = _Training(series, window, trimmed, clock, settings, on_epoch, keep)
    model = _fitted(training, split, split)
    # The validation rows before the calibration rows fill the memories.
    run_up = cut(series.segments, split.validation[0][0], split.calibration[-1][1])
    model, raw = calibrate_on(model, series, run_up, split.calibration, settings)
    if is_short(series) and not model.threshold.certified:
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
    clock: bool
    settings: LearningSettings
    on_epoch: OnEpoch | None
    keep: Keep | None


def _fitted_again(training: _Training, model: Model, split: Split) -> Model:
    """The model with networks that are fitted to all but the last rows, calibration rows included.

    Rows that are too few to prove the budget are worth more in the fit. What the scores of the first fit
    taught, of rows that it never saw, stays: the threshold and what goes with it.
    """
    refitted = _fitted(training, planned_again(split), split)
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
    sides = _sides(series, scaled[targets], roles, first_split, settings)
    if training.clock and series.times is not None:
        scaled = np.concatenate([scaled, clock_rows(series.times)])
        targets = with_clock(targets)
    for_networks, for_trials = np.random.default_rng(settings.seed).spawn(2)
    fitted = fit_networks(
        scaled, targets, split, window, settings, training.on_epoch, for_networks, training.keep
    )
    readings, is_fitted = read_training_rows(fitted.networks, scaled, split)
    kind, why = settings.kind, "as asked for"
    if kind == "auto":
        kind, why = chosen_kind(readings, ~is_fitted)
        if kind == "linear":
            networks = fitted.networks.without_lstm()
            fitted = replace(fitted, networks=networks, parameters=0, reports=[])
            readings = replace(readings, errors=readings.errors[-1:])
    networks = fitted.networks
    usual = usual_of(networks, readings, is_fitted, kind)
    baseline = None
    if kind != "linear":
        linear = replace(readings, errors=readings.errors[-1:])
        beside = Memories.fit(usual.without_lstm().of_stretch(linear), is_fitted)
        baseline = Baseline(beside, NOT_LEARNED)
    trial_rows = (split.fit[0][0], split.validation[-1][1])
    held_out = held_out_errors(fitted, scaled, targets, split, readings.errors[:, ~is_fitted])
    return Model(
        kind=kind,
        sensors=series.sensors,
        step_seconds=None if series.step is None else float(series.step / np.timedelta64(1, "s")),
        max_fill=series.max_fill,
        resample=series.resample,
        look_ahead=settings.look_ahead,
        clock=training.clock,
        roles=roles,
        scaler=scaler,
        networks=networks,
        usual=usual,
        weights=trial_weights(networks, usual, scaled, trial_rows, for_trials),
        memories=Memories.fit(usual.of_stretch(readings), is_fitted),
        # Values of the calibration rows count as seen, too: one first move of a switch among them would
        # otherwise raise the threshold beyond all use. The proof of the budget does not cover novelty.
        novelty=NoveltyRule.fit(_stacked(series.values, series.segments), roles.ruled),
        sides=sides,
        threshold=NOT_LEARNED,
        baseline=baseline,
        familiar=Familiar.fit(np.zeros(0), series.values[:1]),
        strangest=(),
        summary=_summary(series, split, window, fitted, training.trimmed, settings, why, held_out),
    )


def _scaled(series: Series, split: Split) -> tuple[Scaler, SensorRoles, Float32Array]:
    """Scaler and roles by the rows to fit to, and all rows scaled, (F_in, M)."""
    fit_rows = _stacked(series.values, split.fit)  # (rows, F)
    scaler, roles = _scaler(fit_rows, series.sensors), SensorRoles.find(fit_rows)
    # No window holds a NaN.
    return scaler, roles, np.nan_to_num(scaler.transform(series.values)[roles.inputs])


def _follows_clock(series: Series, split: Split) -> bool:
    """Whether the networks get the time of day."""
    if series.times is None:
        return False
    _scaler, roles, scaled = _scaled(series, split)
    moving = scaled[roles.targets[roles.inputs]]  # (F_t, M)
    return share_told_by_clock(moving, series.times, split.fit, split.validation) >= LEAST_SHARE


def _scaler(fit_rows: FloatArray, sensors: tuple[str, ...]) -> Scaler:
    scaler = Scaler.fit(fit_rows)
    for name, scale, column in zip(sensors, scaler.scale, fit_rows.T, strict=True):
        if not np.isfinite(scale):
            raise TrainingError(
                f"'{name}' has readings of up to {np.abs(column).max():.3g}, too large to compute with",
                hint="leave those readings empty, or --exclude the sensor",
            )
    return scaler


def _stacked(values: FloatArray, segments: Segments) -> FloatArray:
    return np.concatenate([values[a:b] for a, b in segments])


def _sides(
    series: Series, moving: Float32Array, roles: SensorRoles, split: Split, settings: LearningSettings
) -> Sides:
    """The rules beside the error, learned on the rows before the calibration rows; moving (F_t, M) scaled."""
    values, rows = series.values[:, roles.targets], moving.T.astype(np.float64)
    step = None if series.step is None else float(series.step / np.timedelta64(1, "s"))
    per_row = budget_of(settings, step).per_row(step)
    before = joined((*split.fit, *split.validation))
    return Sides.fit(values, rows, before, per_row).tolerant(values, rows, split.calibration)


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
