"""The LSTM layer of lstm.py made fast: the same equations, (1) to (4) there, with the same results.

What makes it fast, one by one
    one product      h, x and a row of ones lie in one array, so (1) is one matrix product,
                     z_t = [W_h, W_x, b] [h_{t-1}, x_t, 1], and so is the gradient of its weights.
    halved weights   sigma(z) = (1 + tanh(z / 2)) / 2: with the weights of i, f and o halved once, one call
                     of tanh serves all four gates (cell.py).
    blocks of six    o, i, f, g, c_{t-1} and tanh(c_t) of a step lie side by side, so (2) to (4) take seven
                     calls of NumPy, and fourteen backwards (cell.py).
    constant input   an input that is the same at every step, x (F, B), is multiplied by W_x once, not T
                     times: so the decoder of the autoencoder reads its code.
    pieces           columns are cut so that products go to the BLAS's quick kernels (products.py), and so
                     that processes can share a batch without changing a bit (weight_gradient.py).
    no new memory    every array is made once, in LstmBuffers, and then written with `out=`. Features come
                     first and the batch last, so all that a step works on is one contiguous block.
docs/speed.md has the figures.
"""

from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from lstm_anomaly.base.types import Array
from lstm_anomaly.network.cell import (
    CellScratch,
    CellStep,
    GateGradients,
    cell_backward,
    cell_forward,
    from_cell_order,
    to_cell_order,
    to_cell_weights,
)
from lstm_anomaly.network.lstm import LstmGradients, LstmParams
from lstm_anomaly.network.products import StepProduct, cut
from lstm_anomaly.network.weight_gradient import WeightGradient, products_over_columns, sum_of_columns


class LayerShape(NamedTuple):
    """The four sizes of a layer's work: inputs F, hidden units H, steps T, columns B."""

    inputs: int
    hidden: int
    steps: int
    batch: int


class LstmBuffers:
    """Every array one layer needs for T steps of B columns; what forward leaves in them, backward reads.

    constant_input  the layer's x is (F, B), the same at every step
    pieces          into which the columns are cut for products and sums, see weight_gradient.py; each
                    column is treated as if its piece were alone
    """

    def __init__(
        self, shape: LayerShape, dtype: Any, *, constant_input: bool = False, pieces: int = 1
    ) -> None:
        F, H, T, B = self.shape = shape
        self.constant_input = constant_input
        self.pieces = pieces
        K = H if constant_input else H + F + 1
        self.joined = np.ones((T + 1, K, B), dtype)  # [h_{t-1}, x_t, 1] in slot t, h_T in slot T
        self.outputs = self.joined[1:, :H]  # (T, H, B): h_1 .. h_T
        self.blocks = np.empty((T + 1, 6, H, B), dtype)  # a block for each step, then one that holds c_T
        self.c = self.blocks[:, 4]  # (T + 1, H, B): c_0 .. c_T
        self.constant_x = np.empty((F, B), dtype)
        self.constant_z = np.empty((4 * H, B), dtype)  # W_x x + b when the input is constant
        self.scratch = CellScratch(H, B, dtype)
        self.product = product = StepProduct((4 * H, K), B, B // pieces, dtype)
        self.z = np.empty((4 * H, B), dtype)
        cells = [CellStep(self.blocks[t], self.c[t + 1], self.outputs[t], self.z) for t in range(T)]
        self.steps = [
            (product.columns(joined), product.result(cell.z), cell)
            for joined, cell in zip(self.joined[:T], cells, strict=True)
        ]

    @cached_property
    def weight_gradient(self) -> WeightGradient:
        """Sums up the gradient of [W_h, W_x, b], or of W_h alone when the input is constant."""
        _, H, _, B = self.shape
        return WeightGradient((4 * H, self.joined.shape[1]), B, self.pieces, self.joined.dtype)

    @cached_property
    def d_z(self) -> Array:
        """Room for the gradients of z of C steps, (C, 4H, B)."""
        _, H, _, B = self.shape
        return np.empty((self.weight_gradient.steps, 4 * H, B), self.joined.dtype)


def lstm_forward(
    params: LstmParams, x: Array, buffers: LstmBuffers, h0: Array | None = None, c0: Array | None = None
) -> tuple[Array, Array, Array]:
    """Run the layer over x (T, F, B), or over T steps of one constant x (F, B).

    h0, c0 (H, B) are the states before the first step, zero when left out. Returns the outputs
    (T, H, B), h_T (H, B) and c_T (H, B): views of `buffers`, which is also the cache that
    `lstm_backward` reads.
    """
    _, H, T, B = buffers.shape
    width = B // buffers.pieces
    W_x, W_h, b = (to_cell_weights(weight) for weight in (params.W_x, params.W_h, params.b[:, None]))
    buffers.joined[0, :H] = 0 if h0 is None else h0
    buffers.c[0] = 0 if c0 is None else c0
    if buffers.constant_input:
        W = W_h  # (4H, H)
        buffers.constant_x[...] = x
        np.matmul(W_x, cut(x, width), out=cut(buffers.constant_z, width))
        buffers.constant_z += b
    else:
        W = np.concatenate([W_h, W_x, b], axis=1)  # (4H, K)
        buffers.joined[:T, H:-1] = x
    product, constant, scratch = buffers.product.into, buffers.constant_input, buffers.scratch
    W = buffers.product.weights(W)
    for joined, z, cell in buffers.steps:
        product(W, joined, z)  # (1)
        if constant:
            np.add(cell.z, buffers.constant_z, out=cell.z)
        cell_forward(cell, scratch)
    return buffers.outputs, buffers.outputs[-1], buffers.c[-1]


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
    pieces, constant, scratch = buffers.pieces, buffers.constant_input, buffers.scratch
    dtype, d_z, weight_gradient = buffers.joined.dtype, buffers.d_z, buffers.weight_gradient
    W = params.W_h if constant or not input_gradient else np.concatenate([params.W_h, params.W_x], axis=1)
    W_T = np.ascontiguousarray(to_cell_order(W).T)  # (H or H + F, 4H)
    step_product = StepProduct((len(W_T), 4 * H), B, B // pieces, dtype)
    d_joined = np.empty((len(W_T), B), dtype)  # d_h_{t-1}, and d_x_t below it when asked for
    d_h, d_x_t = d_joined[:H], d_joined[H:]
    product, W_T, d_joined_cut = step_product.into, step_product.weights(W_T), step_product.result(d_joined)
    slots = [(GateGradients(d_z_t), step_product.columns(d_z_t)) for d_z_t in d_z]
    d_z_sum = np.zeros((4 * H, B), dtype)
    d_x = np.empty((T, F, B), dtype) if input_gradient and not constant else None

    d_h[...] = 0 if d_h_last is None else d_h_last
    scratch.d_c_prev[...] = 0 if d_c_last is None else d_c_last
    weight_gradient.clear()
    for stop in range(T, 0, -len(slots)):
        start = max(0, stop - len(slots))
        for t in reversed(range(start, stop)):
            d_gates, d_z_cut = slots[t - start]
            if d_outputs is not None:
                np.add(d_h, d_outputs[t], out=d_h)
            cell_backward(buffers.steps[t][2], d_h, scratch, d_gates)  # undoes (4), (3) and (2)
            product(W_T, d_z_cut, d_joined_cut)  # undoes (1), through h_{t-1} and x_t
            if constant:
                np.add(d_z_sum, d_z[t - start], out=d_z_sum)
            elif d_x is not None:
                d_x[t] = d_x_t
        weight_gradient.add(d_z[: stop - start], buffers.joined[start:stop])  # undoes (1), through weights

    d_W, d_z_sum = from_cell_order(weight_gradient.total()), from_cell_order(d_z_sum)  # (4H, K), (4H, B)
    if constant:
        d_W_x = products_over_columns(d_z_sum, buffers.constant_x, pieces)
        weights = LstmParams(d_W_x, d_W, sum_of_columns(d_z_sum, pieces))
        d_constant_x = np.empty((F, B), dtype)
        np.matmul(params.W_x.T, cut(d_z_sum, B // pieces), out=cut(d_constant_x, B // pieces))
        return LstmGradients(weights, d_constant_x, d_h.copy(), scratch.d_c_prev.copy())
    weights = LstmParams(d_W[:, H:-1], d_W[:, :H], d_W[:, -1])
    return LstmGradients(weights, d_x, d_h.copy(), scratch.d_c_prev.copy())
