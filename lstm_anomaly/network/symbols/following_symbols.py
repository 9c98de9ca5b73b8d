"""Follows sequences of symbols with a next-symbol LSTM: many side by side, streams with the same bits.

As in following.py an LSTM's state begins anew at fixed places of a sequence, each RUN symbols, after a run-up
over the RUN_UP before. Runs of all sequences, most of them whole short ones, are the columns of one product,
those of like length together. Which run a symbol belongs to depends on its place in its sequence alone, and
no column's bits depend on those beside it (products.py): so it does not matter how symbols come in pieces.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.base.snapshot import saved_as
from lstm_anomaly.base.types import BoolArray, FloatArray, IntArray
from lstm_anomaly.network.cell import CellScratch, CellStep, cell_forward, to_cell_weights
from lstm_anomaly.network.following import RUN, RUN_UP
from lstm_anomaly.network.products import round_up, tile_width, tiled_product, tiles
from lstm_anomaly.network.symbols.softmax import Codes

Array = NDArray[Any]
Params = dict[str, Array]

GROUP = 128  # runs that are worked on side by side, at most
MOST_LOGITS = 2_000_000  # at a time


@dataclass(frozen=True)
class Forecasts:
    """What was forecast at n places: how surprising what came is, and what was most likely.

    nats    (n,) -log p of what came; that of a symbol never seen is not known here: infinite
    usual   (n,) the code of the most likely symbol, V for the end
    share   (n,) how likely that was
    """

    nats: FloatArray
    usual: IntArray
    share: FloatArray


@saved_as("symbol sequence")
@dataclass(frozen=True)
class Open:
    """A sequence that may go on.

    read    symbols that the LSTM has read, the mark before the first included
    recent  the last of them, up to RUN_UP, for the next run-up
    h, c    (H, 1) of the run that the last one belongs to
    last    the last symbol of the sequence, which was forecast and is not read yet
    """

    read: int
    recent: Annotated[Codes, "n"]
    h: Annotated[Array, "H 1"]
    c: Annotated[Array, "H 1"]
    last: int

    def fits(self, params: Params) -> bool:
        """Whether its symbols are those of a network with these weights."""
        codes = np.append(self.recent, self.last)
        is_known = bool(((codes >= 0) & (codes < len(params["embedding"]))).all())
        return is_known and len(self.recent) == min(self.read, RUN_UP)


def begin(params: Params) -> Open:
    """A sequence before its first symbol."""
    H, dtype = params["lstm.W_h"].shape[1], params["output.W"].dtype
    zero = np.zeros((H, 1), dtype)  # (H, 1)
    return Open(0, np.zeros(0, np.int64), zero, zero, len(params["embedding"]) - 1)


@dataclass
class _Run:
    """Symbols that are read one after the other, of which those from `own` on give forecasts.

    at      place of the first forecast among all
    h, c    (H, 1) before and, once it is done, after it
    """

    inputs: Codes
    own: int
    at: int
    h: Array
    c: Array


def follow_symbols(
    params: Params, state: Open, parts: list[Codes], ends: BoolArray
) -> tuple[Forecasts, Open]:
    """Read the next symbols of sequences: those of the first go on from `state`, the others begin anew.

    parts   the symbols of each sequence, one after the other; only those of the first may be none
    ends    (P,) which of the sequences are over: their end is forecast, too; all but the last are

    Returns the forecasts, part after part, that of its end behind a part's symbols; and the last sequence.
    """
    V = len(params["output.b"]) - 1
    runs: list[_Run] = []
    targets: list[Codes] = []
    count = 0
    for k, (symbols, over) in enumerate(zip(parts, ends.tolist(), strict=True)):
        sequence = state if k == 0 else begin(params)
        wanted = np.append(symbols, V + 1) if over else symbols  # the end is V + 1 outside, see NGram
        inputs = np.append(sequence.last, symbols)[: len(wanted)]  # (m,)
        runs += _runs(params, sequence, inputs, count)
        targets.append(wanted)
        count += len(wanted)
        if len(symbols):
            last, known = int(symbols[-1]), np.concatenate([sequence.recent, inputs])
            state = Open(sequence.read + len(inputs), known[-RUN_UP:].copy(), state.h, state.c, last)
    out = Forecasts(np.empty(count), np.empty(count, np.int64), np.empty(count))
    newest = runs[-1] if runs else None
    wanted = np.concatenate(targets) if targets else np.zeros(0, np.int64)
    by_length = sorted(runs, key=lambda run: len(run.inputs))
    for first in range(0, len(runs), GROUP):
        _follow_group(params, by_length[first : first + GROUP], wanted, out)
    if newest is not None:
        state = Open(state.read, state.recent, newest.h, newest.c, state.last)
    return out, state


def _runs(params: Params, sequence: Open, inputs: Codes, at: int) -> Iterator[_Run]:
    """The runs of the next symbols that a sequence reads; their forecasts begin at place `at`."""
    seen, end = sequence.read, sequence.read + len(inputs)
    known = np.concatenate([sequence.recent, inputs])
    offset = seen - len(sequence.recent)  # of the first that is known, in the sequence
    zero = np.zeros_like(sequence.h)
    for start in range(seen // RUN * RUN, end, RUN):
        own, stop = max(start, seen), min(start + RUN, end)
        goes_on = start < seen
        first = own if goes_on else max(start - RUN_UP, 0)
        h, c = (sequence.h, sequence.c) if goes_on else (zero, zero)
        yield _Run(known[first - offset : stop - offset], own - first, at + own - seen, h, c)


def _follow_group(params: Params, runs: list[_Run], targets: Codes, out: Forecasts) -> None:
    """Read runs side by side; what is forecast goes to `out`, and the last states to the runs."""
    W_h, W_x = to_cell_weights(params["lstm.W_h"]), to_cell_weights(params["lstm.W_x"])  # (4H, H), (4H, D)
    b = to_cell_weights(params["lstm.b"][:, np.newaxis])  # (4H, 1)
    E, H, dtype = params["embedding"], params["lstm.W_h"].shape[1], params["output.W"].dtype
    of_symbol = np.matmul(W_x, E.T) + b  # (4H, V + 2): what each symbol adds to z
    tile = tile_width([W_h.shape, params["output.W"].shape], dtype)
    B, L = round_up(len(runs), tile), len(runs[-1].inputs)
    inputs = np.full((L, B), len(E) - 1)  # (L, B)
    h, blocks = np.zeros((H, B), dtype), np.zeros((6, H, B), dtype)  # (H, B), (6, H, B)
    cell, scratch = CellStep(blocks, c=blocks[4], h=h), CellScratch(H, B, dtype)
    for k, run in enumerate(runs):
        inputs[: len(run.inputs), k] = run.inputs
        h[:, k : k + 1], cell.c[:, k : k + 1] = run.h, run.c
    lengths = np.array([len(run.inputs) for run in runs])  # (R,) ascending
    h_tiles, z_tiles = tiles(h, tile), tiles(cell.z, tile)  # (B / w, H, w), (B / w, 4H, w)
    outputs = np.empty((L, H, B), dtype)  # (L, H, B)
    done = 0
    for t in range(L):
        np.matmul(W_h, h_tiles, out=z_tiles)
        cell.z += of_symbol[:, inputs[t]]
        cell_forward(cell, scratch)
        outputs[t] = h
        while done < len(runs) and lengths[done] == t + 1:
            runs[done].h, runs[done].c = h[:, done : done + 1].copy(), cell.c[:, done : done + 1].copy()
            done += 1
    _forecast(params, outputs, runs, targets, out)


def _forecast(params: Params, outputs: Array, runs: list[_Run], targets: Codes, out: Forecasts) -> None:
    """What the outputs (L, H, B) say of what came after each symbol."""
    W, b = params["output.W"], params["output.b"][:, np.newaxis]
    V, (L, _, B) = len(W) - 1, outputs.shape
    tile = tile_width([params["lstm.W_h"].shape, W.shape], W.dtype)
    at = np.full((L, B), -1)  # (L, B) the place of each forecast, -1 for none
    for k, run in enumerate(runs):
        own = np.arange(run.own, len(run.inputs))
        at[own, k] = run.at + own - run.own
    steps = max(1, MOST_LOGITS // (len(W) * B))
    for first in range(0, L, steps):
        places = at[first : first + steps]  # (l, B)
        logits = tiled_product(W, outputs[first : first + steps], tile) + b  # (l, K, B)
        shifted = (logits - logits.max(axis=1, keepdims=True)).astype(np.float64)  # (l, K, B)
        # A running sum adds symbol after symbol, whatever the shape; see components.py.
        whole = np.cumsum(np.exp(shifted), axis=1)[:, -1]  # (l, B)
        used = places >= 0
        place = places[used]
        came = targets[place]
        chosen = np.where(came == V + 1, V, np.minimum(came, V))  # the end is output V
        step, column = np.nonzero(used)
        nats = np.log(whole[used]) - shifted[step, chosen, column]
        out.nats[place] = np.where(came == V, np.inf, nats)
        out.usual[place] = logits.argmax(axis=1)[used]
        out.share[place] = 1.0 / whole[used]
