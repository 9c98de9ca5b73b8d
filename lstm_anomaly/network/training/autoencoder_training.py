"""Training data of the autoencoder: windows in random order, in batches; the learning rate is a cosine."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import cos, pi

import numpy as np

from lstm_anomaly.network.autoencoder import Params
from lstm_anomaly.network.training.batches import Starts, WindowBatches
from lstm_anomaly.network.training.progress import digest_of
from lstm_anomaly.network.training.shards import ShardedGradients


@dataclass(frozen=True)
class TrainingConfig:
    """How to train an autoencoder.

    epochs, patience, clip_norm, weight_decay   see `loop.Plan`
    batch_size     windows an update
    learning_rate  at first; it falls to 0 at the last epoch as a cosine does (Loshchilov & Hutter 2017)
    shards         pieces a batch is cut into, to be worked on side by side; rounding depends on it
    """

    epochs: int = 50
    batch_size: int = 128
    learning_rate: float = 1e-3
    patience: int = 5
    clip_norm: float = 1.0
    weight_decay: float = 0.0
    shards: int = 2

    def rate_at(self, epoch: float) -> float:
        """Learning rate after `epoch` epochs, a fraction during one."""
        return self.learning_rate * (1 + cos(pi * epoch / max(self.epochs, 1e-9))) / 2


class WindowLesson:
    """Windows of scaled, finite rows to be restored by an autoencoder.

    batches    the windows that can be cut from the rows
    starts     first rows of the windows to fit to, and of those that are held out
    processes  shards of a batch that are worked on at a time, without any influence on the result
    """

    def __init__(
        self,
        params: Params,
        batches: WindowBatches,
        starts: tuple[Starts, Starts],
        config: TrainingConfig,
        processes: int = 1,
    ) -> None:
        self.params = params
        self._windows = batches
        self._fit, self._held_out = starts
        self._config = config
        self._shards = ShardedGradients(batches, params, config.batch_size, config.shards, processes)

    def digest(self) -> str:
        """See `Lesson`."""
        windows = len(self._windows.offsets)
        return digest_of(self.params, self._windows.rows, self._fit, self._held_out, windows, self._config)

    def batches(self, epoch: int, rng: np.random.Generator) -> Iterator[tuple[Starts, float, float]]:
        """All windows once, in random order."""
        order, size = rng.permutation(self._fit), self._config.batch_size
        for begin in range(0, len(order), size):
            chosen = order[begin : begin + size]
            yield chosen, len(chosen), self._config.rate_at(epoch - 1 + (begin + len(chosen)) / len(order))

    def loss_and_gradients(self, batch: Starts) -> tuple[float, Params]:
        """The mean squared error over the windows of a batch, and its gradients."""
        return self._shards.loss_and_gradients(self.params, batch)

    def held_out_loss(self) -> float:
        """The mean squared error over the windows that are held out; NaN without any."""
        return self._windows.mean_loss(self.params, self._held_out, self._config.batch_size)

    def close(self) -> None:
        """End the processes."""
        self._shards.close()
