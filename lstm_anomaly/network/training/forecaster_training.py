"""Trains a forecaster on random chunks of the rows; keeps the weights that forecast held-out rows best."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import cos, inf, isfinite, pi
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.base.errors import TrainingError
from lstm_anomaly.network.following import RUN_UP, first_state, follow
from lstm_anomaly.network.forecaster import Params, chunk_buffers, forecast_loss_and_gradients
from lstm_anomaly.network.training.autoencoder_training import EpochReport
from lstm_anomaly.network.training.optim import adam_step, clip_global_norm, init_adam
from lstm_anomaly.network.training.progress import Keep, Resumable, digest_of

Array = NDArray[Any]
Segments = Sequence[tuple[int, int]]

SETTLING = 8  # first steps of a chunk that do not count: the state knows too little yet


@dataclass(frozen=True)
class ForecastConfig:
    """How to train a forecaster.

    updates        weight updates in all, `rounds` times as many in a round, after which it is validated
    steps          rows of a chunk, through which gradients flow
    batch_size     chunks an update
    learning_rate  at its highest: it rises over the first 20 updates, then falls as a cosine to 5 %
    patience       rounds in a row without improvement before stopping; 0 trains all of them
    """

    updates: int = 500
    rounds: int = 8
    steps: int = 128
    batch_size: int = 16
    learning_rate: float = 5e-3
    clip_norm: float = 1.0
    weight_decay: float = 0.0
    patience: int = 0

    def rate_at(self, update: int) -> float:
        """Learning rate of one update, counted from 0."""
        rising = min(1.0, (update + 1) / 20)
        return self.learning_rate * rising * (0.05 + 0.475 * (1 + cos(pi * update / self.updates)))


def next_changes(rows: Array, segments: Segments) -> Array:
    """For each row (F, M) the change to the next one, (F, M); NaN for the last row of each segment."""
    out = np.full(rows.shape, np.nan, dtype=rows.dtype)
    for a, b in segments:
        out[:, a : b - 1] = np.diff(rows[:, a:b], axis=1)
    return out


def train_forecaster(
    params: Params,
    rows: Array,
    targets: tuple[Array, Array],
    segments: tuple[Segments, Segments],
    config: ForecastConfig,
    rng: np.random.Generator,
    seconds: float | None = None,
    keep: Keep | None = None,
) -> Iterator[EpochReport]:
    """Fit `params` in place; yield a report a round; the best weights are kept.

    rows (F, M) scaled and finite; targets (D, M) for fitting and for validation, NaN where unknown;
    segments of the rows for fitting and for validation. With `keep` the progress is kept after each round,
    and a training that was broken off goes on from there. After `seconds` training ends with the update
    that it is at. Raises TrainingError when the loss stops being finite.
    """
    digest = digest_of(params, rows, *targets, segments, config) if keep else ""
    fit_targets, validation_targets = targets
    fit, validation = segments
    steps = _chunk_steps(fit, config.steps)
    starts = np.concatenate([np.arange(a, b - steps + 1) for a, b in fit if b - a >= steps])
    buffers = chunk_buffers(params, steps, config.batch_size)
    adam = init_adam(params)
    best, best_loss, waited, losses = _copy(params), np.inf, 0, []
    began, a_round = perf_counter(), max(1, config.updates // config.rounds)
    deadline = inf if seconds is None else began + seconds
    resumable, first = Resumable(params, best, adam, rng), 0
    if keep and (kept := keep.load(digest)) is not None:
        numbers = resumable.go_on(kept)
        best_loss, waited, first = numbers["best_loss"], numbers["waited"], numbers["updates"]
    for update in range(first, config.updates):
        if config.patience and waited >= config.patience:
            break
        chosen = rng.choice(starts, config.batch_size)[:, np.newaxis] + np.arange(steps)  # (B, T)
        x, y, weights = _gather(rows, fit_targets, chosen)
        with np.errstate(over="ignore", invalid="ignore"):  # told by the loss
            loss, gradients = forecast_loss_and_gradients(params, x, y, weights, buffers)
        _require_finite(loss, update)
        losses.append(loss)
        clip_global_norm(gradients, config.clip_norm)
        adam_step(params, gradients, adam, config.rate_at(update), weight_decay=config.weight_decay)
        timed_out = perf_counter() >= deadline and update + 1 < config.updates
        if (update + 1) % a_round and update + 1 < config.updates and not timed_out:
            continue
        held_out = _held_out_loss(params, rows, validation_targets, validation)
        judged = held_out if isfinite(held_out) else float(np.mean(losses))
        improved = judged < best_loss
        waited = 0 if improved else waited + 1
        if improved:
            best_loss = judged
            for name, value in params.items():
                best[name][...] = value
        number = -(-(update + 1) // a_round)
        loss, rate, took = float(np.mean(losses)), config.rate_at(update), perf_counter() - began
        if keep and not timed_out:
            keep.save(digest, resumable.progress(best_loss=best_loss, waited=waited, updates=update + 1))
        yield EpochReport(number, config.rounds, loss, held_out, rate, improved, took, timed_out)
        losses, began = [], perf_counter()
        if timed_out:
            break
    for name, value in best.items():
        params[name][...] = value


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


def _require_finite(loss: float, update: int) -> None:
    if not isfinite(loss):
        raise TrainingError(
            f"the loss of update {update + 1} is not a finite number, so the weights have diverged",
            hint="a smaller --learning-rate, and look for extreme values in the training data",
        )


def _copy(params: Params) -> Params:
    return {name: value.copy() for name, value in params.items()}
