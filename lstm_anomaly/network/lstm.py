"""One LSTM layer, forwards and backwards through time, written to be read and to be fast.

Notation
    F inputs, H hidden units, T time steps, B batch (columns worked on side by side)
    x_t (F, B)   input at step t               c_t (H, B)   cell state, what the layer remembers
    h_t (H, B)   hidden state, its output      z_t (4H, B)  pre-activations of the four gates
    i input gate, f forget gate, g candidate, o output gate; always in this order
    sigma is the logistic function, * multiplies element by element, [h, x, 1] is h on top of x on
    top of a row of ones; d_a is the gradient of the loss with respect to a

Equations (Hochreiter & Schmidhuber 1997; forget gate by Gers, Schmidhuber & Cummins 2000)
    z_t = [W_h, W_x, b] [h_{t-1}, x_t, 1]                                                        (1)
    i_t = sigma(z_i)    f_t = sigma(z_f)    g_t = tanh(z_g)    o_t = sigma(z_o)                  (2)
    c_t = f_t * c_{t-1} + i_t * g_t                                                              (3)
    h_t = o_t * tanh(c_t)                                                                        (4)

What makes it fast
    Features come first and the batch last, so each gate is one contiguous block of z_t.
    h, x and the ones lie in one array, so (1) is one matrix product, and so is the gradient of all
    its weights over many steps.
    sigma(z) = (1 + tanh(z / 2)) / 2: the half goes into the weights, and one call of tanh serves
    all four gates.
    An input that is the same at every step, x (F, B), is multiplied by W_x once.
    Every array is made once, in LstmBuffers, and then written with `out=`.

Nothing here knows about losses, optimisers, epochs or files, and gradients are returned, not applied.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]  # float32 for use, float64 for gradient checks: the parameters decide


@dataclass(frozen=True)
class LstmParams:
    """Weights of one layer, or their gradients: W_x (4H, F), W_h (4H, H), b (4H,)."""

    W_x: Array
    W_h: Array
    b: Array


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


@dataclass(frozen=True, slots=True)
class CellStep:
    """The arrays that one step of the equations reads and writes, each (H, B) but the first three."""

    gates: Array  # (4, H, B): z_t before (2), its logistic gates halved; i, f, g, o after it
    i_f: Array  # (2, H, B), part of gates, as are the next four
    i: Array
    f: Array
    g: Array
    o: Array
    c_prev: Array
    c: Array
    tanh_c: Array
    h: Array
    product: Array  # scratch

    @classmethod
    def of(cls, gates: Array, c_prev: Array, c: Array, tanh_c: Array, h: Array, product: Array) -> "CellStep":
        """The step on these arrays; c may be c_prev when the old state is not needed again."""
        i, f, g, o = gates
        return cls(gates, gates[:2], i, f, g, o, c_prev, c, tanh_c, h, product)


def lstm_cell(step: CellStep) -> None:
    """Equations (2) to (4), in place."""
    np.tanh(step.gates, out=step.gates)
    for logistic in (step.i_f, step.o):
        np.multiply(logistic, 0.5, out=logistic)
        np.add(logistic, 0.5, out=logistic)  # (2)
    np.multiply(step.f, step.c_prev, out=step.c)
    np.multiply(step.i, step.g, out=step.product)
    np.add(step.c, step.product, out=step.c)  # (3)
    np.tanh(step.c, out=step.tanh_c)
    np.multiply(step.o, step.tanh_c, out=step.h)  # (4)


def half_angle(params: LstmParams) -> LstmParams:
    """The weights that make z_t as `lstm_cell` reads it: the rows of i, f and o halved."""
    H = params.W_h.shape[1]
    half = np.full((4 * H, 1), 0.5, params.W_h.dtype)
    half[2 * H : 3 * H] = 1  # g is a plain tanh
    return LstmParams(params.W_x * half, params.W_h * half, params.b * half[:, 0])


class LstmBuffers:
    """Every array one layer needs for T steps of B columns; what forward leaves in them, backward reads.

    constant_input: the layer's x is (F, B), the same at every step.
    """

    def __init__(
        self, inputs: int, hidden: int, steps: int, batch: int, dtype: Any, *, constant_input: bool = False
    ) -> None:
        F, H, T, B = inputs, hidden, steps, batch
        self.shape = (F, H, T, B)
        self.constant_input = constant_input
        K = H if constant_input else H + F + 1
        self.joined = np.ones((T + 1, K, B), dtype)  # [h_{t-1}, x_t, 1] in slot t, h_T in slot T
        self.gates = np.empty((T, 4, H, B), dtype)
        self.c = np.empty((T + 1, H, B), dtype)  # c_{t-1} in slot t, c_T in slot T
        self.tanh_c = np.empty((T, H, B), dtype)
        self.outputs = self.joined[1:, :H]  # (T, H, B): h_1 .. h_T
        self.constant_x = np.empty((F, B), dtype)
        self.constant_z = np.empty((4 * H, B), dtype)  # W_x x + b when the input is constant

        # For backward. The slopes are made for a few steps at a time, as many as stay in the cache.
        S = min(T, max(1, 256 // B))
        self.slope = np.empty((S, 4, H, B), dtype)
        self.slope_c = np.empty((S, H, B), dtype)
        self.parts_of_c = np.empty((S, 2, H, B), dtype)
        self.d_z = np.empty((4, H, B), dtype)
        self.d_z_sum = np.empty((4 * H, B), dtype)
        self.d_c = np.empty((H, B), dtype)

        # Views of single steps, made once because making a view costs as much as a small sum.
        product = np.empty((H, B), dtype)
        self.forward_steps = [
            (self.joined[t], self.gates[t].reshape(4 * H, B), CellStep.of(*arrays, product))
            for t, arrays in enumerate(zip(self.gates, self.c, self.c[1:], self.tanh_c, self.outputs))
        ]
        self.product = product


def lstm_forward(
    params: LstmParams, x: Array, buffers: LstmBuffers, h0: Array | None = None, c0: Array | None = None
) -> tuple[Array, Array, Array]:
    """Run the layer over x (T, F, B), or over T steps of one constant x (F, B).

    h0, c0 (H, B) are the states before the first step, zero when left out. Returns the outputs
    (T, H, B), h_T (H, B) and c_T (H, B): views of `buffers`, which is also the cache that
    `lstm_backward` reads.
    """
    _, H, T, B = buffers.shape
    halved = half_angle(params)
    buffers.joined[0, :H] = 0 if h0 is None else h0
    buffers.c[0] = 0 if c0 is None else c0
    if buffers.constant_input:
        W = halved.W_h  # (4H, H)
        buffers.constant_x[...] = x
        np.matmul(halved.W_x, x, out=buffers.constant_z)
        buffers.constant_z += halved.b[:, None]
    else:
        W = np.concatenate([halved.W_h, halved.W_x, halved.b[:, None]], axis=1)  # (4H, K)
        buffers.joined[:T, H:-1] = x
    for joined, z, step in buffers.forward_steps:
        np.matmul(W, joined, out=z)  # (1)
        if buffers.constant_input:
            np.add(z, buffers.constant_z, out=z)
        lstm_cell(step)
    return buffers.outputs, buffers.outputs[-1], buffers.c[-1]


@dataclass(frozen=True)
class LstmGradients:
    """Gradients of the loss: of the weights, of the input (shaped as x was) and of the first states."""

    params: LstmParams
    d_x: Array | None
    d_h0: Array
    d_c0: Array


def lstm_backward(
    params: LstmParams,
    buffers: LstmBuffers,
    d_outputs: Array | None = None,
    d_h_last: Array | None = None,
    d_c_last: Array | None = None,
    *,
    input_gradient: bool = True,
) -> LstmGradients:
    """Back-propagation through time over the steps that `lstm_forward` just ran with these buffers.

    d_outputs (T, H, B) is the gradient of every output, d_h_last and d_c_last (H, B) what reaches the
    last states besides; each is zero when left out. Without input_gradient d_x is None: the lowest
    layer has no use for it.
    """
    F, H, T, B = buffers.shape
    dtype = buffers.c.dtype
    constant = buffers.constant_input
    W = params.W_h if constant or not input_gradient else np.concatenate([params.W_h, params.W_x], axis=1)
    W_T = np.ascontiguousarray(W.T)  # (H or H + F, 4H)
    d_joined = np.empty((len(W_T), B), dtype)  # d_h_{t-1}, and d_x_t below it when asked for
    d_h, d_x_t, d_c, product = d_joined[:H], d_joined[H:], buffers.d_c, buffers.product
    d_h[...] = 0 if d_h_last is None else d_h_last
    d_c[...] = 0 if d_c_last is None else d_c_last
    d_x = np.empty((T, F, B), dtype) if input_gradient and not constant else None
    d_W = np.zeros((4 * H, buffers.joined.shape[1]), dtype)  # (4H, K)
    d_W_t = np.empty_like(d_W)
    d_z, d_z_sum = buffers.d_z.reshape(4 * H, B), buffers.d_z_sum
    d_z_sum[...] = 0
    chunk = len(buffers.slope)

    for t in reversed(range(T)):
        s = t % chunk
        if s == chunk - 1 or t == T - 1:
            _slopes(buffers, t - s, t + 1)
        if d_outputs is not None:
            np.add(d_h, d_outputs[t], out=d_h)
        np.multiply(d_h, buffers.slope_c[s], out=product)
        np.add(d_c, product, out=d_c)  # undoes (4): h_t = o_t * tanh(c_t), through c_t
        np.multiply(d_c, buffers.slope[s, :3], out=buffers.d_z[:3])  # undoes (3) and (2) for i, f, g
        np.multiply(d_h, buffers.slope[s, 3], out=buffers.d_z[3])  # undoes (4) and (2) for o
        np.multiply(d_c, buffers.gates[t, 1], out=d_c)  # undoes (3): f_t * c_{t-1}, through c_{t-1}
        np.matmul(d_z, buffers.joined[t].T, out=d_W_t)  # undoes (1), through the weights
        np.add(d_W, d_W_t, out=d_W)
        np.matmul(W_T, d_z, out=d_joined)  # undoes (1), through h_{t-1} and x_t
        if constant:
            np.add(d_z_sum, d_z, out=d_z_sum)
        elif d_x is not None:
            d_x[t] = d_x_t

    if constant:
        weights = LstmParams(d_z_sum @ buffers.constant_x.T, d_W, d_z_sum.sum(axis=1))
        d_x = params.W_x.T @ d_z_sum  # (F, B)
    else:
        weights = LstmParams(d_W[:, H:-1], d_W[:, :H], d_W[:, -1])
    return LstmGradients(weights, d_x, d_h.copy(), d_c.copy())


def _slopes(buffers: LstmBuffers, start: int, stop: int) -> None:
    """How the gates' pre-activations move the states at the steps start .. stop - 1.

    slope (S, 4, H, B)  d_z_i, d_z_f, d_z_g per d_c_t: g i (1 - i), c_{t-1} f (1 - f), i (1 - g^2)
                        d_z_o per d_h_t: tanh(c_t) o (1 - o)
    slope_c (S, H, B)   d_c_t per d_h_t: o (1 - tanh(c_t)^2)
    Each is written as a - a * b, with what (3) and (4) were made of as a.
    """
    S = stop - start
    slope, slope_c, parts = buffers.slope[:S], buffers.slope_c[:S], buffers.parts_of_c[:S]
    gates, h = buffers.gates[start:stop], buffers.outputs[start:stop]
    i, f, g, o = (gates[:, k] for k in range(4))
    np.multiply(i, g, out=parts[:, 0])
    np.multiply(f, buffers.c[start:stop], out=parts[:, 1])  # c_t = parts_i + parts_f
    np.multiply(parts, gates[:, :2], out=slope[:, :2])
    np.subtract(parts, slope[:, :2], out=slope[:, :2])  # (i g) - (i g) i and (f c) - (f c) f
    np.multiply(parts[:, 0], g, out=slope[:, 2])
    np.subtract(i, slope[:, 2], out=slope[:, 2])  # i - (i g) g
    np.multiply(h, o, out=slope[:, 3])
    np.subtract(h, slope[:, 3], out=slope[:, 3])  # h - h o, as h = o tanh(c)
    np.multiply(h, buffers.tanh_c[start:stop], out=slope_c)
    np.subtract(o, slope_c, out=slope_c)  # o - h tanh(c)
