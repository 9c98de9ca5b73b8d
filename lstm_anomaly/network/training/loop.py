"""The one loop that trains every network: epochs of updates, the best weights kept, stopping early.

What differs from network to network is a `Lesson`: which batches there are, what the loss of one is, and how
weights do on rows that were held out. The loop is a generator, so whoever calls it shows progress and may
stop it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from math import inf, isfinite
from time import perf_counter
from typing import Protocol, TypeVar

import numpy as np

from lstm_anomaly.base.errors import TrainingError
from lstm_anomaly.network.training.optim import Params, adam_step, clip_global_norm, init_adam
from lstm_anomaly.network.training.progress import Keep, Resumable

Batch = TypeVar("Batch")


class Plan(Protocol):
    """How long to train, and the regularisation.

    epochs        at most
    patience      stop after this many epochs in a row without improvement; 0 trains all epochs
    clip_norm     largest global norm of the gradients
    weight_decay  decoupled, see `adam_step`
    """

    @property
    def epochs(self) -> int: ...  # noqa: D102
    @property
    def patience(self) -> int: ...  # noqa: D102
    @property
    def clip_norm(self) -> float: ...  # noqa: D102
    @property
    def weight_decay(self) -> float: ...  # noqa: D102


class Lesson(Protocol[Batch]):
    """The data and losses of one network; training changes its `params` in place."""

    params: Params

    def digest(self) -> str:
        """A digest of all that the result depends on, besides the generator of random numbers."""

    def batches(self, epoch: int, rng: np.random.Generator) -> Iterable[tuple[Batch, float, float]]:
        """The batches of an epoch, counted from 1: what is in each, how much it counts, its learning rate."""

    def loss_and_gradients(self, batch: Batch) -> tuple[float, Params]:
        """The loss of a batch, perhaps not finite, and its gradient by parameter name."""

    def held_out_loss(self) -> float:
        """The loss on what nothing is fitted to; NaN where there is no such thing."""

    def close(self) -> None:
        """Give back what the lesson holds, processes for instance."""


@dataclass(frozen=True)
class Limits:
    """What may end or resume a training, without any influence on what is learned until then.

    seconds  after them training ends with the update that it is at
    keep     keeps the progress after each epoch, and a training that was broken off goes on from there
    """

    seconds: float | None = None
    keep: Keep | None = None


@dataclass(frozen=True)
class EpochReport:
    """One finished epoch: its mean losses, and whether its weights are the best so far.

    `validation_loss` is NaN where nothing is held out; the fit loss then decides which weights are best.
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
    lesson: Lesson[Batch], plan: Plan, rng: np.random.Generator, limits: Limits | None = None
) -> Iterator[EpochReport]:
    """Fit the lesson's `params`, in place; yield a report per epoch.

    They hold the best weights once the iteration has ended or was closed. A training that goes on from where
    it was broken off yields the reports of its first epochs once more. Raises TrainingError when the loss
    stops being finite.
    """
    limits = limits or Limits()
    keep, digest = limits.keep, lesson.digest() if limits.keep else ""
    params, adam = lesson.params, init_adam(lesson.params)
    best = {name: value.copy() for name, value in params.items()}
    best_loss, waited, reports = inf, 0, list[EpochReport]()
    resumable = Resumable(params, best, adam, rng)
    deadline = inf if limits.seconds is None else perf_counter() + limits.seconds
    try:
        if keep and (kept := keep.load(digest)) is not None:
            numbers = resumable.go_on(kept)
            best_loss, waited = numbers["best_loss"], numbers["waited"]
            reports = [EpochReport(*told) for told in numbers["reports"]]
            yield from reports
        for epoch in range(1 + len(reports), plan.epochs + 1):
            if plan.patience and waited >= plan.patience:
                return
            began, total, counted, rate, whole = perf_counter(), 0.0, 0.0, 0.0, True
            for batch, size, rate in lesson.batches(epoch, rng):
                if counted and perf_counter() >= deadline:
                    whole = False
                    break
                loss, gradients = lesson.loss_and_gradients(batch)
                _require_finite(loss, epoch)
                clip_global_norm(gradients, plan.clip_norm)
                adam_step(params, gradients, adam, rate, weight_decay=plan.weight_decay)
                total, counted = total + loss * size, counted + size
            loss, held_out = total / counted, lesson.held_out_loss()
            judged = loss if np.isnan(held_out) else held_out
            _require_finite(judged, epoch)
            improved = judged < best_loss
            waited = 0 if improved else waited + 1
            if improved:
                best_loss = judged
                _put(best, params)
            timed_out = not whole or (perf_counter() >= deadline and epoch < plan.epochs)
            took = perf_counter() - began
            reports.append(EpochReport(epoch, plan.epochs, loss, held_out, rate, improved, took, timed_out))
            if keep and not timed_out:
                told = [list(asdict(report).values()) for report in reports]
                keep.save(digest, resumable.progress(best_loss=best_loss, waited=waited, reports=told))
            yield reports[-1]
            if timed_out:
                return
    finally:
        lesson.close()
        _put(params, best)


def _require_finite(loss: float, epoch: int) -> None:
    if not isfinite(loss):
        raise TrainingError(
            f"the loss of epoch {epoch} is not a finite number, so the weights have diverged",
            hint="a smaller --learning-rate, and look for extreme values in the training data",
        )


def _put(params: Params, values: Params) -> None:
    for name, value in values.items():
        params[name][...] = value
