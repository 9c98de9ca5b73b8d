"""Restores rows, each as the last of a window, without ever building the windows.

With time along the last axis, what step t of neighbouring windows reads is one slice. So the rows go through
the encoder's input weights once, not T times, each step takes its slice of the result, and memory grows with
the rows alone. Two rows share a window, see `restore_rows`.

Results do not depend on how the rows were cut, to the last bit: every product is made in tiles, see
products.py.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.base.blas import one_thread
from lstm_anomaly.network.autoencoder import Params, architecture, layer_params
from lstm_anomaly.network.cell import CellScratch, CellStep, cell_forward, to_cell_weights
from lstm_anomaly.network.lstm import LstmParams
from lstm_anomaly.network.products import (
    MOST_WHOLE,
    WITH_MARGIN,
    margin_of,
    round_up,
    tile_width,
    tiled_product,
    tiles,
)

Array = NDArray[Any]

SHARED = 2  # rows that are restored from one window in `restore_rows`
BLOCK_VALUES = 16384  # values of one gate in a block: all that a step works on stays in the processor's cache


def context_rows(window: int) -> int:
    """How many rows before a row `restore_rows` may need to restore it."""
    return window - 1 + SHARED - 1


def restoring_work(params: Params, window: int) -> float:
    """Multiply-adds a row, as far as it matters to who shares work out."""
    sizes = {stack: sum(params[name].size for name in params if stack in name) for stack in ("encoder", "")}
    steps = (window - 1) / SHARED + 1  # of the encoder
    return float(sizes["encoder"] * steps + sizes[""] - sizes["encoder"])


def restore_rows(params: Params, rows: Array, window: int, number: int, wanted: slice) -> Array:
    """What the autoencoder makes of the `wanted` rows of rows (F, M), each as the last of a window: (n, F).

    Two rows share a window, which then costs half as much: the encoder begins at each second row, is run over
    T rows, where the first of the two is restored, and over one more, where the second is. `number` is the
    number of rows[:, 0] in its stretch, by which rows are paired, so that the result does not depend, to the
    last bit, on how the stretch was cut. Each wanted row needs `context_rows` before it, or all there are.
    """
    low, high = number + wanted.start, number + wanted.stop  # in the stretch, as all numbers here
    first, last = (
        (low - window + 1) // SHARED,
        (high - window) // SHARED,
    )  # windows begin at SHARED times that
    restored = np.empty((high - low, len(rows)), rows.dtype)  # (n, F)
    context = rows[:, first * SHARED - number : wanted.stop]  # (F, m)
    for block in _blocks(params, context, window, last - first + 1):
        begin = (first + block.windows.start) * SHARED + window - 1  # the row that its first window ends with
        for later, code in enumerate(block.codes(min(SHARED, high - begin))):
            ends = np.arange(begin + later, begin + later + block.count * SHARED, SHARED)  # (n,)
            asked = (ends >= low) & (ends < high)  # (n,)
            if asked.any():
                restored[ends[asked] - low] = block.last_rows(code)[:, block.inner].T[asked]
    return restored


def _blocks(params: Params, rows: Array, window: int, count: int) -> Iterator["_Block"]:
    """The first `count` windows in blocks of as many as stay in the cache, all in the same arrays."""
    matrices = [value for value in params.values() if value.ndim == 2]
    dtype, hidden = matrices[0].dtype, architecture(params).hidden
    tile = tile_width({matrix.shape for matrix in matrices}, dtype)
    size = max(tile, BLOCK_VALUES // hidden // tile * tile)
    whole, margin = min(size, MOST_WHOLE), 0
    with one_thread():  # threads would cut whole products, which then have more ends
        if tile == WITH_MARGIN and (margin := margin_of((4 * hidden, hidden), whole, dtype)):
            size = whole
        width = min(size, round_up(count, tile)) + 2 * margin
        block = _Block(params, rows, window, width, tile, margin)
        for first in range(0, count, size):
            block.move(slice(first, min(first + size, count)))
            yield block


class _Block:
    """A run of neighbouring windows, worked on side by side as the columns of every product.

    With a margin this many columns on the left and as many on the right belong to no window; the products of
    a step are then made whole, see products.py.
    """

    def __init__(self, params: Params, rows: Array, window: int, width: int, tile: int, margin: int) -> None:
        F, H = len(rows), architecture(params).hidden
        self.rows, self.window, self.width, self.tile = rows, window, width, tile
        self.margin, self.windows, self.count = margin, slice(0, 0), 0
        self.output_W = params["output.W"]
        self.output_b = params["output.b"][:, None]
        layers = range(architecture(params).layers)
        self.encoder = [_Layer(layer_params(params, "encoder", k), width, tile, margin) for k in layers]
        self.decoder = [_Layer(layer_params(params, "decoder", k), width, tile, margin) for k in layers]
        # Each s-th row from the k-th on lies in x[k], and what fills a tile: a step's rows are neighbours.
        columns = round_up(width + (window + SHARED - 2) // SHARED, tile)
        self.x = np.zeros((SHARED, F, columns), rows.dtype)  # (s, F, m)
        self.projected = np.empty((SHARED, 4 * H, columns), rows.dtype)  # (s, 4H, m)
        self.projected_code = np.empty((4 * H, width), rows.dtype)  # (4H, n)

    def move(self, windows: slice) -> None:
        """Go to other windows, `width` at most; window w begins with row `SHARED` w."""
        self.windows, self.count = windows, windows.stop - windows.start
        stop = (windows.stop - 1) * SHARED + self.window + SHARED - 1
        for k in range(SHARED):
            x = self.rows[:, windows.start * SHARED + k : stop : SHARED]  # (F, n + (T - 1) / s)
            end = self.margin + x.shape[1]
            self.x[k, :, self.margin : end] = x
            self.x[k, :, end:] = 0

    @property
    def inner(self) -> slice:
        """The columns of the windows."""
        return slice(self.margin, self.margin + self.count)

    def codes(self, count: int) -> Iterator[Array]:
        """Run the encoder over all T steps, then on; after each of `count` the code (H, n) of each window."""
        self.encoder[0].project(self.x, out=self.projected)
        for t in range(self.window + count - 1):
            first = t // SHARED
            code = _step(self.encoder, self.projected[t % SHARED, :, first : first + self.width], t)
            if t >= self.window - 1:
                yield code

    def last_rows(self, code: Array) -> Array:
        """What the decoder's first step makes of codes (H, n): the last row of each window, (F, n)."""
        self.decoder[0].project(code, out=self.projected_code)
        output = tiled_product(self.output_W, _step(self.decoder, self.projected_code, 0), self.tile)
        output += self.output_b
        return output


def _step(layers: list["_Layer"], projected: Array, t: int) -> Array:
    """Step t of a stack of layers, the lowest of which reads `projected` (4H, n); the top's h (H, n)."""
    h = layers[0].step(projected, t)
    for layer in layers[1:]:
        h = layer.step(layer.project(h, out=layer.projected), t)
    return h


class _Layer:
    """An LSTM layer that is run step by step and keeps only its last state."""

    def __init__(self, params: LstmParams, width: int, tile: int, margin: int) -> None:
        self.W_x, self.W_h = to_cell_weights(params.W_x), to_cell_weights(params.W_h)
        self.b = to_cell_weights(params.b)[:, None]
        self.tile = tile
        hidden, dtype = params.W_h.shape[1], params.W_h.dtype
        self.projected = np.empty((4 * hidden, width), dtype)
        block = np.zeros((6, hidden, width), dtype)
        self.h = np.zeros((hidden, width), dtype)
        self.cell = CellStep(block, c=block[4], h=self.h)  # c_t takes the place of c_{t-1}
        self.scratch = CellScratch(hidden, width, dtype)
        step_tile = width if margin else tile
        self.h_tiles, self.z_tiles = tiles(self.h, step_tile), tiles(self.cell.z, step_tile)

    def project(self, x: Array, out: Array) -> Array:
        """W_x x + b for x (..., F, n): (..., 4H, n)."""
        np.matmul(self.W_x, tiles(x, self.tile), out=tiles(out, self.tile))
        out += self.b
        return out

    def step(self, projected: Array, t: int) -> Array:
        """Step t, given its projected input; h (H, n). Step 0 begins with h and c zero."""
        z = self.cell.z
        if t == 0:
            np.copyto(z, projected)
            self.cell.c[...] = 0
        else:
            np.matmul(self.W_h, self.h_tiles, out=self.z_tiles)
            np.add(z, projected, out=z)
        cell_forward(self.cell, self.scratch)
        return self.h
