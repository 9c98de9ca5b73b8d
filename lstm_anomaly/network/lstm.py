"""One LSTM layer as the textbook has it, forwards and backwards through time: to learn from, and the oracle.

Notation
    F inputs, H hidden units, T time steps, B batch (sequences worked on side by side, one a column)
    x_t (F, B) input, h_t (H, B) output and c_t (H, B) cell state at step t
    i input gate, f forget gate, g candidate, o output gate, each (H, B); z (4H, B) what goes into them
    sigma is the logistic function, * multiplies element by element; d_a is the gradient of the loss
    with respect to a

Equations (Hochreiter & Schmidhuber 1997; forget gate by Gers, Schmidhuber & Cummins 2000)
    z_t = W_x x_t + W_h h_{t-1} + b                                                              (1)
    i_t = sigma(z_i)    f_t = sigma(z_f)    g_t = tanh(z_g)    o_t = sigma(z_o)                  (2)
    c_t = f_t * c_{t-1} + i_t * g_t                                                              (3)
    h_t = o_t * tanh(c_t)                                                                        (4)

`plain_forward` and `plain_backward` are these lines and their derivatives: the text to learn from, and the
oracle. docs/lstm.md walks through them and learns with them; the tests hold the faster versions against them:
fast_lstm.py, the same thing made fast, following.py and sliding_windows.py. What all share stands here, too:
weights, their gradients, and the values to start from.

Nothing here knows about losses, optimisers, epochs or files, and gradients are returned, not applied.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_anomaly.base.types import Array


@dataclass(frozen=True)
class LstmParams:
    """Weights of one layer, or their gradients: W_x (4H, F), W_h (4H, H), b (4H,).

    Among a network's parameters those of the layer `lstm` are called `lstm.W_x`, `lstm.W_h` and `lstm.b`.
    """

    W_x: Array
    W_h: Array
    b: Array

    @classmethod
    def of(cls, params: Mapping[str, Array], layer: str = "lstm") -> "LstmParams":
        """Those of one layer of a network."""
        return cls(params[f"{layer}.W_x"], params[f"{layer}.W_h"], params[f"{layer}.b"])

    def named(self, layer: str = "lstm") -> dict[str, Array]:
        """By the names that a network has for them."""
        return {f"{layer}.W_x": self.W_x, f"{layer}.W_h": self.W_h, f"{layer}.b": self.b}


@dataclass(frozen=True)
class LstmGradients:
    """Gradients of the loss: of the weights, of the input (shaped as x was) and of the first states."""

    params: LstmParams
    d_x: Array | None
    d_h0: Array
    d_c0: Array


def sigma(z: Array) -> Array:
    """The logistic function."""
    return np.asarray(1 / (1 + np.exp(-z)))


def plain_forward(
    params: LstmParams, x: Array, h: Array | None = None, c: Array | None = None
) -> tuple[Array, Array, list[tuple[Array, ...]]]:
    """Run the layer over x (T, F, B), beginning with the states h and c (H, B), zero when left out.

    Returns the outputs h_1 .. h_T (T, H, B), c_T (H, B), and the steps for `plain_backward`.
    """
    zero: Array = np.zeros((params.W_h.shape[1], x.shape[2]))  # (H, B)
    h, c = zero if h is None else h, zero if c is None else c
    outputs: list[Array] = []
    steps: list[tuple[Array, ...]] = []
    for x_t in x:
        z = params.W_x @ x_t + params.W_h @ h + params.b[:, np.newaxis]  # (4H, B), equation (1)
        z_i, z_f, z_g, z_o = np.split(z, 4)  # (H, B) each
        f = sigma(z_f)  # (H, B) forget: the share of the old memory that is kept
        i = sigma(z_i)  # (H, B) input: the share of the candidate that is written
        g = np.tanh(z_g)  # (H, B) candidate: what could be written
        o = sigma(z_o)  # (H, B) output: the share of the memory that is shown
        h_prev, c_prev = h, c
        c = f * c_prev + i * g  # (H, B) cell (3)
        tanh_c = np.tanh(c)  # (H, B)
        h = o * tanh_c  # (H, B) hidden (4)
        outputs.append(h)
        steps.append((x_t, h_prev, c_prev, i, f, g, o, tanh_c))
    return np.array(outputs), c, steps


def plain_backward(
    params: LstmParams, steps: list[tuple[Array, ...]], d_outputs: Array, d_c: Array | float = 0.0
) -> LstmGradients:
    """Back-propagation through time: the chain rule, from the last step to the first.

    d_outputs (T, H, B) is the gradient of every output, d_c (H, B) what reaches c_T besides.
    """
    d_W_x, d_W_h, d_b = np.zeros_like(params.W_x), np.zeros_like(params.W_h), np.zeros_like(params.b)
    d_x, d_h_next = [], np.zeros_like(d_outputs[0])  # d_h_next (H, B): what reaches h_t from step t + 1
    for (x_t, h_prev, c_prev, i, f, g, o, tanh_c), d_output in zip(steps[::-1], d_outputs[::-1], strict=True):
        d_h = d_output + d_h_next  # (H, B): h_t is an output, and step t + 1 reads it
        d_c = d_c + d_h * o * (1 - tanh_c**2)  # (H, B), through (4); tanh' = 1 - tanh^2
        d_z_i = d_c * g * i * (1 - i)  # (H, B), through (3) and (2); sigma' = sigma (1 - sigma)
        d_z_f = d_c * c_prev * f * (1 - f)  # (H, B)
        d_z_g = d_c * i * (1 - g**2)  # (H, B)
        d_z_o = d_h * tanh_c * o * (1 - o)  # (H, B), through (4) and (2)
        d_z = np.concatenate([d_z_i, d_z_f, d_z_g, d_z_o])  # (4H, B)
        d_W_x += d_z @ x_t.T  # (4H, F), through (1); all steps share the weights, so their gradients add up
        d_W_h += d_z @ h_prev.T  # (4H, H)
        d_b += d_z.sum(axis=1)  # (4H,)
        d_x.append(params.W_x.T @ d_z)  # (F, B)
        d_h_next = params.W_h.T @ d_z  # (H, B)
        d_c = d_c * f  # (H, B): only the forget gate stands between c_t and c_{t-1}, so errors last
    return LstmGradients(LstmParams(d_W_x, d_W_h, d_b), np.array(d_x[::-1]), d_h_next, np.asarray(d_c))


def lstm_shapes(inputs: int, hidden: int, layer: str = "lstm") -> dict[str, tuple[int, ...]]:
    """Name and shape of every parameter of a layer."""
    return {
        f"{layer}.W_x": (4 * hidden, inputs),
        f"{layer}.W_h": (4 * hidden, hidden),
        f"{layer}.b": (4 * hidden,),
    }


def init_lstm(rng: np.random.Generator, inputs: int, hidden: int, dtype: Any = np.float32) -> LstmParams:
    """Weights to start from: Glorot-uniform W_x, orthogonal W_h, and a forget bias of 1.

    A gate's W_x is uniform within +-sqrt(6 / (F + H)) (Glorot & Bengio 2010). A gate's W_h is a random
    orthogonal matrix, which neither shrinks nor stretches the state (Saxe, McClelland & Ganguli 2014).
    The forget bias of 1 lets the cell remember from the start (Jozefowicz, Zaremba & Sutskever 2015).
    """
    limit = np.sqrt(6 / (inputs + hidden))
    W_x = rng.uniform(-limit, limit, (4 * hidden, inputs))
    W_h = np.concatenate([_random_orthogonal(rng, hidden) for _ in range(4)])  # (4H, H)
    b = np.zeros(4 * hidden)
    b[hidden : 2 * hidden] = 1
    return LstmParams(W_x.astype(dtype), W_h.astype(dtype), b.astype(dtype))


def _random_orthogonal(rng: np.random.Generator, n: int) -> Array:
    q, r = np.linalg.qr(rng.standard_normal((n, n)))
    return np.asarray(q * np.sign(np.diag(r)))  # (n, n); the signs make it uniform over all rotations
