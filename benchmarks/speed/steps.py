"""One training step (forward, back-propagation through time, clipping, Adam), ours and PyTorch's, by shape.

Ours is the step that `train` makes: windows gathered from rows, the batch in two shards, on two cores a
process for each. The share of the product peak is what our matrix products would need at the best speed
that a product reaches in the same run, divided by the step's time: the roof that no NumPy version passes.
"""

import measure
import numpy as np
from peers import torch_step

from lstm_anomaly.network.autoencoder import init_autoencoder
from lstm_anomaly.network.training.batches import WindowBatches
from lstm_anomaly.network.training.optim import adam_step, clip_global_norm, init_adam
from lstm_anomaly.network.training.shards import ShardedGradients

SHAPES = (
    (8, 60, 32, 64),
    (8, 60, 32, 256),
    (8, 100, 64, 64),
    (8, 100, 64, 256),
    (1, 100, 64, 128),
    (38, 100, 64, 128),
    (8, 60, 128, 256),
)
GOALS = {1: 0.5, 2: 0.6}


def our_step(shape, processes):
    F, T, H, B = shape
    rng = np.random.default_rng(0)
    params = init_autoencoder(rng, F, H)
    rows, starts = rng.standard_normal((F, B + T)).astype(np.float32), np.arange(B)
    shards = ShardedGradients(WindowBatches(rows, T), params, B, 2, processes)
    state = init_adam(params)

    def step():
        loss, gradients = shards.loss_and_gradients(params, starts)
        clip_global_norm(gradients, 1.0)
        adam_step(params, gradients, state, 1e-3)
        return loss

    return step, shards


def product_flops(shape):
    """Floating-point operations in the matrix products of one step, 2 for each multiply-add."""
    F, T, H, B = shape
    forward = 4 * H * (H + F + 1) + 4 * H * H + F * H  # encoder, decoder, output, for one column and step
    backward = forward + 4 * H * H + 4 * H * H + F * H  # gradients of the weights; of the states
    return 2 * B * T * (forward + backward)


def product_speed(clock):
    """Floating-point operations a second of one core's float32 matrix product, at its best size."""
    a, b = np.ones((512, 512), np.float32), np.ones((512, 512), np.float32)
    out = np.empty_like(a)
    best = min(measure.seconds(lambda: np.matmul(a, b, out=out), clock) for _ in range(30))
    return 2 * 512**3 / best


def main():
    given = measure.options(__doc__)
    measure.pin(given.cores)
    clock = measure.clock_of(given)
    steps = 2 if given.quick else 4
    speed = product_speed(clock)
    measure.remark(f"product of 512 x 512 matrices, float32, one core: {speed / 1e9:.0f} GFLOP/s")
    for shape in SHAPES[: 3 if given.quick else None]:
        theirs = torch_step(shape, given.cores)
        ours, shards = our_step(shape, given.cores)
        for step in (ours, theirs):
            measure.median_seconds(step, 2, clock)  # warm up
        pairs = [
            tuple(1000 * measure.median_seconds(step, steps, clock) for step in (ours, theirs))
            for _ in range(given.pairs)
        ]
        shards.close()
        work = f"training step F {shape[0]}, T {shape[1]}, H {shape[2]}, B {shape[3]}"
        row = measure.Row.of(work, "PyTorch", given.cores, pairs, GOALS[given.cores], "ms")
        share = product_flops(shape) / speed / (row.ours / 1000) / given.cores
        measure.tell(measure.Row(**{**vars(row), "note": f"{share:.0%} of the product peak"}))


if __name__ == "__main__":
    main()
