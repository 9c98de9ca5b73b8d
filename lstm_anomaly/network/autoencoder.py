"""The LSTM autoencoder: squeeze a window into one code, unroll the code again, compare with the window.

    x (T, F, B) -> encoder LSTM -> its last hidden state, the code (H, B)
                -> the code, repeated at every step -> decoder LSTM -> W h_t + b -> x^ (T, F, B)
    loss = mean of (x^ - x)^2

The decoder goes backward in time: its first step restores the last row, its last step the first. What the
encoder read last is what the code holds best, so that learning begins with short ways from a row to its
restoration (Malhotra et al. 2016), and restoring only the last row takes one step. The code is the input
of every decoder step, as in Srivastava et al. 2015.
Encoder and decoder have the same number of layers; a layer above the first reads the outputs of the one
below. The parameters are one flat dict from name to array, so that saving, clipping and Adam need to
know nothing of the architecture.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.network.fast_lstm import LayerShape, LstmBuffers, lstm_backward, lstm_forward
from lstm_anomaly.network.lstm import LstmParams, init_lstm, lstm_shapes
from lstm_anomaly.network.products import tiles
from lstm_anomaly.network.weight_gradient import in_order, sum_of_columns

Array = NDArray[Any]
Params = dict[str, Array]


@dataclass(frozen=True)
class Architecture:
    """Numbers of sensors F, hidden units H, and layers of the encoder (and of the decoder)."""

    sensors: int
    hidden: int
    layers: int


def init_autoencoder(
    rng: np.random.Generator, sensors: int, hidden: int, layers: int = 1, dtype: Any = np.float32
) -> Params:
    """Fresh parameters of an autoencoder; see `parameter_shapes` for their names and shapes."""
    params: Params = {}
    for stack, first_inputs in (("encoder", sensors), ("decoder", hidden)):
        for layer in range(layers):
            lstm = init_lstm(rng, first_inputs if layer == 0 else hidden, hidden, dtype)
            params |= lstm.named(f"{stack}.{layer}")
    limit = np.sqrt(6 / (hidden + sensors))  # Glorot & Bengio 2010
    params["output.W"] = rng.uniform(-limit, limit, (sensors, hidden)).astype(dtype)
    params["output.b"] = np.zeros(sensors, dtype)
    return params


def parameter_shapes(sensors: int, hidden: int, layers: int) -> dict[str, tuple[int, ...]]:
    """Name and shape of every parameter, in order."""
    shapes: dict[str, tuple[int, ...]] = {}
    for stack, first_inputs in (("encoder", sensors), ("decoder", hidden)):
        for layer in range(layers):
            inputs = first_inputs if layer == 0 else hidden
            shapes |= lstm_shapes(inputs, hidden, f"{stack}.{layer}")
    shapes["output.W"] = (sensors, hidden)
    shapes["output.b"] = (sensors,)
    return shapes


def architecture(params: Params) -> Architecture:
    """The sizes of the autoencoder that these parameters belong to."""
    sensors, hidden = params["output.W"].shape
    layers = sum(name.startswith("encoder.") and name.endswith(".b") for name in params)
    return Architecture(sensors, hidden, layers)


def layer_params(params: Params, stack: str, layer: int) -> LstmParams:
    """The weights of one LSTM layer; `stack` is "encoder" or "decoder"."""
    return LstmParams.of(params, f"{stack}.{layer}")


class Workspace:
    """All arrays that forward and backward need for windows of T steps, B at a time; made once.

    The columns are worked on as `pieces` of equal width, see weight_gradient.py.
    """

    def __init__(self, params: Params, steps: int, batch: int, pieces: int = 1) -> None:
        sizes = architecture(params)
        F, H, T, B = sizes.sensors, sizes.hidden, steps, batch
        dtype = params["output.W"].dtype
        self.pieces, self.width = pieces, B // pieces
        self.encoder = [
            LstmBuffers(LayerShape(F if layer == 0 else H, H, T, B), dtype, pieces=pieces)
            for layer in range(sizes.layers)
        ]
        self.decoder = [
            LstmBuffers(LayerShape(H, H, T, B), dtype, pieces=pieces, constant_input=layer == 0)
            for layer in range(sizes.layers)
        ]
        self.d_decoded = np.empty((T, H, B), dtype)
        self.reconstruction = np.empty((T, F, B), dtype)
        self.error = np.empty((T, F, B), dtype)


def reconstruct(params: Params, x: Array, workspace: Workspace) -> Array:
    """The windows x (T, F, B) as the autoencoder restores them, (T, F, B), a view of the workspace."""
    sequence = x
    for layer, buffers in enumerate(workspace.encoder):
        sequence, code, _ = lstm_forward(layer_params(params, "encoder", layer), sequence, buffers)
    sequence = code  # (H, B), the same at every step
    for layer, buffers in enumerate(workspace.decoder):
        sequence, _, _ = lstm_forward(layer_params(params, "decoder", layer), sequence, buffers)
    output, width = workspace.reconstruction, workspace.width  # (T, F, B)
    np.matmul(params["output.W"], tiles(sequence, width), out=tiles(output, width))  # one product a step
    output += params["output.b"][:, None]
    return output[::-1]  # the decoder went backward in time


def loss_and_gradients(params: Params, x: Array, workspace: Workspace) -> tuple[float, Params]:
    """Mean squared reconstruction error of the windows x (T, F, B), and its gradient by parameter name."""
    error = np.subtract(reconstruct(params, x, workspace), x, out=workspace.error)  # (T, F, B)
    loss = mean_square(error, workspace)
    error *= 2 / error.size  # undoes loss = mean(error^2); from here on this is d_output

    # undoes output = W h + b
    d_output, decoded = tiles(error[::-1], workspace.width), workspace.decoder[-1].outputs  # (T, P, F, B / P)
    d_W = np.matmul(d_output, tiles(decoded, workspace.width).swapaxes(2, 3))  # (T, P, F, H)
    gradients = {
        "output.W": in_order(d_W.sum(axis=0)),
        "output.b": sum_of_columns(error.sum(axis=0), workspace.pieces),
    }
    W_T = np.ascontiguousarray(params["output.W"].T)  # (H, F)
    np.matmul(W_T, d_output, out=tiles(workspace.d_decoded, workspace.width))
    d_sequence: Array | None = workspace.d_decoded  # (T, H, B)
    for layer in reversed(range(len(workspace.decoder))):
        lstm = lstm_backward(layer_params(params, "decoder", layer), workspace.decoder[layer], d_sequence)
        gradients |= lstm.params.named(f"decoder.{layer}")
        d_sequence = lstm.d_x
    d_code, d_sequence = d_sequence, None  # (H, B): undoes the repetition, and only h_T was read
    for layer in reversed(range(len(workspace.encoder))):
        lstm = lstm_backward(
            layer_params(params, "encoder", layer),
            workspace.encoder[layer],
            d_sequence,
            d_code,
            input_gradient=layer > 0,
        )
        gradients |= lstm.params.named(f"encoder.{layer}")
        d_sequence, d_code = lstm.d_x, None
    return loss, {name: gradients[name] for name in params}


def mean_square(error: Array, workspace: Workspace) -> float:
    """Mean square of error (T, F, B), by the pieces' means. Overwrites the workspace's reconstruction."""
    squares = np.square(error, out=workspace.reconstruction)  # (T, F, B)
    by_column = squares.reshape(-1, error.shape[2]).sum(axis=0)  # (B,)
    pieces, size = workspace.pieces, error.size // workspace.pieces
    return sum(float(part.sum(dtype=np.float64)) / size / pieces for part in np.split(by_column, pieces))
