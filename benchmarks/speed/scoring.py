"""Restore every row of a long file as `detect` does it: ours, PyTorch, ONNX Runtime, with the same weights.

The others restore each row as the last of a window of its own, in batches of 1024, as their users build
them; the decoder begins with that row, but their layers run over whole sequences. Ours lets two rows share a
window, and takes one step of the decoder. Results must agree for the rows whose windows are the same.
"""

from functools import partial

import measure
import numpy as np
from peers import onnx_reconstruct, torch_reconstruct
from steps import product_speed

from lstm_anomaly.network.autoencoder import init_autoencoder
from lstm_anomaly.network.sliding_windows import restore_rows

F, T, H = 8, 60, 32
BATCH = 1024


def last_rows(run, values):
    """Every row of values (M, F) but the first T - 1 as the window that ends with it restores it, (W, F)."""
    view = np.lib.stride_tricks.sliding_window_view(values, T, axis=0)  # (W, F, T)
    parts = []
    for start in range(0, len(view), BATCH):
        windows = np.ascontiguousarray(view[start : start + BATCH].transpose(0, 2, 1))  # (B, T, F)
        parts.append(run(windows)[:, 0].copy())  # the decoder's first step
    return np.concatenate(parts)


def as_detect(params, data):
    """The same of rows (F, M) as `detect` restores them."""
    return restore_rows(params, data, T, 0, slice(T - 1, data.shape[1]))


def pairs_of(ours, theirs, count, clock, every=1):
    """Seconds of both in turn, `count` times; their results must agree, at each row or at `every` n-th."""
    found = {}

    def keep(name, run):
        found[name] = run()

    sides = {"ours": ours, "theirs": theirs}
    times = [
        tuple(measure.seconds(partial(keep, name, run), clock) for name, run in sides.items())
        for _ in range(count)
    ]
    np.testing.assert_allclose(found["ours"][::every], found["theirs"][::every], rtol=1e-3, atol=1e-4)
    return times


def compare(rows, pairs, cores, clock):
    """Rows of the table for so many rows; the best of our times by all windows in seconds."""
    rng = np.random.default_rng(0)
    params = init_autoencoder(rng, F, H)
    data = rng.standard_normal((F, rows)).astype(np.float32)  # (F, M)
    values, best = np.ascontiguousarray(data.T), np.inf
    for peer, goal in ((torch_reconstruct, 0.4), (onnx_reconstruct, 0.8)):
        try:
            run, name = peer(params, cores, T)
        except ImportError as error:
            measure.remark(f"left out: {error}")
            continue
        work = f"restoring {rows:,} rows, F {F}, T {T}, H {H}"
        once = partial(last_rows, run, values)
        times = pairs_of(lambda: as_detect(params, data), once, pairs, clock, every=2)
        best = min(best, *(time for time, _ in times))
        measure.tell(measure.Row.of(work, name, cores, times, goal))
    return best


def main():
    given = measure.options(__doc__)
    measure.pin(given.cores)
    clock = measure.clock_of(given)
    rows = 20_000 if given.quick else 100_000
    best = compare(rows, given.pairs, given.cores, clock)
    flops = rows * ((T + 1) * 4 * H * H + 8 * H * H)  # half an encoder, and one step of the decoder
    share = flops / product_speed(clock) / best / given.cores
    measure.remark(f"restoring on {given.cores} core(s): {share:.0%} of the product peak")
    if given.cores > 1 and not given.quick:
        compare(1_000_000, 1, given.cores, clock)


if __name__ == "__main__":
    main()
