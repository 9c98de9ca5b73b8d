"""Follows rows with a forecaster's LSTM: long stretches as runs side by side, streams with the same bits.

An LSTM reads one row after the other, and a step for 16 rows side by side takes as long as steps for four.
So its state begins anew at fixed row numbers, each RUN rows, after a run-up over the RUN_UP rows before:

    rows     0        256       512       768       1024 ...
    run 0    |==================|
    run 1             |.........|===================|          . run-up, its forecasts are not used
    run 2                                 |.........|===...    = its forecasts are those of these rows

By the end of its run-up a run has forgotten that it began with nothing. Runs are the columns of one product.
Which run a row belongs to depends on its number in the stretch alone, and a stream carries the rows that a
run-up may need. So a stream gives the same forecasts as a file, to the last bit.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.base.snapshot import saved_as
from lstm_anomaly.network.cell import CellScratch, CellStep, cell_forward, to_cell_weights
from lstm_anomaly.network.products import round_up, tile_width, tiled_product, tiles

Array = NDArray[Any]
Params = dict[str, Array]

RUN = 512  # rows whose forecasts are those of one run
RUN_UP = 256  # rows before them that the state is built up on
TILE = 16  # runs in a tile
PIECE = TILE * RUN  # rows that are read at a time; those that begin with a run fill a tile


@saved_as("LSTM state")
@dataclass(frozen=True)
class State:
    """What the LSTM remembers between two rows of a stretch.

    seen    rows of the stretch that were read
    recent  (F, r) the last of them, for the next run-up; r is RUN_UP, or fewer if there were not as many
    h, c    (H, 1) of the run that the last row belongs to
    """

    seen: int
    recent: Annotated[Array, "I n"]
    h: Annotated[Array, "H 1"]
    c: Annotated[Array, "H 1"]

    def makes_sense(self) -> bool:
        """Whether what is remembered goes together."""
        return min(self.seen, RUN_UP) == int(self.recent.shape[1])


def first_state(params: Params) -> State:
    """Nothing read yet."""
    (_, F), (_, H) = params["lstm.W_x"].shape, params["lstm.W_h"].shape
    zero = np.zeros((H, 1), params["output.W"].dtype)  # (H, 1)
    return State(0, np.zeros((F, 0), zero.dtype), zero, zero)


def follow(params: Params, rows: Array, state: State) -> tuple[Array, State]:
    """Read rows (F, n) of one stretch; the forecasts made after each, (D, n), and the new state."""
    forecasts = np.empty((len(params["output.b"]), rows.shape[1]), rows.dtype)  # (D, n)
    for start in range(0, rows.shape[1], PIECE):
        piece = rows[:, start : start + PIECE]  # (F, m)
        runs = _runs(state.seen, piece.shape[1])
        known = np.concatenate([state.recent, piece], axis=1)  # (F, r + m)
        before = state.recent.shape[1]
        outputs, h, c = _follow_runs(params, known, before, runs, state)  # (L, D, B), (H, 1), (H, 1)
        for run in runs:
            own = outputs[run.at + run.own - run.first : run.at + run.steps, :, run.column]  # (l, D)
            forecasts[:, start + run.own : start + run.stop] = own.T
        state = State(state.seen + piece.shape[1], known[:, -RUN_UP:].copy(), h, c)
    forecasts += params["output.b"][:, np.newaxis]
    return forecasts, state


def following_work(params: Params) -> float:
    """Multiply-adds a row, as far as it matters to who shares work out."""
    return (RUN + RUN_UP) / RUN * float(sum(weight.size for weight in params.values()))


@dataclass(frozen=True)
class _Run:
    """The rows `first` .. `stop` - 1 that a run reads; from `own` on its forecasts are used.

    All are counted from the first row of a piece; those before it, of which a run-up reads, are negative.
    It is worked on in a `column` of a product, from step `at` on.
    """

    first: int
    own: int
    stop: int
    column: int
    at: int = 0

    @property
    def steps(self) -> int:
        return self.stop - self.first


def _runs(seen: int, count: int) -> list[_Run]:
    """The runs that the next `count` rows of a stretch belong to; the first may have begun before.

    Rows that do not begin with a run have one run more, of which two are short: the last follows the first in
    its column then, so that a piece of rows never takes a tile more.
    """
    runs: list[_Run] = []
    end = seen + count
    for begin in range(seen // RUN * RUN, end, RUN):
        own, stop = max(begin, seen) - seen, min(begin + RUN, end) - seen
        first = own if begin < seen else max(begin - RUN_UP, 0) - seen
        runs.append(_Run(first, own, stop, column=len(runs)))
    if len(runs) % TILE == 1 and len(runs) > 1:
        runs[-1] = replace(runs[-1], column=0, at=runs[0].steps)
    return runs


def _follow_runs(
    params: Params, rows: Array, before: int, runs: list[_Run], state: State
) -> tuple[Array, Array, Array]:
    """Read rows (F, r + m), of which `before` are older than the piece, in runs side by side.

    Returns the outputs (L, D, B) but for their bias, and h and c (H, 1) after the last row.
    """
    W = np.concatenate([to_cell_weights(weight) for weight in _joined_weights(params)], axis=1)  # (4H, K)
    H, F, dtype = params["lstm.W_h"].shape[1], len(rows), W.dtype
    tile = tile_width([W.shape, params["output.W"].shape], dtype, most=TILE)
    B = round_up(max(run.column for run in runs) + 1, tile)
    L = max(run.at + run.steps for run in runs)
    x = np.zeros((L, F, B), dtype)  # (L, F, B); zeros after a run's last row, and where there is no run
    for run in runs:
        x[run.at : run.at + run.steps, :, run.column] = rows[:, before + run.first : before + run.stop].T
    outputs = np.empty((L, H, B), dtype)  # (L, H, B)
    joined = np.ones((H + F + 1, B), dtype)  # (K, B): [h_{t-1}, x_t, 1]
    h, x_t = joined[:H], joined[H:-1]  # (H, B), (F, B)
    blocks = np.zeros((6, H, B), dtype)  # (6, H, B)
    cell, scratch = CellStep(blocks, c=blocks[4], h=h), CellScratch(H, B, dtype)
    joined_tiles, z_tiles = tiles(joined, tile), tiles(cell.z, tile)  # (B / b, K, b), (B / b, 4H, b)
    h[...] = 0
    if runs[0].own == runs[0].first:  # it has begun before, or begins with nothing, as the state says then
        h[:, :1], cell.c[:, :1] = state.h, state.c
    last = runs[-1]
    at, end, column = last.at, last.at + last.steps - 1, slice(last.column, last.column + 1)
    for t in range(L):
        if t == at > 0:
            h[:, column] = cell.c[:, column] = 0
        np.copyto(x_t, x[t])
        np.matmul(W, joined_tiles, out=z_tiles)
        cell_forward(cell, scratch)
        np.copyto(outputs[t], h)
        if t == end:
            h_last, c_last = h[:, column].copy(), cell.c[:, column].copy()  # (H, 1)
    with np.errstate(invalid="ignore"):  # a flag that some BLAS kernels set on finite input, too
        return tiled_product(params["output.W"], outputs, tile), h_last, c_last


def _joined_weights(params: Params) -> tuple[Array, Array, Array]:
    return params["lstm.W_h"], params["lstm.W_x"], params["lstm.b"][:, np.newaxis]
