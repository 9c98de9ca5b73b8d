"""Time one training step (forward, back-propagation through time, clipping, Adam) against PyTorch's.

    pip install torch==2.13.0            # optional; without it only our times are shown
    python benchmarks/training_step.py --threads 1 --pairs 5
    python benchmarks/training_step.py --threads 2 --processes 2

Both train the same autoencoder on the same batch, in turn, in one process. Each pair is ours, then
theirs, each the median of a few steps; the table shows the medians over the pairs and the spread of the
ratios. `peak` is the share of the machine's matrix product speed, measured in the same run, that our
products would need if nothing else took time: the floor no NumPy version can go below.

PyTorch allocates its arrays anew in every step, and glibc by default returns them to the system in
between. MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=8000000000 MALLOC_TOP_PAD_=500000000 before the command
shows it without that cost.
"""

import argparse
import os
import platform
import statistics
import time

SHAPES = (
    (8, 60, 32, 64),
    (8, 60, 32, 256),
    (8, 100, 64, 64),
    (8, 100, 64, 256),
    (1, 100, 64, 128),
    (38, 100, 64, 128),
    (8, 60, 128, 256),
)

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--threads", type=int, default=1, help="threads PyTorch may use")
parser.add_argument("--processes", type=int, default=1, help="processes we may use; 2 cuts each batch in two")
parser.add_argument("--pairs", type=int, default=5)
parser.add_argument("--steps", type=int, default=5, help="steps per measurement, of which the median counts")
parser.add_argument(
    "--clock",
    choices=("wall", "cpu"),
    default="wall",
    help="cpu: processor time of all threads, for one thread on a machine that others use too",
)
options = parser.parse_args()
clock = time.perf_counter if options.clock == "wall" else time.process_time
os.environ["OPENBLAS_NUM_THREADS"] = "1"  # has to come before NumPy

import numpy as np

from lstm_anomaly.network.autoencoder import Workspace, init_autoencoder, loss_and_gradients
from lstm_anomaly.network.batches import WindowBatches
from lstm_anomaly.network.optim import adam_step, clip_global_norm, init_adam
from lstm_anomaly.network.shards import ShardedGradients

try:
    import torch
    from torch import nn
except ImportError:
    torch = None


def our_step(F, T, H, B):
    rng = np.random.default_rng(0)
    params, x = init_autoencoder(rng, F, H), rng.standard_normal((T, F, B)).astype(np.float32)
    workspace, state = Workspace(params, T, B), init_adam(params)
    # Cut in two, the windows are gathered from rows, which is the only way the processes are used.
    batches, starts = WindowBatches(rng.standard_normal((F, B + T)).astype(np.float32), T), np.arange(B)
    shards = ShardedGradients(batches, params, B, options.processes, options.processes)

    def step():
        if options.processes > 1:
            loss, gradients = shards.loss_and_gradients(params, starts)
        else:
            loss, gradients = loss_and_gradients(params, x, workspace)
        clip_global_norm(gradients, 1.0)
        adam_step(params, gradients, state, 1e-3)
        return loss

    return step


def torch_step(F, T, H, B):
    class Autoencoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.LSTM(F, H, batch_first=True)
            self.decoder = nn.LSTM(H, H, batch_first=True)
            self.output = nn.Linear(H, F)

        def forward(self, x):
            _, (h, _) = self.encoder(x)
            decoded, _ = self.decoder(h[-1].unsqueeze(1).expand(-1, x.shape[1], -1))
            return self.output(decoded)

    torch.manual_seed(0)
    model, x = Autoencoder(), torch.randn(B, T, F)
    adam = torch.optim.Adam(model.parameters(), lr=1e-3)

    def step():
        adam.zero_grad()
        loss = ((model(x) - x) ** 2).mean()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()
        return loss.item()

    return step


def median_seconds(step, count):
    seconds = []
    for _ in range(count):
        began = clock()
        step()
        seconds.append(clock() - began)
    return statistics.median(seconds)


def product_flops(F, T, H, B):
    """Floating-point operations in the matrix products of one step, 2 for each multiply-add."""
    forward = 4 * H * (H + F + 1) + 4 * H * H + F * H  # encoder, decoder, output, for one column and step
    backward = forward + 4 * H * H + 4 * H * H + F * H  # gradients of the weights; of the states
    return 2 * B * T * (forward + backward)


def product_speed():
    """Floating-point operations a second of one thread's float32 matrix product, at its best size."""
    a, b = np.ones((512, 512), np.float32), np.ones((512, 512), np.float32)
    out = np.empty_like(a)
    return 2 * 512**3 / min(median_seconds(lambda: np.matmul(a, b, out=out), 5) for _ in range(5))


def machine():
    cpu = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as info:
            cpu = next(line.split(":")[1].strip() for line in info if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{cpu}, {os.cpu_count()} cores"


def main():
    print(f"{machine()}; Python {platform.python_version()}, NumPy {np.__version__}", end="")
    print(f", {options.processes} processes of 1 BLAS thread", end="")
    print(f"; PyTorch {torch.__version__}, {options.threads} threads" if torch else "; no PyTorch")
    if torch:
        torch.set_num_threads(options.threads)
    speed = product_speed()
    print(f"matrix product {speed / 1e9:.0f} GFLOP/s; {options.clock} time")
    print(f"{options.pairs} pairs of {options.steps} steps")
    print(f"{'F, T, H, B':>18}  {'ours ms':>8}  {'peak':>5}  {'torch ms':>8}  {'ratio':>5}  spread")
    for shape in SHAPES:
        ours, theirs = our_step(*shape), torch_step(*shape) if torch else None
        for step in filter(None, (ours, theirs)):
            median_seconds(step, 3)  # warm up
        pairs = [
            (median_seconds(ours, options.steps), median_seconds(theirs, options.steps) if theirs else np.nan)
            for _ in range(options.pairs)
        ]
        our_median, their_median = (statistics.median(column) for column in zip(*pairs, strict=True))
        ratios = sorted(a / b for a, b in pairs)
        peak = product_flops(*shape) / speed / our_median / options.processes
        print(
            f"{', '.join(map(str, shape)):>18}  {our_median * 1e3:8.2f}  "
            f"{peak:5.0%}  {their_median * 1e3:8.2f}  "
            f"{statistics.median(ratios):5.2f}  {ratios[0]:.2f}..{ratios[-1]:.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
