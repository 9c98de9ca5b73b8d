"""Score every row of a long file, stride 1: ours, PyTorch, ONNX Runtime, all with the same weights.

By all windows that cover it: the squared error of every row and sensor, averaged over those windows. The
others get the windows in batches of 1024, as their users build them, and their overlapping errors are added
up step by step, not window by window.

Once: every row as the window that ends with it restores it. The decoder begins with that row, so ours takes
one step of it; the others' layers run over whole sequences.

As `detect` does it: once, but each second row by a window that is one row longer, so that two rows share it.

Their results must agree with ours, in the last case for the rows whose windows are the same.
"""

from functools import partial

import measure
import numpy as np
from peers import onnx_reconstruct, torch_reconstruct
from steps import product_speed

from lstm_anomaly.base.processes import run_parts, shared_empty
from lstm_anomaly.network.autoencoder import init_autoencoder
from lstm_anomaly.network.sliding_windows import reconstruct_at, restore_rows, row_errors

F, T, H = 8, 60, 32
BATCH = 1024


def score_windows(run, values):
    """Mean squared error of each row and sensor of values (M, F) over its windows; run does the windows."""
    sums, counts = np.zeros(values.shape), np.zeros((len(values), 1))
    view = np.lib.stride_tricks.sliding_window_view(values, T, axis=0)  # (W, F, T)
    for start in range(0, len(view), BATCH):
        windows = np.ascontiguousarray(view[start : start + BATCH].transpose(0, 2, 1))  # (B, T, F)
        squares = (run(windows)[:, ::-1] - windows) ** 2  # the decoder goes from the last row back
        for t in range(T):
            sums[start + t : start + t + len(windows)] += squares[:, t]
            counts[start + t : start + t + len(windows)] += 1
    return sums / counts


def last_rows(run, values):
    """Every row of values (M, F) but the first T - 1 as the window that ends with it restores it, (W, F)."""
    view = np.lib.stride_tricks.sliding_window_view(values, T, axis=0)  # (W, F, T)
    parts = []
    for start in range(0, len(view), BATCH):
        windows = np.ascontiguousarray(view[start : start + BATCH].transpose(0, 2, 1))  # (B, T, F)
        parts.append(run(windows)[:, 0].copy())  # the decoder's first step
    return np.concatenate(parts)


def as_detect(params, data, cores):
    """The same of rows (F, M) as `detect` restores them, shared out among processes."""
    count = data.shape[1] - T + 1
    restored = shared_empty((count, F), data.dtype)  # (W, F)

    def work(part):
        low, high = count * part // cores, count * (part + 1) // cores
        restored[low:high] = restore_rows(params, data, T, 0, slice(T - 1 + low, T - 1 + high))

    run_parts(work, cores)
    return restored


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
        work = f"scoring {rows:,} rows, F {F}, T {T}, H {H}"
        all_windows = partial(score_windows, run, values)
        times = pairs_of(lambda: row_errors(params, data, T, cores).rows, all_windows, pairs, clock)
        best = min(best, *(time for time, _ in times))
        measure.tell(measure.Row.of(f"{work}, by all windows", name, cores, times, goal))
        once = partial(last_rows, run, values)
        times = pairs_of(lambda: reconstruct_at(params, data, T, processes=cores)[0], once, pairs, clock)
        measure.tell(measure.Row.of(f"{work}, once", name, cores, times, goal))
        times = pairs_of(lambda: as_detect(params, data, cores), once, pairs, clock, every=2)
        measure.tell(measure.Row.of(f"{work}, as `detect` does", name, cores, times, goal))
    return best


def main():
    given = measure.options(__doc__)
    measure.pin(given.cores)
    clock = measure.clock_of(given)
    rows = 20_000 if given.quick else 100_000
    best = compare(rows, given.pairs, given.cores, clock)
    flops = 2 * rows * T * (8 * H * H + F * H)  # recurrent products of both layers, and the output
    share = flops / product_speed(clock) / best / given.cores
    measure.remark(f"scoring on {given.cores} core(s): {share:.0%} of the product peak")
    if given.cores > 1 and not given.quick:
        compare(1_000_000, 1, given.cores, clock)


if __name__ == "__main__":
    main()
