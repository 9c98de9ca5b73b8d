"""What the LSTM over segments is taught with: look-backs that end anywhere, and what followed each."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from lstm_anomaly.base.types import Array, BoolArray, FloatArray, IntArray
from lstm_anomaly.network.horizon.segment_lstm import (
    Params,
    SegmentWorkspace,
    forecast_changes,
    horizon_loss_and_gradients,
)
from lstm_anomaly.network.training.optim import warmed_cosine
from lstm_anomaly.network.training.progress import digest_of

Batch = tuple[IntArray, IntArray, Array]

LEAST_KNOWN = 0.5  # of a look-back's rows; of those with fewer nothing is learned


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


class Origins:
    """Rows (F, M) on even steps, from which look-backs and what followed are cut at any row.

    rows   scaled, finite: what was unknown holds the last value before it
    known  (F, M) what was read; the rest is no target
    """

    def __init__(self, rows: FloatArray, known: BoolArray, look_back: int, steps: int) -> None:
        self.look_back, self.steps, self.sensors = look_back, steps, len(rows)
        self.rows = rows
        self._backs = sliding_window_view(rows, look_back, axis=1)  # (F, M - L + 1, L) a view
        self._nexts = sliding_window_view(rows, steps, axis=1)  # (F, M - S + 1, S) a view
        self._known = sliding_window_view(known, steps, axis=1)  # (F, M - S + 1, S) a view
        counts: IntArray = np.cumsum(np.pad(known, ((0, 0), (1, 0))), axis=1)  # (F, M + 1)
        self._counts = counts[:, look_back:] - counts[:, :-look_back]  # (F, M - L + 1) known in a look-back

    def look_backs(self, at: IntArray, sensors: IntArray) -> tuple[Array, FloatArray]:
        """The rows before each row `at` (B,), less the last of them, (L, B); and the last values, (B,)."""
        backs = self._backs[sensors, at - self.look_back]  # (B, L)
        last = backs[:, -1].copy()  # (B,)
        return np.ascontiguousarray((backs - last[:, np.newaxis]).T, dtype=np.float32), last

    def targets(self, at: IntArray, sensors: IntArray, last: FloatArray) -> tuple[Array, Array]:
        """What followed, less the last values, and 1 where it is known, 0 elsewhere: (S, B) each."""
        nexts = self._nexts[sensors, at] - last[:, np.newaxis]  # (B, S)
        weights = self._known[sensors, at] & self.enough(at, sensors)[:, np.newaxis]  # (B, S)
        return np.ascontiguousarray(nexts.T, np.float32), np.ascontiguousarray(weights.T, np.float32)

    def enough(self, at: IntArray, sensors: IntArray) -> BoolArray:
        """Whether the look-back of each (B,) holds enough that was read."""
        return np.asarray(self._counts[sensors, at - self.look_back] >= LEAST_KNOWN * self.look_back)


class HorizonLesson:
    """Look-backs of sensors, all of whose next steps are to be said.

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
