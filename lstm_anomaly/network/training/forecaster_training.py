"""Training data of the forecaster: random chunks of the rows, and the rows that follow."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lstm_anomaly.base.types import Array
from lstm_anomaly.network.following import RUN_UP, first_state, follow
from lstm_anomaly.network.forecaster import Params, chunk_buffers, forecast_loss_and_gradients
from lstm_anomaly.network.training.optim import warmed_cosine
from lstm_anomaly.network.training.progress import digest_of

Segments = Sequence[tuple[int, int]]

SETTLING = 8  # first steps of a chunk that do not count: the state knows too little yet


@dataclass(frozen=True)
class ForecastConfig:
    """How to train a forecaster.

    updates        weight updates in all, in about `rounds` epochs, after each of which it is validated
    steps          rows of a chunk, through which gradients flow
    batch_size     chunks an update
    learning_rate  at its highest: it rises over the first 20 updates, then falls as a cosine to 5 %
    clip_norm, weight_decay, patience   see `loop.Plan`
    """

    updates: int = 500
    rounds: int = 8
    steps: int = 128
    batch_size: int = 16
    learning_rate: float = 5e-3
    clip_norm: float = 1.0
    weight_decay: float = 0.0
    patience: int = 0

    @property
    def updates_an_epoch(self) -> int:
        """Weight updates between two validations."""
        return max(1, self.updates // self.rounds)

    @property
    def epochs(self) -> int:
        """How many epochs there are; the last one has fewer updates where they do not come out even."""
        return -(-self.updates // self.updates_an_epoch)

    def rate_at(self, update: int) -> float:
        """Learning rate of one update, counted from 0."""
        return warmed_cosine(self.learning_rate, update, self.updates, 0.05)


def next_changes(rows: Array, segments: Segments) -> Array:
    """For each row (F, M) the change to the next one, (F, M); NaN for the last row of each segment."""
    out = np.full(rows.shape, np.nan, dtype=rows.dtype)
    for a, b in segments:
        out[:, a : b - 1] = np.diff(rows[:, a:b], axis=1)
    return out


class ChunkLesson:
    """Random chunks of scaled, finite rows (F, M), whose next rows a forecaster is to forecast.

    targets   (D, M) for fitting and for validation, NaN where unknown
    segments  of the rows, for fitting and for validation
    """

    def __init__(
        self,
        params: Params,
        rows: Array,
        targets: tuple[Array, Array],
        segments: tuple[Segments, Segments],
        config: ForecastConfig,
    ) -> None:
        self.params = params
        self._rows, self._targets, self._segments, self._config = rows, targets, segments, config
        self._steps = _chunk_steps(segments[0], config.steps)
        self._starts = np.concatenate(
            [np.arange(a, b - self._steps + 1) for a, b in segments[0] if b - a >= self._steps]
        )
        self._buffers = chunk_buffers(params, self._steps, config.batch_size)

    def digest(self) -> str:
        """See `Lesson`."""
        return digest_of(self.params, self._rows, *self._targets, self._segments, self._config)

    def batches(self, epoch: int, rng: np.random.Generator) -> Iterator[tuple[Array, float, float]]:
        """Row numbers (B, T) of chunks that begin anywhere, of as many batches as an epoch has updates."""
        config = self._config
        for update in range((epoch - 1) * config.updates_an_epoch, epoch * config.updates_an_epoch):
            if update < config.updates:
                starts = rng.choice(self._starts, config.batch_size)  # (B,)
                yield starts[:, np.newaxis] + np.arange(self._steps), 1.0, config.rate_at(update)

    def loss_and_gradients(self, batch: Array) -> tuple[float, Params]:
        """The mean squared error of the forecasts in the chunks, and its gradients."""
        x, y, weights = _gather(self._rows, self._targets[0], batch)
        with np.errstate(over="ignore", invalid="ignore"):  # told by the loss
            return forecast_loss_and_gradients(self.params, x, y, weights, self._buffers)

    def held_out_loss(self) -> float:
        """The mean squared error over the known targets that are held out; NaN when there are none."""
        return _held_out_loss(self.params, self._rows, self._targets[1], self._segments[1])

    def close(self) -> None:
        """There is nothing to give back."""


def _chunk_steps(fit: Segments, steps: int) -> int:
    """Rows of a chunk: what was asked for, or a third of the longest segment when that is shorter."""
    longest = max(b - a for a, b in fit)
    return min(steps, max(min(16, longest), longest // 3))


def _gather(rows: Array, targets: Array, chosen: Array) -> tuple[Array, Array, Array]:
    """Chunks at the row numbers `chosen` (B, T): x (T, F, B), targets (T, D, B) and their weights."""
    x = np.ascontiguousarray(rows[:, chosen].transpose(2, 0, 1))  # (T, F, B)
    y = targets[:, chosen].transpose(2, 0, 1)  # (T, D, B)
    known = np.isfinite(y)
    known[: min(SETTLING, len(x) // 4)] = False
    return x, np.where(known, y, 0).astype(rows.dtype), known.astype(rows.dtype)


def _held_out_loss(params: Params, rows: Array, targets: Array, segments: Segments) -> float:
    """Mean squared error over the known targets of the segments; NaN when there are none."""
    total, count = 0.0, 0
    for a, b in segments:
        start = max(0, a - RUN_UP)
        run = rows[:, start:b]
        with np.errstate(over="ignore", invalid="ignore"):
            forecasts = follow(params, run, first_state(params))[0][:, a - start :]  # (D, b - a)
        error = forecasts - targets[:, a:b]  # NaN where unknown
        known = np.isfinite(error)
        total += float(np.square(error[known], dtype=np.float64).sum())
        count += int(known.sum())
    return total / count if count else float("nan")
