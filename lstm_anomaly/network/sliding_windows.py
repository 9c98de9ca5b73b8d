"""Run the autoencoder over every window of a stretch of rows without ever building the windows.

With time along the last axis, what step t of all windows with stride 1 reads is one slice: window w
reads row w + t. So the rows go through the encoder's input weights once, not T times, each step takes
its slice of the result, and memory grows with the rows alone.

`detect` asks for less than the errors of all windows: each row once, as the last of a window, and two rows
share one, see `restore_rows`.

Results do not depend on how the rows were cut, nor on how many processes share them, to the last bit:
every product is made in tiles, see products.py, and the errors of one row are added up in the order of its
windows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.base.processes import CAN_FORK, run_parts, shared_empty
from lstm_anomaly.base.types import FloatArray
from lstm_anomaly.network.autoencoder import Params, architecture, layer_params
from lstm_anomaly.network.cell import CellScratch, CellStep, cell_forward, to_cell_weights
from lstm_anomaly.network.lstm import LstmParams
from lstm_anomaly.network.products import round_up, tile_width, tiled_product, tiles

Array = NDArray[Any]

SHARED = 2  # rows that are restored from one window in `restore_rows`
PART = 4096  # windows that are worth a process
BLOCK_VALUES = 16384  # values of one gate in a block: all that a step works on stays in the processor's cache


@dataclass(frozen=True)
class RowErrors:
    """Squared reconstruction errors, in the units the network saw.

    rows     (M, F) of each row and sensor, averaged over all windows that cover the row
    windows  (W, F) of each window and sensor, averaged over the window's T steps; W = M - T + 1
    """

    rows: FloatArray
    windows: FloatArray


def reconstruct_at(
    params: Params, rows: Array, window: int, position: int = -1, processes: int = 1
) -> tuple[Array, Array]:
    """What each window of rows (F, M) makes of its row at `position` (-1 is its last), and its code.

    Returns the expected values (W, F) and the codes (W, H), one line for each of the W = M - T + 1
    windows with stride 1. Long stretches are shared out among `processes`, with the same result to the
    last bit. Raises ValueError when there are fewer rows than one window.
    """
    steps = window - range(window)[position]  # the decoder begins with the last row
    sizes = architecture(params)
    count = _count_windows(rows, window)
    parts, make = _parts(count, processes)
    expected = make((count, sizes.sensors), rows.dtype)
    codes = make((count, sizes.hidden), rows.dtype)

    def work(part: int) -> None:
        for block in _blocks(params, rows, window, count * part // parts, count * (part + 1) // parts):
            code = block.encode()  # (H, n)
            codes[block.windows] = code.T[: block.count]
            for t in range(steps):
                output = block.decode_step(t)  # (F, n)
            expected[block.windows] = output.T[: block.count]

    run_parts(work, parts)
    return expected, codes


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
    for block in _blocks(params, context, window, 0, last - first + 1, SHARED):
        begin = (first + block.windows.start) * SHARED + window - 1  # the row that its first window ends with
        for later, code in enumerate(block.codes(min(SHARED, high - begin))):
            ends = np.arange(begin + later, begin + later + block.count * SHARED, SHARED)  # (n,)
            asked = (ends >= low) & (ends < high)  # (n,)
            if asked.any():
                block.decode(code)
                restored[ends[asked] - low] = block.decode_step(0)[:, : block.count].T[asked]
    return restored


def row_errors(params: Params, rows: Array, window: int, processes: int = 1) -> RowErrors:
    """Squared errors of the reconstructions of all windows of rows (F, M) with stride 1.

    Shared out among `processes` as in `reconstruct_at`: each has its own rows, and works on all windows
    that cover them. Raises ValueError when there are fewer rows than one window.
    """
    F, M = rows.shape
    count = _count_windows(rows, window)
    parts, make = _parts(count, processes)
    row_sums, window_sums = make((F, M), rows.dtype), make((F, count), rows.dtype)

    def work(part: int) -> None:
        first, last = M * part // parts, M * (part + 1) // parts  # rows of this part
        row_sums[:, first:last] = 0
        for block in _blocks(params, rows, window, max(0, first - window + 1), min(count, last)):
            squares = block.squared_errors()  # (T, F, n)
            start, own = block.windows.start, max(0, first - block.windows.start)
            by_window = np.zeros((F, block.count - own), rows.dtype)
            for t in reversed(range(window)):  # so that each row meets its windows from the first to the last
                by_window += squares[t, :, own:]
                a, b = max(first, start + t), min(last, start + t + block.count)
                if a < b:
                    row_sums[:, a:b] += squares[t, :, a - start - t : b - start - t]
            window_sums[:, start + own : block.windows.stop] = by_window

    run_parts(work, parts)
    covering = np.minimum(np.minimum(np.arange(1, M + 1), np.arange(M, 0, -1)), min(window, count))
    return RowErrors((row_sums / covering).T, window_sums.astype(np.float64).T / window)


def _count_windows(rows: Array, window: int) -> int:
    count = int(rows.shape[1]) - window + 1
    if count < 1:
        raise ValueError(f"a window of {window} rows needs at least as many rows, got {rows.shape[1]}")
    return count


def _parts(count: int, processes: int) -> tuple[int, Any]:
    """How many processes shall work on so many windows, and what makes the arrays they write to."""
    parts = max(1, min(processes, count // PART)) if CAN_FORK else 1
    return parts, np.empty if parts == 1 else shared_empty


def _blocks(
    params: Params, rows: Array, window: int, start: int, stop: int, stride: int = 1
) -> Iterator["_Block"]:
    """The windows start .. stop - 1 in blocks of as many as stay in the cache, all in the same arrays."""
    matrices = [value for value in params.values() if value.ndim == 2]
    tile = tile_width({matrix.shape for matrix in matrices}, matrices[0].dtype)
    size = max(tile, BLOCK_VALUES // architecture(params).hidden // tile * tile)
    block = _Block(params, rows, window, min(size, round_up(stop - start, tile)), tile, stride)
    for first in range(start, stop, size):
        block.move(slice(first, min(first + size, stop)))
        yield block


class _Block:
    """A run of neighbouring windows, worked on side by side as the columns of every product."""

    def __init__(
        self, params: Params, rows: Array, window: int, width: int, tile: int, stride: int = 1
    ) -> None:
        F, H = len(rows), architecture(params).hidden
        self.rows, self.window, self.width, self.tile, self.stride = rows, window, width, tile, stride
        self.windows, self.count = slice(0, 0), 0
        self.output_W = params["output.W"]
        self.output_b = params["output.b"][:, None]
        layers = range(architecture(params).layers)
        self.encoder = [_Layer(layer_params(params, "encoder", k), width, tile) for k in layers]
        self.decoder = [_Layer(layer_params(params, "decoder", k), width, tile) for k in layers]
        # Each s-th row from the k-th on lies in x[k], and what fills a tile: a step's rows are neighbours.
        columns = round_up(width + (window + stride - 2) // stride, tile)
        self.x = np.zeros((stride, F, columns), rows.dtype)  # (s, F, m)
        self.projected = np.empty((stride, 4 * H, columns), rows.dtype)  # (s, 4H, m)
        self.projected_code = np.empty((4 * H, width), rows.dtype)  # (4H, n)
        self.squares = np.empty((window, F, width), rows.dtype)  # (T, F, n)

    def move(self, windows: slice) -> None:
        """Go to other windows, `width` at most; window w begins with row w times the stride."""
        self.windows, self.count = windows, windows.stop - windows.start
        stop = (windows.stop - 1) * self.stride + self.window + self.stride - 1
        for k in range(self.stride):
            x = self.rows[:, windows.start * self.stride + k : stop : self.stride]  # (F, n + (T - 1) / s)
            self.x[k, :, : x.shape[1]] = x
            self.x[k, :, x.shape[1] :] = 0

    def codes(self, count: int) -> Iterator[Array]:
        """Run the encoder over all T steps, then on; after each of `count` the code (H, n) of each window."""
        self.encoder[0].project(self.x, out=self.projected)
        for t in range(self.window + count - 1):
            first = t // self.stride
            code = _step(self.encoder, self.projected[t % self.stride, :, first : first + self.width], t)
            if t >= self.window - 1:
                yield code

    def decode(self, code: Array) -> None:
        """Let the decoder begin with codes (H, n)."""
        self.decoder[0].project(code, out=self.projected_code)  # the same at every step

    def encode(self) -> Array:
        """The code (H, n) of each window, with which the decoder begins."""
        code = next(self.codes(1))
        self.decode(code)
        return code

    def decode_step(self, t: int) -> Array:
        """Run the decoder's step t, the one after t - 1; what it expects of row T - 1 - t, (F, n)."""
        output = tiled_product(self.output_W, _step(self.decoder, self.projected_code, t), self.tile)
        output += self.output_b
        return output

    def squared_errors(self) -> Array:
        """Squared reconstruction errors of all windows at every row, (T, F, n)."""
        self.encode()
        for t in reversed(range(self.window)):
            expected = self.decode_step(self.window - 1 - t)  # (F, n)
            np.subtract(expected, self.x[0, :, t : t + self.width], out=self.squares[t])
        np.square(self.squares, out=self.squares)
        return self.squares[:, :, : self.count]


def _step(layers: list["_Layer"], projected: Array, t: int) -> Array:
    """Step t of a stack of layers, the lowest of which reads `projected` (4H, n); the top's h (H, n)."""
    h = layers[0].step(projected, t)
    for layer in layers[1:]:
        h = layer.step(layer.project(h, out=layer.projected), t)
    return h


class _Layer:
    """An LSTM layer that is run step by step and keeps only its last state."""

    def __init__(self, params: LstmParams, width: int, tile: int) -> None:
        self.W_x, self.W_h = to_cell_weights(params.W_x), to_cell_weights(params.W_h)
        self.b = to_cell_weights(params.b)[:, None]
        self.tile = tile
        hidden, dtype = params.W_h.shape[1], params.W_h.dtype
        self.projected = np.empty((4 * hidden, width), dtype)
        block = np.zeros((6, hidden, width), dtype)
        self.h = np.zeros((hidden, width), dtype)
        self.cell = CellStep(block, c=block[4], h=self.h)  # c_t takes the place of c_{t-1}
        self.scratch = CellScratch(hidden, width, dtype)
        self.h_tiles, self.z_tiles = tiles(self.h, tile), tiles(self.cell.z, tile)

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
