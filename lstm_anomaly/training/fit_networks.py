"""Fits the networks of a model to the training rows, each with its own generator of random numbers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from lstm_anomaly.base.processes import usable_cores
from lstm_anomaly.base.types import BoolArray, Float32Array
from lstm_anomaly.network.autoencoder import Params, init_autoencoder
from lstm_anomaly.network.forecaster import init_forecaster
from lstm_anomaly.network.linear import LinearAutoencoder
from lstm_anomaly.network.tracking import Forecaster
from lstm_anomaly.network.training.autoencoder_training import TrainingConfig, WindowLesson
from lstm_anomaly.network.training.batches import WindowBatches
from lstm_anomaly.network.training.forecaster_training import ChunkLesson, ForecastConfig, next_changes
from lstm_anomaly.network.training.jobs import Job, train_side_by_side
from lstm_anomaly.network.training.loop import EpochReport, Limits, train
from lstm_anomaly.network.training.progress import Keep
from lstm_anomaly.preparing.windows import Split, rows_in, window_starts
from lstm_anomaly.scoring.networks import Networks
from lstm_anomaly.training.settings import LearningSettings

DEFAULT_UPDATES = 600  # weight updates of the autoencoder, unless --epochs says otherwise
FORECASTER_UPDATES = 400
FORECASTER_HIDDEN = 64
MOST_EPOCHS = 40  # of the autoencoder by default: few windows are learned by heart long before 600 updates
MOST_READINGS = 400  # times that the forecaster reads a row by default, likewise
LEAST_UPDATES = 100
MOST_FIT_WINDOWS = 20_000  # more than this, and the default stride grows
MOST_VALIDATION_WINDOWS = 5_000  # more than this, and evenly spread ones are taken
WIDE_BATCH = 128  # windows a weight update
EDGE = 0.1  # of a sensor's range in the rows to fit to: so far outside of it the forecaster reads on
UNIT_FLOOR = 0.05  # of the median sensor: no sensor's changes may count for more in the forecaster's loss


OnEpoch = Callable[[str, EpochReport], None]  # called with the network's name after each of its epochs


@dataclass(frozen=True)
class Fitted:
    """Networks, and how fitting them went.

    stride      rows between two training windows of the autoencoder
    parameters  how many weights were fitted
    reports     the autoencoder's epochs; none in a linear model
    timed_out   names of the networks whose training `max_train_time` ended
    """

    networks: Networks
    stride: int
    parameters: int
    reports: list[EpochReport]
    timed_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class FitRows:
    """What networks are fitted to.

    scaled   (F, M) rows without a NaN
    targets  (F,) which of the sensors are to be forecast
    split    which rows are for fitting, for validation and for calibration
    window   rows of a window
    start    networks whose weights training goes on from, where they have the same shapes
    """

    scaled: Float32Array
    targets: BoolArray
    split: Split
    window: int
    start: Networks | None = None


def fit_networks(
    rows: FitRows,
    settings: LearningSettings,
    rng: np.random.Generator,
    on_epoch: OnEpoch | None = None,
    keep: Keep | None = None,
) -> Fitted:
    """Fit all networks of a model. `keep` keeps the progress, so that a run that is broken off can go on."""
    scaled, split, window = rows.scaled, rows.split, rows.window
    for_autoencoder, for_forecaster = rng.spawn(2)
    starts = window_starts(split.fit, window)
    linear = LinearAutoencoder.fit(scaled, starts, window)
    if settings.kind == "linear":
        size = linear.components.size + linear.mean.size
        return Fitted(Networks(window, rows.targets, linear), 1, size, [])
    stride = settings.stride or max(1, -(-len(starts) // MOST_FIT_WINDOWS))
    autoencoder = _autoencoder_job(rows, stride, settings, for_autoencoder, keep)
    epochs = _default_epochs(settings, len(window_starts(split.fit, window, stride)))
    share = (settings.epochs or epochs) / epochs  # of the default training, that both networks get
    job, forecaster = _forecaster_job(rows, settings, share, for_forecaster, keep)
    jobs = [autoencoder, job] if settings.trained else []
    reports = train_side_by_side(jobs, on_epoch, usable_cores(), settings.max_train_time)
    weights = [*autoencoder.params.values(), *forecaster.params.values()]
    networks = Networks(window, rows.targets, linear, forecaster, autoencoder.params)
    timed_out = tuple(name for name, made in reports.items() if any(report.timed_out for report in made))
    size = sum(array.size for array in weights)
    return Fitted(networks, stride, size, reports.get("autoencoder", []), timed_out)


def _autoencoder_job(
    rows: FitRows,
    stride: int,
    settings: LearningSettings,
    rng: np.random.Generator,
    keep: Keep | None,
) -> Job:
    scaled, split, window = rows.scaled, rows.split, rows.window
    params = init_autoencoder(rng, len(scaled), settings.hidden, settings.layers)
    params = _warm(params, rows.start.autoencoder if rows.start else None)
    fit, validation = window_starts(split.fit, window, stride), window_starts(split.validation, window)
    validation = validation[:: max(1, -(-len(validation) // MOST_VALIDATION_WINDOWS))]
    config = _training_config(settings, len(fit))
    # The forecaster, which is done first, takes one core; where batches are wide enough for halves of them
    # to be worth a process each, two share the rest of the time.
    least = 2 if settings.batch_size >= WIDE_BATCH else 1
    spare = min(usable_cores(), max(least, usable_cores() - 1))

    def train_it(params: Params, seconds: float | None) -> Iterator[EpochReport]:
        lesson = WindowLesson(params, WindowBatches(scaled, window), (fit, validation), config, spare)
        yield from train(lesson, config, rng, Limits(seconds, keep))

    return Job("autoencoder", params, train_it)


def _warm(drawn: Params, before: Params | None) -> Params:
    """The weights that were learned before, where they have the shapes of those that were drawn."""
    if before is None or {k: v.shape for k, v in before.items()} != {k: v.shape for k, v in drawn.items()}:
        return drawn
    return {name: before[name].astype(array.dtype).copy() for name, array in drawn.items()}


def _training_config(settings: LearningSettings, windows: int) -> TrainingConfig:
    epochs = settings.epochs or _default_epochs(settings, windows)
    patience = max(3, epochs // 4) if settings.patience is None else settings.patience
    return TrainingConfig(
        epochs=epochs,
        batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        patience=patience,
        weight_decay=settings.weight_decay,
    )


def _default_epochs(settings: LearningSettings, windows: int) -> int:
    updates_an_epoch = -(-windows // settings.batch_size)
    wanted = -(-DEFAULT_UPDATES * settings.effort // updates_an_epoch)
    return int(np.clip(wanted, 3, max(3, MOST_EPOCHS * settings.effort)))


def _forecaster_updates(rows: int) -> int:
    """Weight updates of the forecaster by default, for this many rows to fit to."""
    chunk = ForecastConfig.batch_size * min(ForecastConfig.steps, max(16, rows // 3))
    return int(np.clip(MOST_READINGS * rows // chunk, LEAST_UPDATES, FORECASTER_UPDATES))


def _forecaster_job(
    rows: FitRows,
    settings: LearningSettings,
    share: float,
    rng: np.random.Generator,
    keep: Keep | None,
) -> tuple[Job, Forecaster]:
    """The job, with a `share` of the default weight updates, and the forecaster that it trains."""
    scaled, targets, split = rows.scaled, rows.targets, rows.split
    lowest = np.min([scaled[:, a:b].min(axis=1) for a, b in split.fit], axis=0)  # (F,)
    highest = np.max([scaled[:, a:b].max(axis=1) for a, b in split.fit], axis=0)  # (F,)
    edge = np.float32(EDGE) * (highest - lowest)  # (F,)
    params = init_forecaster(rng, len(scaled), FORECASTER_HIDDEN, int(targets.sum()))
    before = rows.start.forecaster if rows.start else None
    params = _warm(params, before.params if before else None)
    changes = next_changes(scaled[targets], split.fit)  # (F_t, M)
    unit = np.sqrt(np.nanmean(changes.astype(np.float64) ** 2, axis=1))  # (F_t,)
    unit = np.maximum(unit, max(UNIT_FLOOR * float(np.median(unit)), 1e-4))
    held_out = next_changes(scaled[targets], split.validation)
    fit, validation = ((part / unit[:, np.newaxis]).astype(np.float32) for part in (changes, held_out))
    updates = max(1, round(_forecaster_updates(rows_in(split.fit)) * settings.effort * share))
    config = ForecastConfig(updates=updates, weight_decay=settings.weight_decay)
    parts = (split.fit, split.validation)
    forecaster = Forecaster(params, unit, targets, lowest - edge, highest + edge)
    read = forecaster.read(scaled)  # (F, M)

    def train_it(params: Params, seconds: float | None) -> Iterator[EpochReport]:
        lesson = ChunkLesson(params, read, (fit, validation), parts, config)
        yield from train(lesson, config, rng, Limits(seconds, keep))

    return Job("forecaster", params, train_it), forecaster
