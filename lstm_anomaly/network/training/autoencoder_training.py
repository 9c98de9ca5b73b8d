"""Training: epochs of batches, a learning-rate schedule, and stopping early with the best weights.

The loop is a generator, so whoever calls it shows progress and may stop it.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from math import cos, inf, isfinite, pi
from time import perf_counter

import numpy as np

from lstm_anomaly.base.errors import TrainingError
from lstm_anomaly.base.types import Array
from lstm_anomaly.network.autoencoder import Params
from lstm_anomaly.network.training.batches import Starts, WindowBatches
from lstm_anomaly.network.training.optim import AdamState, adam_step, clip_global_norm, init_adam
from lstm_anomaly.network.training.progress import Keep, Resumable, digest_of
from lstm_anomaly.network.training.shards import ShardedGradients


@dataclass(frozen=True)
class TrainingConfig:
    """How to train.

    patience        stop after this many epochs in a row without improvement; 0 trains all epochs
    min_improvement the share of the best validation loss by which an epoch must beat it to count
    clip_norm       largest global norm of the gradients
    weight_decay    decoupled, see `adam_step`
    warmup_epochs   epochs over which the learning rate rises from near 0, step by step
    schedule        "constant", or "cosine" to fall to 0 at the last epoch (Loshchilov & Hutter 2017)
    shards          pieces a batch is cut into, to be worked on side by side; rounding depends on it
    """

    epochs: int = 50
    batch_size: int = 128
    learning_rate: float = 1e-3
    patience: int = 5
    min_improvement: float = 0.0
    clip_norm: float = 1.0
    weight_decay: float = 0.0
    warmup_epochs: float = 0.0
    schedule: str = "constant"
    shards: int = 2

    def rate_at(self, epoch: float) -> float:
        """Learning rate after `epoch` epochs, a fraction during one."""
        if epoch < self.warmup_epochs:
            return self.learning_rate * epoch / self.warmup_epochs
        if self.schedule == "constant":
            return self.learning_rate
        share = (epoch - self.warmup_epochs) / max(self.epochs - self.warmup_epochs, 1e-9)
        return self.learning_rate * (1 + cos(pi * share)) / 2


@dataclass(frozen=True)
class EpochReport:
    """One finished epoch: mean losses over the windows, and whether its weights are the best so far.

    `validation_loss` is NaN without validation windows; the fit loss then decides which are best.
    `timed_out`: the limit in seconds ended training with this epoch, and perhaps in the middle of it.
    """

    epoch: int
    epochs: int
    loss: float
    validation_loss: float
    learning_rate: float
    improved: bool
    seconds: float
    timed_out: bool = False


def train(
    params: Params,
    rows: Array,
    fit_starts: Starts,
    validation_starts: Starts,
    window: int,
    config: TrainingConfig,
    rng: np.random.Generator,
    processes: int = 1,
    seconds: float | None = None,
    keep: Keep | None = None,
) -> Iterator[EpochReport]:
    """Fit `params` to the windows of rows (F, M) that begin at `fit_starts`; yield a report per epoch.

    rows is scaled and finite; a window covers the rows start .. start + window - 1. `params` is changed
    in place while epochs run, and holds the best weights once the iteration has ended or was closed.
    Up to `processes` shards of a batch are worked on at a time, without any influence on the result.
    After `seconds` training ends with the update that it is at.
    With `keep` the progress is kept after each epoch, and a training that was broken off goes on from there,
    with the reports of its first epochs once more. Raises TrainingError when the loss stops being finite.
    """
    digest = digest_of(params, rows, fit_starts, validation_starts, window, config) if keep else ""
    state = init_adam(params)
    batches = WindowBatches(rows, window)
    shards = ShardedGradients(batches, params, config.batch_size, config.shards, processes)
    best, best_loss, waited = _copy(params), np.inf, 0
    resumable, reports = Resumable(params, best, state, rng), list[EpochReport]()
    deadline = inf if seconds is None else perf_counter() + seconds
    try:
        if keep and (kept := keep.load(digest)) is not None:
            numbers = resumable.go_on(kept)
            best_loss, waited = numbers["best_loss"], numbers["waited"]
            reports = [EpochReport(*told) for told in numbers["reports"]]
            yield from reports
        for epoch in range(1 + len(reports), config.epochs + 1):
            if config.patience and waited >= config.patience:
                return
            began = perf_counter()
            loss, rate = _run_epoch(params, state, shards, fit_starts, epoch, config, rng, deadline)
            validation_loss = batches.mean_loss(params, validation_starts, config.batch_size)
            judged = validation_loss if len(validation_starts) else loss
            _require_finite(judged, epoch)
            improved = judged < best_loss * (1 - config.min_improvement)
            waited = 0 if improved else waited + 1
            if improved:
                best_loss = judged
                _put(best, params)
            timed_out = perf_counter() >= deadline and epoch < config.epochs
            took = perf_counter() - began
            reports.append(
                EpochReport(epoch, config.epochs, loss, validation_loss, rate, improved, took, timed_out)
            )
            if keep and not timed_out:
                told = [list(asdict(report).values()) for report in reports]
                progress = resumable.progress(best_loss=best_loss, waited=waited, reports=told)
                keep.save(digest, progress)
            yield reports[-1]
            if timed_out:
                return
    finally:
        shards.close()
        _put(params, best)


def mean_loss(params: Params, rows: Array, starts: Starts, window: int, batch_size: int = 128) -> float:
    """Mean squared reconstruction error over the windows of rows (F, M) at `starts`; NaN without any."""
    return WindowBatches(rows, window).mean_loss(params, starts, batch_size)


def _run_epoch(
    params: Params,
    state: AdamState,
    shards: ShardedGradients,
    starts: Starts,
    epoch: int,
    config: TrainingConfig,
    rng: np.random.Generator,
    deadline: float,
) -> tuple[float, float]:
    """One pass over the windows in random order; returns their mean loss and the last learning rate.

    Ends early, but not before the first update, when `perf_counter` has reached the deadline.
    """
    order = rng.permutation(starts)
    total, rate, done = 0.0, 0.0, 0
    for begin in range(0, len(order), config.batch_size):
        chosen = order[begin : begin + config.batch_size]
        loss, gradients = shards.loss_and_gradients(params, chosen)
        _require_finite(loss, epoch)
        clip_global_norm(gradients, config.clip_norm)
        rate = config.rate_at(epoch - 1 + (begin + len(chosen)) / len(order))
        adam_step(params, gradients, state, rate, weight_decay=config.weight_decay)
        total += loss * len(chosen)
        done += len(chosen)
        if perf_counter() >= deadline:
            break
    return total / done, rate


def _require_finite(loss: float, epoch: int) -> None:
    if not isfinite(loss):
        raise TrainingError(
            f"the loss of epoch {epoch} is not a finite number, so the weights have diverged",
            hint="a smaller --learning-rate, and look for extreme values in the training data",
        )


def _copy(params: Params) -> Params:
    return {name: value.copy() for name, value in params.items()}


def _put(params: Params, values: Params) -> None:
    for name, value in values.items():
        params[name][...] = value
