"""Fits the networks of a model to the training rows, each with its own generator of random numbers."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lstm_anomaly.network.autoencoder import Params, init_autoencoder
from lstm_anomaly.network.forecast_training import ForecastConfig, next_changes, train_forecaster
from lstm_anomaly.network.forecaster import init_forecaster
from lstm_anomaly.network.linear import LinearAutoencoder
from lstm_anomaly.network.resuming import Keep
from lstm_anomaly.network.tracking import Forecaster
from lstm_anomaly.network.training import EpochReport, TrainingConfig, train
from lstm_anomaly.network_reader import Networks
from lstm_anomaly.settings import LearningSettings
from lstm_anomaly.types import BoolArray, Float32Array, Segments
from lstm_anomaly.windows import Split, window_starts

DEFAULT_UPDATES = 600  # weight updates of the autoencoder, unless --epochs says otherwise
FORECASTER_UPDATES = 400
FORECASTER_HIDDEN = 64
MOST_FIT_WINDOWS = 20_000  # more than this, and the default stride grows
REACHED_BY = 0.99  # share of the rows that fixes how much a reading counts for in a slow mean
UNIT_FLOOR = 0.05  # of the median sensor: no sensor's changes may count for more in the forecaster's loss


OnEpoch = Callable[[str, EpochReport], None]  # called with the network's name after each of its epochs


@dataclass(frozen=True)
class Fitted:
    """Networks, and how fitting them went.

    stride      rows between two training windows of the autoencoder
    parameters  how many weights were fitted
    reports     the autoencoder's epochs; none in a linear model
    """

    networks: Networks
    stride: int
    parameters: int
    reports: list[EpochReport]

    @property
    def code_size(self) -> int:
        """How many numbers a window is squeezed into by the autoencoder, or by the components without one."""
        if self.networks.autoencoder is None:
            return len(self.networks.linear.components)
        return int(self.networks.autoencoder["encoder.0.W_h"].shape[1])


def fit_networks(
    scaled: Float32Array,
    targets: BoolArray,
    split: Split,
    window: int,
    settings: LearningSettings,
    on_epoch: OnEpoch | None,
    keep: Keep | None = None,
) -> Fitted:
    """Fit to scaled rows (F, M); of the sensors F, those where `targets` are to be forecast.

    `keep` keeps the progress, so that a run that is broken off can go on.
    """
    for_autoencoder, for_forecaster = np.random.default_rng(settings.seed).spawn(2)
    starts = window_starts(split.fit, window)
    linear = LinearAutoencoder.fit(scaled, starts, window)
    fit_rows = np.concatenate([scaled[targets, a:b] for a, b in split.fit], axis=1)  # (F_t, rows)
    reach = np.maximum(np.quantile(np.abs(fit_rows), REACHED_BY, axis=1), 1.0).astype(np.float64)
    if settings.kind == "linear":
        size = linear.components.size + linear.mean.size
        return Fitted(Networks(window, targets, reach, linear), 1, size, [])
    stride = settings.stride or max(1, -(-len(starts) // MOST_FIT_WINDOWS))
    autoencoder, reports = _fit_autoencoder(
        scaled, split, window, stride, settings, on_epoch, for_autoencoder, keep
    )
    forecaster = _fit_forecaster(scaled, targets, split, settings, on_epoch, for_forecaster, keep)
    weights = [*autoencoder.values(), *forecaster.params.values()]
    networks = Networks(window, targets, reach, linear, forecaster, autoencoder)
    return Fitted(networks, stride, sum(array.size for array in weights), reports)


def _fit_autoencoder(
    scaled: Float32Array,
    split: Split,
    window: int,
    stride: int,
    settings: LearningSettings,
    on_epoch: OnEpoch | None,
    rng: np.random.Generator,
    keep: Keep | None,
) -> tuple[Params, list[EpochReport]]:
    params = init_autoencoder(rng, len(scaled), settings.hidden, settings.layers)
    fit_starts = window_starts(split.fit, window, stride)
    config = _training_config(settings, len(fit_starts))
    reports = []
    for report in train(
        params, scaled, fit_starts, window_starts(split.validation, window), window, config, rng, keep=keep
    ):
        reports.append(report)
        if on_epoch:
            on_epoch("autoencoder", report)
    return params, reports


def _training_config(settings: LearningSettings, windows: int) -> TrainingConfig:
    updates_an_epoch = -(-windows // settings.batch_size)
    epochs = settings.epochs or int(np.clip(-(-DEFAULT_UPDATES // updates_an_epoch), 3, 200))
    patience = max(3, epochs // 4) if settings.patience is None else settings.patience
    return TrainingConfig(
        epochs=epochs,
        batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        patience=patience,
        weight_decay=settings.weight_decay,
        schedule="cosine",
    )


def _fit_forecaster(
    scaled: Float32Array,
    targets: BoolArray,
    split: Split,
    settings: LearningSettings,
    on_epoch: OnEpoch | None,
    rng: np.random.Generator,
    keep: Keep | None,
) -> Forecaster:
    params = init_forecaster(rng, len(scaled), FORECASTER_HIDDEN, int(targets.sum()))
    changes = next_changes(scaled[targets], split.fit)  # (F_t, M)
    unit = np.sqrt(np.nanmean(changes.astype(np.float64) ** 2, axis=1))  # (F_t,)
    unit = np.maximum(unit, max(UNIT_FLOOR * float(np.median(unit)), 1e-4))
    held_out = next_changes(scaled[targets], split.validation)
    in_units = tuple((part / unit[:, np.newaxis]).astype(np.float32) for part in (changes, held_out))
    config = ForecastConfig(updates=FORECASTER_UPDATES, weight_decay=settings.weight_decay)
    parts: tuple[Segments, Segments] = (split.fit, split.validation)
    for report in train_forecaster(params, scaled, (in_units[0], in_units[1]), parts, config, rng, keep):
        if on_epoch:
            on_epoch("forecaster", report)
    return Forecaster(params, unit, targets)
