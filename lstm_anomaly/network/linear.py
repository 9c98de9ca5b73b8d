"""The baseline: a linear autoencoder, which is what principal components of windows are.

It trains in a second and beats most published LSTM autoencoders, so a model is shown beside it.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from lstm_anomaly.base.types import FloatArray, IntArray
from lstm_anomaly.network.products import round_up, tile_width, tiled_product

Array = NDArray[Any]

VARIANCE_KEPT = 0.97
MOST_COMPONENTS = 300
MOST_WINDOWS = 5000  # windows that the components are found from; more change little
_BLOCK = 512  # windows worked on at a time, so that memory does not grow with them


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
        flat -= mean  # in place: with thousands of sensors these are the largest arrays of a training
        variances, directions = _principal_axes(flat)
        kept = np.cumsum(variances) / max(float(variances.sum()), 1e-300)
        count = min(int(np.searchsorted(kept, VARIANCE_KEPT)) + 1, MOST_COMPONENTS, len(directions))
        # In the order in which a model file holds them: with another, products differ in their last bits.
        components = np.ascontiguousarray(directions[:count], dtype=np.float32)
        return cls(mean.astype(np.float32), components, window)

    def last_rows(self, rows: Array) -> Array:
        """For each window of rows (F, M): its last row as reconstructed, (W, F)."""
        restored = self._products(self._last_factors, rows)  # (F, W)
        restored += self.mean[-len(rows) :, np.newaxis]
        return restored.T

    @cached_property
    def _last_factors(self) -> tuple[Array, ...]:
        """What a window is multiplied by, one after the other, to restore its last row.

        Either the components and what they say of the last row, or both in one, whichever is less work: the
        code itself is not asked for, and has up to 300 values.
        """
        (k, D), F = self.components.shape, self.components.shape[1] // self.window
        last = np.ascontiguousarray(self.components[:, -F:].T)  # (F, k)
        if k * (D + F) < F * D:
            return self.components, last
        joined = last.astype(np.float64) @ self.components.astype(np.float64)  # (F, T F)
        return (joined.astype(np.float32),)

    def _products(self, factors: tuple[Array, ...], rows: Array) -> Array:
        """The windows of rows (F, M), less the mean, times each of the factors in turn: (D, W).

        In tiles, see products.py: a window gets the same result, to the last bit, whichever others there are.
        """
        windows = sliding_window_view(rows, self.window, axis=1).transpose(2, 0, 1)  # (T, F, W) a view
        T, F, W = windows.shape
        mean = self.mean.reshape(T, F, 1)  # (T, F, 1)
        tile = tile_width([factor.shape for factor in factors], np.float32)
        out = np.empty((len(factors[-1]), W), np.float32)  # (D, W)
        for start in range(0, W, _BLOCK):
            count = min(_BLOCK, W - start)
            block = np.zeros((T, F, round_up(count, tile)), np.float32)  # (T, F, n)
            np.subtract(windows[:, :, start : start + count], mean, out=block[:, :, :count])
            product: Array = block.reshape(T * F, -1)  # (T F, n)
            for factor in factors:
                product = tiled_product(factor, product, tile)  # (k or F, n)
            out[:, start : start + count] = product[:, :count]
        return out

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
    directions = vectors[:, used].T @ centred  # (k, D)
    directions /= np.sqrt(values[used])[:, np.newaxis]
    return values[used][::-1], directions[::-1]


def _flat_at(rows: Array, starts: IntArray, window: int) -> Array:
    """The windows of rows (F, M) at `starts`, one a line, step after step: (W, T F)."""
    view = sliding_window_view(rows, window, axis=1)[:, starts]  # (F, W, T), copied
    return view.transpose(1, 2, 0).reshape(len(starts), -1)
