"""Training, from a clean series to a model: split, scale, fit, measure what is usual, set the threshold."""

import platform
from dataclasses import replace
from itertools import pairwise

import numpy as np

from lstm_anomaly.decision.budget import DEFAULT_BUDGET, DEFAULT_ROW_BUDGET, Budget
from lstm_anomaly.decision.calibration import learn_threshold
from lstm_anomaly.decision.threshold import Threshold
from lstm_anomaly.errors import NotEnoughDataError, TrainingError
from lstm_anomaly.fitting import Fitted, OnEpoch, fit_networks
from lstm_anomaly.judging import judge
from lstm_anomaly.model import Model, TrainingSummary
from lstm_anomaly.network_reader import NetworkReader, Networks
from lstm_anomaly.scoring.distance import LatentDistance
from lstm_anomaly.scoring.novelty import NoveltyRule
from lstm_anomaly.scoring.peers import Peers
from lstm_anomaly.scoring.readings import Readings
from lstm_anomaly.scoring.scaler import Scaler
from lstm_anomaly.scoring.score import Bounds
from lstm_anomaly.scoring.sensors import SensorRoles
from lstm_anomaly.scoring.sides import Sides
from lstm_anomaly.scoring.statistics import Usual, View
from lstm_anomaly.settings import DEFAULTS, LearningSettings
from lstm_anomaly.types import BoolArray, Float32Array, FloatArray, Segments, Series
from lstm_anomaly.version import __version__
from lstm_anomaly.windows import Split, cut, rows_in, split_chronologically, window_starts

VALIDATION_SHARE = 0.1
CALIBRATION_SHARE = 0.25
SHORT_SERIES = 4000  # usable rows below which no usual budget can be certified: rows rather serve the fit
SHORT_CALIBRATION_SHARE = 0.15
LONGEST_DEFAULT_WINDOW = 24  # rows
WINDOWS_A_PART = 2  # the default window is at most this fraction of the smallest part of the split
MOST_MEASURED_ROWS = 20_000  # of the fitted rows, the last so many tell what is usual

_NOT_LEARNED = learn_threshold(
    np.ones(1),
    budget=Budget.parse(DEFAULT_ROW_BUDGET),
    step_seconds=None,
    merge_gap=0,
    method="fixed",
    level=1.0,
)


def learn(
    series: Series,
    settings: LearningSettings = DEFAULTS,
    on_epoch: OnEpoch | None = None,
) -> Model:
    """Train a model on rows that are mostly normal.

    `on_epoch` is called with a network's name after each of its epochs. Raises NotEnoughDataError when
    the series is too short, TrainingError when a loss stops being finite, ThresholdError when no
    threshold can be learned.
    """
    split = _split(series)
    window = settings.window or _default_window(split)
    _require_windows(series, split, window)
    fit_rows = _stacked(series.values, split.fit)  # (rows, F)
    scaler, roles = _scaler(fit_rows, series.sensors), SensorRoles.find(fit_rows)
    scaled = np.nan_to_num(scaler.transform(series.values)[roles.inputs])  # (F_in, M); no window holds a NaN
    targets = roles.targets[roles.inputs]
    fitted = fit_networks(scaled, targets, split, window, settings, on_epoch)
    readings, is_fitted = _read_training_rows(fitted.networks, scaled, split)
    usual = Usual(
        near=View.fit(readings.near, is_fitted),
        level=View.fit(readings.level, is_fitted),
        slow=View.fit(readings.slow, is_fitted),
        latent=LatentDistance.fit(readings.latent[np.isfinite(readings.latent).all(axis=1)]),
        peers=Peers.fit(readings.level[0]),
    )
    model = Model(
        kind=settings.kind,
        sensors=series.sensors,
        step_seconds=None if series.step is None else float(series.step / np.timedelta64(1, "s")),
        max_fill=series.max_fill,
        resample=series.resample,
        look_ahead=settings.look_ahead,
        roles=roles,
        scaler=scaler,
        networks=fitted.networks,
        usual=usual,
        bounds=Bounds.fit(usual.statistics(readings)[0]),
        # Values of the calibration rows count as seen, too: one first move of a switch among them would
        # otherwise raise the threshold beyond all use. The proof of the budget does not cover novelty.
        novelty=NoveltyRule.fit(_stacked(series.values, series.segments), roles.ruled),
        sides=_sides(series, scaled, roles, split, settings),
        threshold=_NOT_LEARNED,
        summary=_summary(series, split, window, fitted, readings.near[:, ~is_fitted], settings),
    )
    return replace(model, threshold=_threshold_of_training(model, series, split, settings))


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
    per_row = _budget(settings, step).per_row(step)
    before = _joined((*split.fit, *split.validation))
    return Sides.fit(values, rows, before, per_row).tolerant(values, rows, split.calibration)


def _budget(settings: LearningSettings, step_seconds: float | None) -> Budget:
    return settings.budget or Budget.parse(DEFAULT_ROW_BUDGET if step_seconds is None else DEFAULT_BUDGET)


def calibrated(model: Model, series: Series, settings: LearningSettings) -> Model:
    """The model with the threshold that keeps the budget on all rows of `series`; weights stay.

    None of the rows may have been trained on. What reads flat or is outside anything seen is widened where
    these normal rows call for it.
    """
    targets, inputs = model.roles.targets, model.roles.inputs
    scaled = model.scaler.transform(series.values)[inputs][targets[inputs]].T.astype(np.float64)
    sides = model.sides.tolerant(series.values[:, targets], scaled, series.segments)
    model = replace(model, sides=sides)
    return replace(model, threshold=_learned(model, series, series.segments, settings))


def _threshold_of_training(
    model: Model, series: Series, split: Split, settings: LearningSettings
) -> Threshold:
    """The same on the calibration rows; the validation rows before them fill the memories."""
    run_up = cut(series.segments, split.validation[0][0], split.calibration[-1][1])
    return _learned(model, replace(series, segments=run_up), split.calibration, settings)


def _learned(model: Model, series: Series, counted: Segments, settings: LearningSettings) -> Threshold:
    """Judge the segments of `series`, and learn the threshold from the scores of the `counted` ones."""
    raw = judge(replace(model, threshold=_NOT_LEARNED), series).scores  # (M,) NaN outside the segments
    first, last = counted[0][0], counted[-1][1]
    inside = np.zeros(len(raw), dtype=np.bool_)
    for a, b in counted:
        inside[a:b] = True
    return learn_threshold(
        np.where(inside, raw, np.nan)[first:last],
        budget=_budget(settings, model.step_seconds),
        step_seconds=model.step_seconds,
        merge_gap=max(model.window, settings.merge_gap),
        method=settings.threshold_method,
        confidence=settings.confidence,
        level=settings.threshold_level,
        breaks=tuple(b[0] - first for a, b in pairwise(counted) if a[1] == b[0]),
    )


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
    held_out: FloatArray,
    settings: LearningSettings,
) -> TrainingSummary:
    usable = [(a, b) for a, b in series.segments if b - a >= window]
    first, last = usable[0][0], usable[-1][1] - 1
    stamps = ("", "") if series.times is None else (str(series.times[first]), str(series.times[last]))
    best = min(fitted.reports, key=lambda report: report.validation_loss, default=None)
    names = ("forecaster", "linear")[-len(held_out) :]
    return TrainingSummary(
        rows=rows_in(usable),
        rows_left_out=len(series.row_of) - rows_in(usable),
        fit_rows=rows_in(split.fit),
        validation_rows=rows_in(split.validation),
        calibration_rows=rows_in(split.calibration),
        stride=fitted.stride,
        parameters=fitted.parameters,
        losses=tuple(report.loss for report in fitted.reports),
        validation_losses=tuple(report.validation_loss for report in fitted.reports),
        best_epoch=best.epoch if best else 0,
        near_errors={
            name: float(np.nanmean(errors**2)) for name, errors in zip(names, held_out, strict=False)
        },
        seed=settings.seed,
        first=stamps[0],
        last=stamps[1],
        versions={"lstm-anomaly": __version__, "numpy": np.__version__, "python": platform.python_version()},
    )
