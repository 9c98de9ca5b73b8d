"""The baseline: a linear autoencoder, which is what principal components of windows are.

It trains in a second and beats most published LSTM autoencoders, so every model is compared with it.
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
MOST_CELLS = 6_000_000  # of all components: 24 MB of a model file, which thousands of sensors must fit into
MOST_WINDOWS = 5000  # windows that the components are found from; more change little
MOST_TERMS = 256  # that one product adds up: a BLAS adds float32 in turn, so a longer sum loses more digits
_BLOCK = 512  # windows worked on at a time, so that memory does not grow with them
_LEAST_BLOCK = 64  # of windows of this many readings that 512 would be
_BLOCK_CELLS = 1 << 22  # more than this


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
        few = len(starts) < window * len(rows)
        mean, components = (_axes_of_few if few else _principal_axes)(rows, starts, window)
        return cls(mean.astype(np.float32), components, window)

    def last_rows(self, rows: Array) -> Array:
        """For each window of rows (F, M): its last row as reconstructed, (W, F)."""
        restored = self._products(rows)  # (F, W)
        restored += self.mean[-len(rows) :, np.newaxis]
        return restored.T

    @cached_property
    def last_factors(self) -> tuple[Array, ...]:
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

    @cached_property
    def _parts(self) -> tuple[tuple[Array, ...], ...]:
        """The factors, each cut into parts of at most MOST_TERMS columns."""
        return tuple(
            tuple(
                np.ascontiguousarray(factor[:, start : start + MOST_TERMS])
                for start in range(0, factor.shape[1], MOST_TERMS)
            )
            for factor in self.last_factors
        )

    def _products(self, rows: Array) -> Array:
        """The windows of rows (F, M), less the mean, times each of the factors in turn: (F, W).

        In tiles, see products.py: a window gets the same result, to the last bit, whichever others there are.
        """
        windows = sliding_window_view(rows, self.window, axis=1).transpose(2, 0, 1)  # (T, F, W) a view
        T, F, W = windows.shape
        mean = self.mean.reshape(T, F, 1)  # (T, F, 1)
        tile = tile_width({part.shape for parts in self._parts for part in parts}, np.float32)
        out = np.empty((F, W), np.float32)  # (F, W)
        size = round_up(_block(T * F), tile)
        for start in range(0, W, size):
            count = min(size, W - start)
            block = np.zeros((T, F, round_up(count, tile)), np.float32)  # (T, F, n)
            np.subtract(windows[:, :, start : start + count], mean, out=block[:, :, :count])
            product: Array = block.reshape(T * F, -1)  # (T F, n)
            for parts in self._parts:
                product = _summed(parts, product, tile)  # (k or F, n)
            out[:, start : start + count] = product[:, :count]
        return out

    def errors(self, rows: Array, starts: IntArray, most: int | None = None) -> FloatArray:
        """Mean squared error of each window of rows (F, M) at `starts`, (W,), from its first `most` codes."""
        components = self.components[:most]
        out = np.empty(len(starts))
        size = _block(len(self.mean))
        for first in range(0, len(starts), size):
            block = _flat_at(rows, starts[first : first + size], self.window)  # (B, T F)
            block -= self.mean
            block -= block @ components.T @ components
            out[first : first + size] = (block.astype(np.float64) ** 2).mean(axis=1)
        return out


def _summed(parts: tuple[Array, ...], x: Array, tile: int) -> Array:
    """Parts side by side, (M, K), times x (K, n): the sum of their products, (M, n)."""
    product = tiled_product(parts[0], x[: parts[0].shape[1]], tile)  # (M, n)
    start = parts[0].shape[1]
    for part in parts[1:]:
        product += tiled_product(part, x[start : start + part.shape[1]], tile)
        start += part.shape[1]
    return product


def _block(cells: int) -> int:
    """Windows worked on at a time when each has this many readings."""
    return max(_LEAST_BLOCK, min(_BLOCK, _BLOCK_CELLS // cells))


def _principal_axes(rows: Array, starts: IntArray, window: int) -> tuple[FloatArray, Array]:
    """The mean (D,) of the windows at `starts`, and the directions that keep most variance, (k, D) float32.

    From the products of their D readings with each other, many times faster than a singular value
    decomposition of the windows; small variances lose digits, and only large ones are kept.
    """
    flat = _flat_at(rows, starts, window)  # (W, D)
    mean = flat.mean(axis=0, dtype=np.float64)  # (D,)
    centred = flat - mean  # (W, D)
    values, vectors = np.linalg.eigh(centred.T @ centred)  # ascending
    count = _kept(np.maximum(values[::-1], 0.0), len(mean))
    # In the order in which a model file holds them: with another, products differ in their last bits.
    return mean, np.ascontiguousarray(vectors.T[::-1][:count], dtype=np.float32)


def _axes_of_few(rows: Array, starts: IntArray, window: int) -> tuple[FloatArray, Array]:
    """The same of fewer windows than they have readings, W < D: from the products of windows, (W, W).

    Of thousands of sensors all windows would be the largest array of a training: it is never made as a whole.
    """
    W, D = len(starts), window * len(rows)
    pieces = [slice(k, min(D, k + _BLOCK_CELLS // W + 1)) for k in range(0, D, _BLOCK_CELLS // W + 1)]
    mean, product, moves = np.empty(D), np.zeros((W, W)), False
    for piece in pieces:
        flat = _columns_at(rows, starts, piece)  # (W, n)
        mean[piece] = flat.mean(axis=0, dtype=np.float64)
        moves |= bool(np.ptp(flat, axis=0).max() > 0)
        centred = flat - mean[piece]  # (W, n)
        product += centred @ centred.T
    if not moves:  # each direction is as good as any other
        count = _kept(np.zeros(D), D)
        return mean, np.ascontiguousarray(np.eye(count, D, D - count, np.float32)[::-1])
    values, vectors = np.linalg.eigh(product)  # ascending
    used = values > 1e-12 * values[-1]
    values, vectors = values[used][::-1], vectors[:, used][:, ::-1]
    count = _kept(values, D)
    weights = vectors[:, :count].T / np.sqrt(values[:count])[:, np.newaxis]  # (k, W)
    directions = np.empty((count, D), np.float32)
    for piece in pieces:
        directions[:, piece] = weights @ (_columns_at(rows, starts, piece) - mean[piece])  # (k, n)
    return mean, directions


def _columns_at(rows: Array, starts: IntArray, piece: slice) -> Array:
    """Some of the T F readings of the windows of rows (F, M) at `starts`, (W, n)."""
    F = len(rows)
    out = np.empty((len(starts), piece.stop - piece.start), rows.dtype)  # (W, n)
    for step in range(piece.start // F, -(-piece.stop // F)):
        first, stop = max(piece.start, step * F), min(piece.stop, (step + 1) * F)
        sensors = slice(first - step * F, stop - step * F)
        out[:, first - piece.start : stop - piece.start] = rows[sensors, starts + step].T
    return out


def _kept(variances: FloatArray, cells: int) -> int:
    """How many of the variances (k,), the largest first, make up `VARIANCE_KEPT` of them all.

    Fewer where their weights would be too large for a model file.
    """
    most = max(1, min(MOST_COMPONENTS, MOST_CELLS // cells))
    shares = np.cumsum(variances) / max(float(variances.sum()), 1e-300)
    return min(int(np.searchsorted(shares, VARIANCE_KEPT)) + 1, most, len(variances))


def _flat_at(rows: Array, starts: IntArray, window: int) -> Array:
    """The windows of rows (F, M) at `starts`, one a line, step after step: (W, T F)."""
    flat = np.empty((len(starts), window, len(rows)), rows.dtype)  # (W, T, F)
    view = sliding_window_view(rows, window, axis=1).transpose(1, 2, 0)  # (M - T + 1, T, F)
    size = _block(window * len(rows))
    for first in range(0, len(starts), size):
        flat[first : first + size] = view[starts[first : first + size]]
    return flat.reshape(len(starts), -1)
