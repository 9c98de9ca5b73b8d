"""Windows gathered from the rows a batch at a time, and what the autoencoder makes of them.

Windows are never built as a whole: the rows stay as they are, and each batch is gathered from them by
its windows' first rows.
"""

from math import nan

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.base.types import Array
from lstm_anomaly.network.autoencoder import Params, Workspace, loss_and_gradients, reconstruct

Starts = NDArray[np.int64]


class WindowBatches:
    """The windows of T rows that can be cut from rows (F, M), and a workspace for each size of batch met."""

    def __init__(self, rows: Array, window: int) -> None:
        self.rows = rows
        self.offsets = np.arange(window)[:, None]  # (T, 1)
        self.workspaces: dict[tuple[int, int], Workspace] = {}

    def gather(self, starts: Starts) -> Array:
        """The windows that begin at `starts`: (T, F, B)."""
        x: Array = np.take(self.rows, self.offsets + starts, axis=1)  # (F, T, B)
        return x.transpose(1, 0, 2)

    def workspace(self, params: Params, batch: int, pieces: int = 1) -> Workspace:
        """The workspace for batches of this size, made when it is first asked for."""
        if (batch, pieces) not in self.workspaces:
            self.workspaces[batch, pieces] = Workspace(params, len(self.offsets), batch, pieces)
        return self.workspaces[batch, pieces]

    def loss_and_gradients(self, params: Params, starts: Starts, pieces: int = 1) -> tuple[float, Params]:
        """Mean squared error over the windows at `starts`, perhaps not finite, and its gradients.

        The result is that of each of the `pieces`, which must be of equal size, and the mean of them.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            workspace = self.workspace(params, len(starts), pieces)
            return loss_and_gradients(params, self.gather(starts), workspace)

    def mean_loss(self, params: Params, starts: Starts, batch_size: int) -> float:
        """Mean squared error over the windows at `starts`, batch by batch; NaN without any."""
        total, size = 0.0, 0
        for begin in range(0, len(starts), batch_size):
            x = self.gather(starts[begin : begin + batch_size])  # (T, F, B)
            workspace = self.workspace(params, x.shape[2])
            with np.errstate(over="ignore", invalid="ignore"):
                error = np.subtract(reconstruct(params, x, workspace), x, out=workspace.error)  # (T, F, B)
                total += float(np.vdot(error, error))
            size += x.size
        return total / size if size else nan
