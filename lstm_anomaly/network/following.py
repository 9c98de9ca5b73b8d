"""Follows rows with a forecaster's LSTM: long stretches as runs side by side, streams with the same bits.

An LSTM reads one row after the other, and a step for 16 rows side by side takes as long as steps for four.
So its state begins anew at fixed row numbers, each RUN rows, after a run-up over the RUN_UP rows before:

    rows     0        256       512       768       1024 ...
    run 0    |==================|
    run 1             |.........|===================|          . run-up, its forecasts are not used
    run 2                                 |.........|===...    = its forecasts are those of these rows

By the end of its run-up a run has forgotten that it began with nothing. Runs are the columns of one product.
Which run a row belongs to depends on its number in the stretch alone, and a stream carries two states while
a run-up lasts: so it forecasts the same, to the last bit.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.network.cell import CellScratch, CellStep, cell_forward, to_cell_weights
from lstm_anomaly.network.tiles import round_up, tile_width, tiled_product, tiles

Array = NDArray[Any]
Params = dict[str, Array]

RUN = 512  # rows whose forecasts are those of one run
RUN_UP = 256  # rows before them; fewer than RUN, so that there are never more than two runs at a row
PIECE = 16 * RUN  # rows that are read at a time
TILE = 16  # runs in a tile: as many as there are in a piece


@dataclass(frozen=True)
class State:
    """What the LSTM remembers between two rows of a stretch.

    seen  rows of the stretch that were read
    h, c  (H, S) of the S runs that go on: none before the first row, two while a run-up lasts, else one
    """

    seen: int
    h: Array
    c: Array


def first_state(params: Params) -> State:
    """Nothing read yet."""
    nothing = np.zeros((params["lstm.W_h"].shape[1], 0), params["output.W"].dtype)  # (H, 0)
    return State(0, nothing, nothing)


def follow(params: Params, rows: Array, state: State) -> tuple[Array, State]:
    """Read rows (F, n) of one stretch; the forecasts made after each, (D, n), and the new state."""
    forecasts = np.empty((len(params["output.b"]), rows.shape[1]), rows.dtype)  # (D, n)
    for start in range(0, rows.shape[1], PIECE):
        piece = rows[:, start : start + PIECE]  # (F, m)
        runs = _runs(state.seen, piece.shape[1])
        outputs, state = _follow_runs(params, piece, runs, state)  # (L, D, B)
        for column, run in enumerate(runs):
            own = outputs[run.own - run.first : run.stop - run.first, :, column]  # (l, D)
            forecasts[:, start + run.own : start + run.stop] = own.T
    forecasts += params["output.b"][:, np.newaxis]
    return forecasts, state


@dataclass(frozen=True)
class _Run:
    """The rows `first` .. `stop - 1` of a piece that a run reads; from `own` on its forecasts are used."""

    first: int
    own: int
    stop: int
    goes_on: bool

    @property
    def steps(self) -> int:
        return self.stop - self.first


def _runs(seen: int, count: int) -> list[_Run]:
    """The runs that read some of the next `count` rows of a stretch; those that have begun come first."""
    runs, end = [], seen + count
    for number in range(seen // RUN, (end - 1 + RUN_UP) // RUN + 1):
        first, own, stop = number * RUN - RUN_UP, number * RUN, (number + 1) * RUN
        run_stop = min(stop, end) - seen
        runs.append(_Run(max(first - seen, 0), min(max(own - seen, 0), run_stop), run_stop, stop > end))
    return runs


def _follow_runs(params: Params, rows: Array, runs: list[_Run], state: State) -> tuple[Array, State]:
    """Read rows (F, m) in runs side by side: outputs (L, D, B) but for their bias, and the new state."""
    W = np.concatenate([to_cell_weights(weight) for weight in _joined_weights(params)], axis=1)  # (4H, K)
    H, F, dtype = params["lstm.W_h"].shape[1], len(rows), W.dtype
    tile = tile_width([W.shape, params["output.W"].shape], dtype, most=TILE)
    B, L = round_up(len(runs), tile), max(run.steps for run in runs)
    x = np.zeros((L, F, B), dtype)  # (L, F, B); zeros after a run's last row, and where there is no run
    for column, run in enumerate(runs):
        x[: run.steps, :, column] = rows[:, run.first : run.stop].T
    outputs = np.empty((L, H, B), dtype)  # (L, H, B)
    joined = np.ones((H + F + 1, B), dtype)  # (K, B): [h_{t-1}, x_t, 1]
    h, x_t = joined[:H], joined[H:-1]  # (H, B), (F, B)
    blocks = np.zeros((6, H, B), dtype)  # (6, H, B)
    cell, scratch = CellStep(blocks, c=blocks[4], h=h), CellScratch(H, B, dtype)
    joined_tiles, z_tiles = tiles(joined, tile), tiles(cell.z, tile)  # (B / b, K, b), (B / b, 4H, b)
    carried = state.h.shape[1]
    h[...] = 0
    h[:, :carried], cell.c[:, :carried] = state.h, state.c
    going_on = [column for column, run in enumerate(runs) if run.goes_on]
    kept = np.empty((2, H, len(going_on)), dtype)  # (2, H, S): h and c of these after their last rows
    ends = {runs[column].steps for column in going_on}
    for t in range(L):
        np.copyto(x_t, x[t])
        np.matmul(W, joined_tiles, out=z_tiles)
        cell_forward(cell, scratch)
        np.copyto(outputs[t], h)
        if t + 1 in ends:
            for place, column in enumerate(going_on):
                if runs[column].steps == t + 1:
                    kept[:, :, place] = h[:, column], cell.c[:, column]
    with np.errstate(invalid="ignore"):  # a flag that some BLAS kernels set on finite input, too
        forecasts = tiled_product(params["output.W"], outputs, tile)  # (L, D, B)
    return forecasts, State(state.seen + rows.shape[1], *kept)


def _joined_weights(params: Params) -> tuple[Array, Array, Array]:
    return params["lstm.W_h"], params["lstm.W_x"], params["lstm.b"][:, np.newaxis]
