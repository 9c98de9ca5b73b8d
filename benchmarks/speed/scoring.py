"""Score every row of a long file, stride 1, by all windows that cover it: ours, PyTorch, ONNX Runtime.

All run the same weights over the same rows and end with the squared error of every row and sensor,
averaged over the windows that cover the row. The others get the windows in batches of 1024, as their users
build them, and their overlapping errors are added up step by step, not window by window. Their results must
agree with ours.
"""

import measure
import numpy as np
from peers import onnx_reconstruct, torch_reconstruct
from steps import product_speed

from lstm_anomaly.network.autoencoder import init_autoencoder
from lstm_anomaly.network.row_scoring import row_errors

F, T, H = 8, 60, 32
BATCH = 1024


def score_windows(run, values):
    """Mean squared error of each row and sensor of values (M, F) over its windows; run does the windows."""
    sums, counts = np.zeros(values.shape), np.zeros((len(values), 1))
    view = np.lib.stride_tricks.sliding_window_view(values, T, axis=0)  # (W, F, T)
    for start in range(0, len(view), BATCH):
        windows = np.ascontiguousarray(view[start : start + BATCH].transpose(0, 2, 1))  # (B, T, F)
        squares = (run(windows) - windows) ** 2
        for t in range(T):
            sums[start + t : start + t + len(windows)] += squares[:, t]
            counts[start + t : start + t + len(windows)] += 1
    return sums / counts


def compare(rows, pairs, cores, clock):
    """Rows of the table for so many rows; the best of our times in seconds."""
    rng = np.random.default_rng(0)
    params = init_autoencoder(rng, F, H)
    data = rng.standard_normal((F, rows)).astype(np.float32)  # (F, M)
    values, found = np.ascontiguousarray(data.T), {}

    def ours():
        found["ours"] = row_errors(params, data, T, processes=cores).rows

    best = np.inf
    for peer, goal in ((torch_reconstruct, 0.4), (onnx_reconstruct, 0.8)):
        try:
            run, name = peer(params, cores, T)
        except ImportError as error:
            measure.remark(f"left out: {error}")
            continue

        def theirs(run=run):
            found["theirs"] = score_windows(run, values)

        times = [(measure.seconds(ours, clock), measure.seconds(theirs, clock)) for _ in range(pairs)]
        np.testing.assert_allclose(found["ours"], found["theirs"], rtol=1e-3, atol=1e-4)
        work = f"scoring {rows:,} rows, F {F}, T {T}, H {H}"
        measure.tell(measure.Row.of(work, name, cores, times, goal))
        best = min(best, *(time for time, _ in times))
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
