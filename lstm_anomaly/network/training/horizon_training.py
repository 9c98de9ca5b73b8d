"""What the LSTM over segments is taught with: look-backs that end anywhere, and what followed each."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lstm_anomaly.base.types import Array, IntArray
from lstm_anomaly.network.horizon.origins import Origins
from lstm_anomaly.network.horizon.segment_lstm import (
    Params,
    SegmentWorkspace,
    forecast_changes,
    horizon_loss_and_gradients,
)
from lstm_anomaly.network.training.optim import warmed_cosine
from lstm_anomaly.network.training.progress import digest_of

Batch = tuple[IntArray, IntArray, Array]


@dataclass(frozen=True)
class HorizonConfig:
    """How to train it.

    updates        weight updates in all, in `rounds` epochs, after each of which it is validated
    batch_size     look-backs an update
    learning_rate  at its highest: it rises over the first 20 updates, then falls as a cosine to 2 %
    dropout        share of the hidden units that an update does without (Srivastava et al. 2014)
    clip_norm, weight_decay, patience   see `loop.Plan`
    """

    updates: int = 500
    rounds: int = 4
    batch_size: int = 448
    learning_rate: float = 4e-3
    dropout: float = 0.3
    clip_norm: float = 1.0
    weight_decay: float = 0.0
    patience: int = 0

    @property
    def updates_an_epoch(self) -> int:
        """Weight updates between two validations."""
        return max(1, -(-self.updates // self.rounds))

    @property
    def epochs(self) -> int:
        """How many epochs there are."""
        return -(-self.updates // self.updates_an_epoch)

    def rate_at(self, update: int) -> float:
        """Learning rate of one update, counted from 0."""
        return warmed_cosine(self.learning_rate, update, self.updates, 0.02)


class HorizonLesson:
    """Look-backs of sensors, all of whose next steps are to be forecast.

    fit, held_out  rows that the horizons begin at, to fit to and to validate on
    sensors        those to learn from; `config` how
    """

    def __init__(
        self,
        params: Params,
        origins: Origins,
        fit: IntArray,
        held_out: IntArray,
        sensors: IntArray,
        config: HorizonConfig,
    ) -> None:
        self.params = params
        self._origins, self._fit, self._held_out = origins, fit, held_out
        self._sensors, self.config = sensors, config
        self._read = origins.look_back // params["embed.W"].shape[1]
        self._workspace = SegmentWorkspace(params, self._read, config.batch_size)

    def digest(self) -> str:
        """See `Lesson`."""
        rows = self._origins.rows
        return digest_of(self.params, rows, self._fit, self._held_out, self._sensors, self.config)

    def batches(self, epoch: int, rng: np.random.Generator) -> Iterator[tuple[Batch, float, float]]:
        """Random rows and sensors, and which hidden units an update does without."""
        config, (m, _E) = self.config, self.params["place"].shape
        shape = (self.params["lstm.W_h"].shape[1], m * config.batch_size)  # (H, m B)
        for update in range((epoch - 1) * config.updates_an_epoch, epoch * config.updates_an_epoch):
            if update < config.updates:
                at, sensors = (rng.choice(from_, config.batch_size) for from_ in (self._fit, self._sensors))
                kept = (rng.random(shape, dtype=np.float32) >= config.dropout) / (1 - config.dropout)
                yield (at, sensors, kept.astype(np.float32)), 1.0, config.rate_at(update)

    def loss_and_gradients(self, batch: Batch) -> tuple[float, Params]:
        """The mean absolute error of a batch, and its gradients."""
        at, sensors, dropout = batch
        x, last = self._origins.look_backs(at, sensors)
        targets = self._origins.targets(at, sensors, last)
        with np.errstate(over="ignore", invalid="ignore"):  # told by the loss
            return horizon_loss_and_gradients(self.params, x, sensors, targets, self._workspace, dropout)

    def held_out_loss(self) -> float:
        """The mean absolute error on the rows held out; NaN when nothing of them is known."""
        total, count = 0.0, 0.0
        size = self.config.batch_size
        pairs = np.array([(at, sensor) for at in self._held_out for sensor in self._sensors])  # (n, 2)
        for start in range(0, len(pairs), size):
            at, sensors = np.resize(pairs[start : start + size], (size, 2)).T  # the last batch is filled up
            x, last = self._origins.look_backs(at, sensors)
            y, weights = self._origins.targets(at, sensors, last)
            weights[:, len(pairs) - start :] = 0
            with np.errstate(over="ignore", invalid="ignore"):
                changes = forecast_changes(self.params, x, sensors, self._workspace)  # (m w, B)
            total += float(np.vdot(np.abs(changes[: len(y)] - y), weights))
            count += float(weights.sum())
        return total / count if count else float("nan")

    def close(self) -> None:
        """There is nothing to give back."""
