"""The baseline: a linear autoencoder, which is what principal components of windows are.

It trains in a second and beats most published LSTM autoencoders, so a model is shown beside it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from lstm_anomaly.types import FloatArray, IntArray

Array = NDArray[Any]

VARIANCE_KEPT = 0.97
MOST_COMPONENTS = 300
MOST_WINDOWS = 5000  # windows that the components are found from; more change little
_BLOCK = 512  # windows worked on at a time, padded to this, so that cuts do not change a bit


@dataclass(frozen=True)
class LinearAutoencoder:
    """Principal components of windows of T rows and F sensors.

    mean        (T F,) of the training windows
    components  (k, T F) orthonormal directions of the largest variance
    window      T
    """

    mean: Array
    components: Array
    window: int

    @classmethod
    def fit(cls, rows: Array, starts: IntArray, window: int) -> "LinearAutoencoder":
        """Find the components that keep 97 % of the variance of the windows of rows (F, M) at `starts`."""
        starts = starts[:: max(1, len(starts) // MOST_WINDOWS)]
        flat = _flat_at(rows, starts, window).astype(np.float64)  # (W, T F)
        mean = flat.mean(axis=0)  # (T F,)
        variances, directions = _principal_axes(flat - mean)
        kept = np.cumsum(variances) / max(float(variances.sum()), 1e-300)
        count = min(int(np.searchsorted(kept, VARIANCE_KEPT)) + 1, MOST_COMPONENTS, len(directions))
        # In the order in which a model file holds them: with another, products differ in their last bits.
        components = np.ascontiguousarray(directions[:count], dtype=np.float32)
        return cls(mean.astype(np.float32), components, window)

    def rows(self, rows: Array) -> tuple[Array, Array]:
        """For each window of rows (F, M): its last row as reconstructed, (W, F), and its code, (W, k)."""
        flat = _flat(rows, self.window)  # (W, T F) a view
        sensors = len(rows)
        last = np.empty((len(flat), sensors), np.float32)
        codes = np.empty((len(flat), len(self.components)), np.float32)
        for start in range(0, len(flat), _BLOCK):
            block = np.zeros((_BLOCK, flat.shape[1]), np.float32)
            count = min(_BLOCK, len(flat) - start)
            block[:count] = flat[start : start + count] - self.mean
            code = block @ self.components.T  # (B, k)
            restored = code @ self.components[:, -sensors:] + self.mean[-sensors:]  # (B, F)
            codes[start : start + count] = code[:count]
            last[start : start + count] = restored[:count]
        return last, codes

    def errors(self, rows: Array, starts: IntArray, most: int | None = None) -> FloatArray:
        """Mean squared error of each window of rows (F, M) at `starts`, (W,), from its first `most` codes."""
        components = self.components[:most]
        out = np.empty(len(starts))
        for first in range(0, len(starts), _BLOCK):
            block = _flat_at(rows, starts[first : first + _BLOCK], self.window) - self.mean  # (B, T F)
            missed = block - block @ components.T @ components
            out[first : first + _BLOCK] = (missed.astype(np.float64) ** 2).mean(axis=1)
        return out


def _principal_axes(centred: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Variances (k,), the largest first, and their orthonormal directions (k, D) of rows (W, D).

    From the smaller of the two products of the rows with themselves, many times faster than a singular
    value decomposition of the rows; small variances lose digits, and only large ones are kept.
    """
    W, D = centred.shape
    if W >= D or not centred.any():
        values, vectors = np.linalg.eigh(centred.T @ centred)  # ascending
        return np.maximum(values[::-1], 0.0), vectors.T[::-1]
    values, vectors = np.linalg.eigh(centred @ centred.T)
    used = values > 1e-12 * values[-1]
    directions = (vectors[:, used].T @ centred) / np.sqrt(values[used])[:, np.newaxis]
    return values[used][::-1], directions[::-1]


def _flat_at(rows: Array, starts: IntArray, window: int) -> Array:
    """The windows of rows (F, M) at `starts`, one a line, step after step: (W, T F)."""
    view = sliding_window_view(rows, window, axis=1)[:, starts]  # (F, W, T), copied
    return view.transpose(1, 2, 0).reshape(len(starts), -1)


def _flat(rows: Array, window: int) -> Array:
    """All windows of rows (F, M), one a line, step after step: (M - T + 1, T F)."""
    view = sliding_window_view(rows, window, axis=1)  # (F, W, T)
    return view.transpose(1, 2, 0).reshape(view.shape[1], -1)
