"""Training, from a clean series to a model: split, scale, fit, measure the usual error, set the threshold."""

import platform
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from lstm_anomaly.decision.budget import DEFAULT_BUDGET, DEFAULT_ROW_BUDGET, Budget
from lstm_anomaly.decision.calibration import learn_threshold
from lstm_anomaly.decision.threshold import Threshold
from lstm_anomaly.errors import NotEnoughDataError
from lstm_anomaly.judging import judge
from lstm_anomaly.model import Model, TrainingSummary
from lstm_anomaly.network.autoencoder import Params, init_autoencoder
from lstm_anomaly.network.row_scoring import reconstruct_at
from lstm_anomaly.network.training import EpochReport, TrainingConfig, train
from lstm_anomaly.scoring.errors import error_unit
from lstm_anomaly.scoring.scaler import Scaler
from lstm_anomaly.types import Float32Array, FloatArray, Series
from lstm_anomaly.version import __version__
from lstm_anomaly.windows import Segments, Split, rows_in, split_chronologically, window_starts

VALIDATION_SHARE = 0.15
CALIBRATION_SHARE = 0.25
LONGEST_DEFAULT_WINDOW = 24  # short windows score best; see docs/how-it-scores.md
SHORTEST_WINDOW = 2
WINDOWS_A_PART = 4  # a window is at most this fraction of the smallest part of the split
DEFAULT_UPDATES = 1500  # weight updates that training may take, unless --epochs says otherwise
MOST_FIT_WINDOWS = 20_000  # more than this, and the default stride grows


@dataclass(frozen=True)
class LearningSettings:
    """What the user may overrule; None is chosen from the data."""

    window: int | None = None
    stride: int | None = None
    hidden: int = 32
    layers: int = 1
    epochs: int | None = None
    batch_size: int = 64
    learning_rate: float = 3e-3
    patience: int | None = None
    weight_decay: float = 0.0
    seed: int = 0
    budget: Budget | None = None
    confidence: float = 0.9
    threshold_method: str = "episodes"
    threshold_level: float | None = None
    merge_gap: int = 0


def learn(
    series: Series,
    settings: LearningSettings = LearningSettings(),
    on_epoch: Callable[[EpochReport], None] | None = None,
) -> Model:
    """Train a model on rows that are mostly normal.

    `on_epoch` is called after each epoch. Raises NotEnoughDataError when the series is too short,
    TrainingError when the loss stops being finite, ThresholdError when no threshold can be learned.
    """
    if not series.segments:
        raise NotEnoughDataError(
            "no row has a reading of every sensor, so there is nothing to learn from",
            hint="--exclude the sensors that are missing, or a longer file",
        )
    split = split_chronologically(series.segments, VALIDATION_SHARE, CALIBRATION_SHARE)
    window = settings.window or _default_window(split)
    _require_windows(series, split, window)
    stride = settings.stride or _default_stride(split.fit, window)
    scaler = Scaler.fit(_stacked(series.values, split.fit))
    scaled = np.nan_to_num(scaler.transform(series.values))  # (F, M); no window holds a NaN row
    rng = np.random.default_rng(settings.seed)
    params = init_autoencoder(rng, len(series.sensors), settings.hidden, settings.layers)
    fit_starts = window_starts(split.fit, window, stride)
    validation_starts = window_starts(split.validation, window)
    config = _training_config(settings, len(fit_starts))
    reports = []
    for report in train(params, scaled, fit_starts, validation_starts, window, config, rng):
        reports.append(report)
        if on_epoch:
            on_epoch(report)
    model = Model(
        sensors=series.sensors,
        step_seconds=_seconds(series.step),
        window=window,
        hidden=settings.hidden,
        layers=settings.layers,
        params=params,
        scaler=scaler,
        error_unit=_usual_error(params, scaled, split, window),
        threshold=_NOT_LEARNED,
        summary=_summary(series, split, stride, window, params, reports, settings.seed),
    )
    return replace(model, threshold=calibrated(model, series, split.calibration, settings))


_NOT_LEARNED = learn_threshold(
    np.ones(1),
    budget=Budget.parse(DEFAULT_ROW_BUDGET),
    step_seconds=None,
    merge_gap=0,
    method="fixed",
    level=1.0,
)


def calibrated(model: Model, series: Series, segments: Segments, settings: LearningSettings) -> Threshold:
    """The threshold that keeps the budget on `segments`, rows that the weights were not fitted to."""
    rows = replace(series, segments=segments)
    raw = judge(replace(model, threshold=_NOT_LEARNED), rows).scores  # (M,) NaN outside the segments
    first, last = segments[0][0], segments[-1][1]
    default = DEFAULT_ROW_BUDGET if model.step_seconds is None else DEFAULT_BUDGET
    return learn_threshold(
        raw[first:last],
        budget=settings.budget or Budget.parse(default),
        step_seconds=model.step_seconds,
        merge_gap=max(model.window, settings.merge_gap),
        method=settings.threshold_method,
        confidence=settings.confidence,
        level=settings.threshold_level,
        breaks=tuple(b[0] - first for a, b in pairwise(segments) if a[1] == b[0]),
    )


def _default_window(split: Split) -> int:
    smallest = min(rows_in(split.fit), rows_in(split.validation), rows_in(split.calibration))
    return int(np.clip(smallest // WINDOWS_A_PART, SHORTEST_WINDOW, LONGEST_DEFAULT_WINDOW))


def _default_stride(fit: Segments, window: int) -> int:
    return max(1, -(-len(window_starts(fit, window)) // MOST_FIT_WINDOWS))


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


def _training_config(settings: LearningSettings, windows: int) -> TrainingConfig:
    updates_an_epoch = -(-windows // settings.batch_size)
    epochs = settings.epochs or int(np.clip(-(-DEFAULT_UPDATES // updates_an_epoch), 3, 400))
    patience = max(3, epochs // 5) if settings.patience is None else settings.patience
    return TrainingConfig(
        epochs=epochs,
        batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        patience=patience,
        weight_decay=settings.weight_decay,
    )


def _stacked(values: FloatArray, segments: Segments) -> FloatArray:
    return np.concatenate([values[a:b] for a, b in segments])


def _usual_error(params: Params, scaled: Float32Array, split: Split, window: int) -> FloatArray:
    """Squared error of the judged row over all fit and validation windows, reduced to one a sensor."""
    squared = []
    for a, b in (*split.fit, *split.validation):
        if b - a >= window:
            expected = reconstruct_at(params, scaled[:, a:b], window)[0]  # (windows, F)
            squared.append((scaled[:, a + window - 1 : b].T.astype(np.float64) - expected) ** 2)
    return error_unit(np.concatenate(squared))


def _seconds(step: np.timedelta64 | None) -> float | None:
    return None if step is None else float(step / np.timedelta64(1, "s"))


def _summary(
    series: Series,
    split: Split,
    stride: int,
    window: int,
    params: Params,
    reports: list[EpochReport],
    seed: int,
) -> TrainingSummary:
    usable = [(a, b) for a, b in series.segments if b - a >= window]
    first, last = usable[0][0], usable[-1][1] - 1
    stamps = ("", "") if series.times is None else (str(series.times[first]), str(series.times[last]))
    best = min(reports, key=lambda report: report.validation_loss)
    return TrainingSummary(
        rows=rows_in(usable),
        rows_left_out=len(series.row_of) - rows_in(usable),
        fit_rows=rows_in(split.fit),
        validation_rows=rows_in(split.validation),
        calibration_rows=rows_in(split.calibration),
        stride=stride,
        parameters=sum(weights.size for weights in params.values()),
        losses=tuple(report.loss for report in reports),
        validation_losses=tuple(report.validation_loss for report in reports),
        best_epoch=best.epoch,
        seed=seed,
        first=stamps[0],
        last=stamps[1],
        versions={"lstm-anomaly": __version__, "numpy": np.__version__, "python": platform.python_version()},
    )
