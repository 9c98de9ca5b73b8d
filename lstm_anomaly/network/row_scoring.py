"""Run the autoencoder over every window of a stretch of rows without ever building the windows.

With time along the last axis, what step t of all windows with stride 1 reads is one slice: window w
reads row w + t. So the rows go through the encoder's input weights once, not T times, each step takes
its slice of the result, and memory grows with the rows alone.

Results do not depend on how the rows were cut, to the last bit: every product is made in tiles, see
tiles.py, and the errors of one row are added up in the order of its windows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.network.autoencoder import Params, architecture, layer_params
from lstm_anomaly.network.cell import CellScratch, CellStep, cell_forward, to_cell_weights
from lstm_anomaly.network.forking import CAN_FORK, run_parts, shared_empty
from lstm_anomaly.network.lstm import LstmParams
from lstm_anomaly.network.tiles import tile_width, tiled_product, tiles
from lstm_anomaly.types import FloatArray

Array = NDArray[Any]

PART = 4096  # windows that are worth a process


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
    steps = range(window)[position] + 1
    sizes = architecture(params)
    count = _count_windows(rows, window)
    parts = max(1, min(processes, count // PART)) if CAN_FORK else 1
    make = np.empty if parts == 1 else shared_empty
    expected = make((count, sizes.sensors), rows.dtype)
    codes = make((count, sizes.hidden), rows.dtype)

    def work(part: int) -> None:
        for block in _blocks(params, rows, window, count * part // parts, count * (part + 1) // parts):
            code = block.encode()  # (H, n)
            codes[block.windows] = code.T[: block.count]
            for _ in range(steps):
                output = block.decode_step()  # (F, n)
            expected[block.windows] = output.T[: block.count]

    run_parts(work, parts)
    return expected, codes


def row_errors(params: Params, rows: Array, window: int) -> RowErrors:
    """Squared errors of the reconstructions of all windows of rows (F, M) with stride 1.

    Raises ValueError when there are fewer rows than one window.
    """
    F, M = rows.shape
    count = _count_windows(rows, window)
    row_sums = np.zeros((F, M))
    window_sums = np.zeros((F, count))
    for block in _blocks(params, rows, window, 0, count):
        block.encode()
        n, start = block.count, block.windows.start
        squares = np.empty((window, F, n))
        for t in range(window):
            np.subtract(block.decode_step()[:, :n], rows[:, start + t : start + t + n], out=squares[t])
        squares *= squares  # (T, F, n)
        for t in range(window):
            window_sums[:, block.windows] += squares[t]
        for t in reversed(range(window)):  # so that each row meets its windows from the first to the last
            row_sums[:, start + t : start + t + n] += squares[t]
    covering = np.minimum(np.minimum(np.arange(1, M + 1), np.arange(M, 0, -1)), min(window, count))
    return RowErrors((row_sums / covering).T, window_sums.T / window)


def _count_windows(rows: Array, window: int) -> int:
    count = int(rows.shape[1]) - window + 1
    if count < 1:
        raise ValueError(f"a window of {window} rows needs at least as many rows, got {rows.shape[1]}")
    return count


def _blocks(params: Params, rows: Array, window: int, start: int, stop: int) -> Iterator["_Block"]:
    """The windows start .. stop - 1 in blocks of as many as stay in the processor's cache."""
    matrices = [value for value in params.values() if value.ndim == 2]
    tile = tile_width({matrix.shape for matrix in matrices}, matrices[0].dtype)
    size = max(tile, 16384 // architecture(params).hidden // tile * tile)
    for first in range(start, stop, size):
        yield _Block(params, rows, window, slice(first, min(first + size, stop)), tile)


class _Block:
    """A run of neighbouring windows, worked on side by side as the columns of every product."""

    def __init__(self, params: Params, rows: Array, window: int, windows: slice, tile: int) -> None:
        self.windows = windows
        self.count = windows.stop - windows.start
        self.window = window
        self.tile = tile
        self.output_W = params["output.W"]
        self.output_b = params["output.b"][:, None]
        self.width = _round_up(self.count, tile)
        layers = range(architecture(params).layers)
        self.encoder = [_Layer(layer_params(params, "encoder", k), self.width, tile) for k in layers]
        self.decoder = [_Layer(layer_params(params, "decoder", k), self.width, tile) for k in layers]
        x = rows[:, windows.start : windows.stop + window - 1]
        self.x = np.zeros((len(rows), _round_up(self.width + window - 1, tile)), rows.dtype)
        self.x[:, : x.shape[1]] = x  # (F, n + T - 1), and what fills up the last tile

    def encode(self) -> Array:
        """Run the encoder over all T steps; the code (H, n) of each window."""
        projected = self.encoder[0].project(self.x)  # (4H, n + T - 1)
        for t in range(self.window):
            code = _step(self.encoder, projected[:, t : t + self.width])
        self.projected_code = self.decoder[0].project(code)  # (4H, n), the same at every step
        return code

    def decode_step(self) -> Array:
        """Run the decoder one step on; what it expects at that step, (F, n)."""
        output = tiled_product(self.output_W, _step(self.decoder, self.projected_code), self.tile)
        output += self.output_b
        return output


def _round_up(columns: int, tile: int) -> int:
    return -(-columns // tile) * tile


def _step(layers: list["_Layer"], projected: Array) -> Array:
    """One step of a stack of layers, the lowest of which reads `projected` (4H, n); the top's h (H, n)."""
    h = layers[0].step(projected)
    for layer in layers[1:]:
        h = layer.step(layer.project(h))
    return h


class _Layer:
    """An LSTM layer that is run step by step and keeps only its last state."""

    def __init__(self, params: LstmParams, width: int, tile: int) -> None:
        self.W_x, self.W_h = to_cell_weights(params.W_x), to_cell_weights(params.W_h)
        self.b = to_cell_weights(params.b)[:, None]
        self.tile = tile
        hidden, dtype = params.W_h.shape[1], params.W_h.dtype
        block = np.zeros((6, hidden, width), dtype)
        self.h = np.zeros((hidden, width), dtype)
        self.cell = CellStep(block, c=block[4], h=self.h)  # c_t takes the place of c_{t-1}
        self.scratch = CellScratch(hidden, width, dtype)
        self.h_tiles, self.z_tiles = tiles(self.h, tile), tiles(self.cell.z, tile)

    def project(self, x: Array) -> Array:
        """W_x x + b for x (F, n): (4H, n)."""
        projected = tiled_product(self.W_x, x, self.tile)
        projected += self.b
        return projected

    def step(self, projected: Array) -> Array:
        """One step on from the last state, given its projected input; h (H, n)."""
        z = self.cell.z
        np.matmul(self.W_h, self.h_tiles, out=self.z_tiles)
        np.add(z, projected, out=z)
        cell_forward(self.cell, self.scratch)
        return self.h
