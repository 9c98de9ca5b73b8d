"""Loss and gradients of a batch on several processor cores, the same to the last bit on any number of them.

A batch is always cut into the same shards, and their results are always added up in the same order; the
number of processes only says how many shards are worked on at a time. On one core all columns of a batch
are worked on side by side, which takes fewer calls, and only products and sums go shard by shard; see
weight_gradient.py.
"""

import os
from collections.abc import Sequence

import numpy as np

from lstm_anomaly.base.errors import TrainingError
from lstm_anomaly.base.processes import fork_worker, shared_empty
from lstm_anomaly.base.system import CAN_FORK
from lstm_anomaly.network.autoencoder import Params
from lstm_anomaly.network.training.batches import Starts, WindowBatches

LEAST_SHARD = 16  # windows; less is not worth a process
POWERS_OF_2 = (1, 2, 4, 8)  # shards whose mean is that of the whole batch to the last bit


class ShardedGradients:
    """Calls `WindowBatches.loss_and_gradients` shard by shard; to be closed after use.

    shards     pieces that each batch is cut into, fewer if it is small; part of what the results depend on
    processes  how many are worked on at a time, at most; 1 where the platform cannot fork
    """

    def __init__(
        self, batches: WindowBatches, params: Params, batch_size: int, shards: int, processes: int
    ) -> None:
        self.batches = batches
        self.shards = shards
        processes = min(processes, shards) if CAN_FORK else 1
        self.workers = [_Worker(batches, params, batch_size) for _ in range(1, processes)]

    def close(self) -> None:
        """End the processes: hang up on all, then wait: later processes hold copies of earlier pipes."""
        for worker in self.workers:
            worker.hang_up()
        for worker in self.workers:
            os.waitpid(worker.pid, 0)
        self.workers = []

    def loss_and_gradients(self, params: Params, starts: Starts) -> tuple[float, Params]:
        """Mean squared error over the windows at `starts`, and its gradient by parameter name."""
        shards = max(1, min(self.shards, len(starts) // LEAST_SHARD))
        if not self.workers and shards in POWERS_OF_2 and len(starts) % shards == 0:
            return self.batches.loss_and_gradients(params, starts, shards)
        pieces = np.array_split(starts, shards)
        results: list[tuple[float, Params]] = []
        at_a_time = 1 + len(self.workers)
        for first in range(0, len(pieces), at_a_time):
            own, *others = pieces[first : first + at_a_time]
            for worker, piece in zip(self.workers, others, strict=False):
                worker.begin(params, piece)
            results.append(self.batches.loss_and_gradients(params, own))
            results.extend(worker.finish() for worker, _ in zip(self.workers, others, strict=False))
        return _weighted_mean(results, [len(piece) / len(starts) for piece in pieces])


def _weighted_mean(results: list[tuple[float, Params]], shares: Sequence[float]) -> tuple[float, Params]:
    loss, gradients = results[0]
    if len(results) == 1:
        return loss, gradients
    loss *= shares[0]
    gradients = {name: value * shares[0] for name, value in gradients.items()}
    for (shard_loss, shard_gradients), share in zip(results[1:], shares[1:], strict=True):
        loss += shard_loss * share
        for name, value in gradients.items():
            value += shard_gradients[name] * share
    return loss, gradients


class _Worker:
    """A forked process that computes one shard at a time; parameters and results pass by shared memory."""

    def __init__(self, batches: WindowBatches, params: Params, batch_size: int) -> None:
        self.params = {name: shared_empty(value.shape, value.dtype) for name, value in params.items()}
        self.gradients = {name: shared_empty(value.shape, value.dtype) for name, value in params.items()}
        self.starts = shared_empty((batch_size,), np.int64)
        self.loss = shared_empty((1,), np.float64)
        child_reads, self.orders = os.pipe()
        self.answers, child_writes = os.pipe()

        def serve() -> None:
            self._serve(batches, child_reads, child_writes)

        self.pid = fork_worker(serve, (child_reads, child_writes))
        os.close(child_reads)
        os.close(child_writes)

    def begin(self, params: Params, starts: Starts) -> None:
        """Give the process a shard to work on."""
        for name, value in params.items():
            self.params[name][...] = value
        self.starts[: len(starts)] = starts
        try:
            os.write(self.orders, len(starts).to_bytes(8, "little"))
        except BrokenPipeError:
            raise _ended() from None

    def finish(self) -> tuple[float, Params]:
        """Wait for the shard's loss and gradients."""
        if not os.read(self.answers, 1):
            raise _ended()
        return float(self.loss[0]), {name: value.copy() for name, value in self.gradients.items()}

    def hang_up(self) -> None:
        """Let the process know that there will be no more to do."""
        os.close(self.orders)
        os.close(self.answers)

    def _serve(self, batches: WindowBatches, orders: int, answers: int) -> None:
        """In the worker: do one shard after another until the parent hangs up."""
        while count := int.from_bytes(os.read(orders, 8), "little"):
            loss, gradients = batches.loss_and_gradients(self.params, self.starts[:count])
            self.loss[0] = loss
            for name, value in gradients.items():
                self.gradients[name][...] = value
            os.write(answers, b"!")


def _ended() -> TrainingError:
    return TrainingError(
        "a worker process of the training ended, perhaps for lack of memory",
        hint="training on one core",
    )
