"""An LSTM learns to remember: the example of docs/lstm.md, the adding problem.

    python docs/long_dependency.py --steps 50          with the plain LSTM
    python docs/long_dependency.py --steps 100 --fast  with the fast one; the same equations

A sequence has T steps of two inputs: a random value from 0 to 1, and a marker, which is 1 at one step of the
first half and at one of the second, else 0. After the last step the network shall say the sum of the two
marked values (Hochreiter & Schmidhuber 1997). Whoever always says 1 has a mean squared error of 1/6 = 0.167.
"""

import argparse
from collections.abc import Callable, Iterator

import numpy as np

from lstm_anomaly.base.types import Array
from lstm_anomaly.network.fast_lstm import LayerShape, LstmBuffers, lstm_backward, lstm_forward
from lstm_anomaly.network.lstm import LstmGradients, LstmParams, init_lstm, plain_backward, plain_forward
from lstm_anomaly.network.training.optim import adam_step, clip_global_norm, init_adam

HIDDEN, BATCH, LEARNING_RATE = 32, 64, 0.01
REPORT = 100  # updates between two reports
Backward = Callable[[Array], LstmGradients]


def sequences(rng: np.random.Generator, steps: int, count: int) -> tuple[Array, Array]:
    """Inputs x (T, 2, B) and the sums of their marked values (B,)."""
    values, markers = rng.random((steps, count)), np.zeros((steps, count))  # (T, B) each
    columns = np.arange(count)
    markers[rng.integers(0, steps // 2, count), columns] = 1
    markers[rng.integers(steps // 2, steps, count), columns] = 1
    return np.stack([values, markers], axis=1), (values * markers).sum(axis=0)


def run_plain(params: LstmParams, x: Array) -> tuple[Array, Backward]:
    """The last output (H, B), and the function from its gradient to those of the weights."""
    outputs, _, cache = plain_forward(params, x)
    d_outputs = np.zeros_like(outputs)

    def backward(d_last: Array) -> LstmGradients:
        d_outputs[-1] = d_last
        return plain_backward(params, cache, d_outputs)

    return outputs[-1], backward


def run_fast(params: LstmParams, x: Array) -> tuple[Array, Backward]:
    """The same as `run_plain`, by the LSTM of the detector."""
    T, F, B = x.shape
    buffers = LstmBuffers(LayerShape(F, params.W_h.shape[1], T, B), x.dtype)
    _, h, _ = lstm_forward(params, x, buffers)
    return h, lambda d_last: lstm_backward(params, buffers, d_h_last=d_last)


def first_weights(rng: np.random.Generator) -> dict[str, Array]:
    """Of the LSTM, and of the line w h_T + w_0 that reads its last output."""
    return {
        **vars(init_lstm(rng, 2, HIDDEN, np.float64)),
        "w": rng.normal(0, HIDDEN**-0.5, HIDDEN),
        "w_0": np.zeros(1),
    }


def lstm_of(weights: dict[str, Array]) -> LstmParams:
    """The LSTM's share of the weights."""
    return LstmParams(weights["W_x"], weights["W_h"], weights["b"])


def learn(
    weights: dict[str, Array], rng: np.random.Generator, steps: int, updates: int, *, fast: bool = False
) -> Iterator[float]:
    """Improve the weights in place; the mean squared error over each REPORT updates.

    Each update has new sequences, so that every error is one on sequences never seen before.
    """
    run, adam, errors = run_fast if fast else run_plain, init_adam(weights), []
    for update in range(updates):
        x, sums = sequences(rng, steps, BATCH)  # (T, 2, B), (B,)
        h, backward = run(lstm_of(weights), x)  # (H, B)
        error = weights["w"] @ h + weights["w_0"] - sums  # (B,)
        errors.append(float(np.mean(error**2)))
        d_said = 2 * error / BATCH  # (B,)
        gradients = vars(backward(np.outer(weights["w"], d_said)).params)
        gradients = {**gradients, "w": h @ d_said, "w_0": d_said.sum(keepdims=True)}
        clip_global_norm(gradients, 1.0)
        adam_step(weights, gradients, adam, LEARNING_RATE)
        if (update + 1) % REPORT == 0:
            yield float(np.mean(errors[-REPORT:]))


def main() -> None:
    """Learn, and say how the error falls."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--updates", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fast", action="store_true")
    given = parser.parse_args()
    rng = np.random.default_rng(given.seed)
    weights = first_weights(rng)
    for k, error in enumerate(learn(weights, rng, given.steps, given.updates, fast=given.fast)):
        print(f"{(k + 1) * REPORT:6,} updates  mean squared error {error:.4f}", flush=True)


if __name__ == "__main__":
    main()
